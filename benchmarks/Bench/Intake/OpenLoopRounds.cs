using System.Globalization;

namespace Fulfillment.Bench.Intake;

/// <summary>
/// Orders that come at 70 % of the peak whether or not the last ones are answered: a closed loop stops asking while the
/// service stalls, and so hides the stall.
/// </summary>
internal static class OpenLoopRounds
{
    private const double ShareOfPeak = 0.7;

    internal static async Task<IReadOnlyList<BenchRow>> RunAsync(
        TestBed bed, Shop shop, Field field, Contest contest, IntakeSettings settings, TimeProvider clock,
        CancellationToken cancellation)
    {
        const string @case = OrderRequests.Uniform;
        var (_, peak) = contest.BestOfOurs(@case);
        var runs = new List<(IntakeRun Run, TimeSpan Fsync)>();
        if (peak is null or 0) return Rows();
        var rate = peak.Value * ShareOfPeak;
        // Enough of them that a stalled request does not hold up those behind it.
        var who = new HttpContender(
            "ours, open loop", field.Ours[0].Database, shop.Keys, [settings.Connections.Max()], field.Ours[0].Forms,
            clock);
        for (var round = 1; round <= settings.Rounds; round++)
        {
            await using var probe = new FsyncProbe(bed.Folder, clock);
            var run = await contest.RunAsync(who, check: true, prefix => who.RunAsync(
                @case, prefix, settings.WarmUp, settings.Window, rate, cancellation));
            var kept = run.OthersShare <= settings.OthersShareMax;
            await Contest.SayAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"open  {round} {rate:0}/s offered, {run.PerSecond:0}/s accepted,"
                + $" p50 {run.P50Ms:0.00} p99 {run.P99Ms:0.00} ms,"
                + $" longest fsync {probe.Longest.TotalMilliseconds:0.0} ms,"
                + $" client's longest pause {run.LongestPause.TotalMilliseconds:0.0} ms, others {run.OthersShare:0.0%}"
                + $"{(kept ? "" : " DROPPED")}"));
            if (kept) runs.Add((run, probe.Longest));
        }

        if (runs.Count == 0) return Rows();
        await Contest.SayAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"open loop at {rate:0}/s: accept p99"
            + $" {BenchResult.Median(runs.Select(run => run.Run.P99Ms)):0.0} ms in the median"
            + $" round, {runs.Max(run => run.Run.P99Ms):0.0} ms in the worst; longest fsync"
            + $" {runs.Max(run => run.Fsync).TotalMilliseconds:0.0} ms"));
        return Rows();

        // Of nothing, where every round was dropped.
        BenchRow[] Rows() =>
        [
            Row("ours, open loop at 70 %", BenchResult.Median),
            Row("ours, open loop, worst round", values => values.Max(value => (double?)value)),
        ];

        BenchRow Row(string name, Func<IEnumerable<double>, double?> of) => new(
            name, @case, of(runs.Select(run => run.Run.PerSecond)), of(runs.Select(run => run.Run.P50Ms)),
            of(runs.Select(run => run.Run.P99Ms)), of(runs.Select(run => run.Run.CpuSecondsPerThousand)));
    }
}
