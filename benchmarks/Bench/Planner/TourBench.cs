using System.Globalization;
using Fulfillment.Planning;
using Fulfillment.Planning.Routing;

namespace Fulfillment.Bench.Planner;

/// <summary>How long one exact tour takes over 10 aisles with 1, 2 and 3 blocks, and what it allocates.</summary>
internal static class TourBench
{
    private const int Tours = 512;
    private const int PicksPerTour = 30;
    private const int Repeats = 9;

    private static readonly double[] WantedUs = [0.3, 20, 250];

    internal static void Run(TextWriter text)
    {
        text.WriteLine("exact tour, 10 aisles, 30 picks    us a tour (best of 9)   wanted    bytes allocated");
        for (var blocks = 1; blocks <= WantedUs.Length; blocks++)
        {
            var (us, bytes) = Measure(blocks);
            text.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{blocks} block{(blocks == 1 ? " " : "s")} {us,39:0.000}   <= {WantedUs[blocks - 1],-6} {bytes,8}"
                + $"  {(us <= WantedUs[blocks - 1] && bytes == 0 ? "met" : "MISSED")}"));
        }
    }

    private static (double Us, long Bytes) Measure(int blocks)
    {
        var layout = ((LayoutOutcome.Laid)WarehouseLayout.From(new LayoutDefinition
        {
            Aisles = 10,
            Blocks = [.. Enumerable.Range(0, blocks).Select(_ => new BlockDefinition { Bays = 45 / blocks })],
        })).Layout;
        var floor = new Planning.Routing.Floor(layout);
        var random = new Random(83);
        var masks = new ulong[Tours][];
        for (var t = 0; t < Tours; t++)
        {
            masks[t] = new ulong[floor.MaskWords];
            for (var p = 0; p < PicksPerTour; p++)
                floor.Mark(new Location(random.Next(layout.Aisles), random.Next(layout.Bays)), masks[t]);
        }

        var tour = TourCost.For(floor);
        var clock = TimeProvider.System;
        var rounds = blocks == 1 ? 400 : blocks == 2 ? 20 : 2;
        var (best, sum) = (double.MaxValue, 0L);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Repeats; i++)
        {
            if (i == 1) allocated = GC.GetAllocatedBytesForCurrentThread();
            var start = clock.GetTimestamp();
            for (var r = 0; r < rounds; r++)
            {
                foreach (var mask in masks) sum += tour.Of(mask);
            }

            best = Math.Min(best, clock.GetElapsedTime(start).TotalMicroseconds / rounds / Tours);
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        return (sum > 0 ? best : double.NaN, allocated);
    }
}
