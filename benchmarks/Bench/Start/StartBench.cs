using System.CommandLine;
using System.Globalization;
using Fulfillment.Surge;

namespace Fulfillment.Bench.Start;

/// <summary>
/// <c>bench start</c>: how long a new Picking replica takes from its start to the first release planned, compiled ahead
/// of time and just in time, and what it then has in memory. Alternating rounds, medians.
/// </summary>
internal static class StartBench
{
    private static readonly Option<int> Rounds = new("--rounds")
    {
        Description = "Starts of each form; the median counts",
        DefaultValueFactory = _ => 11,
    };

    private static readonly Option<bool> Quick = new("--quick") { Description = "1 start of each: does it work?" };

    private static readonly Option<FileInfo?> Aot = Program("--aot", "compiled ahead of time, as it is deployed");
    private static readonly Option<FileInfo?> Jit = Program("--jit", "compiled just in time");
    private static readonly Option<FileInfo?> ReadyToRun = Program("--ready-to-run", "ready to run");

    private static readonly Option<FileInfo?> Orders = new("--orders") { Description = "This executable of Orders" };
    private static readonly Option<FileInfo?> Json = new("--json")
    {
        Description = "Write rows and ratios to this file",
    };

    internal static Command Create()
    {
        Rounds.Bounded(1, 101);
        var command = new Command("start", "A new Picking replica, from its start to the first release planned")
        {
            Rounds, Quick, Aot, Jit, ReadyToRun, Orders, Json,
        };
        command.SetAction((parsed, cancellation) => ExitCodes.GuardAsync(
            () => RunAsync(parsed, TimeProvider.System, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, TimeProvider clock, CancellationToken cancellation)
    {
        const string picking = "Fulfillment.Picking";
        var quick = parsed.GetValue(Quick);
        var orders = parsed.GetValue(Orders)?.FullName
            ?? await Programs.PublishAsync("Fulfillment.Orders", cancellation);
        List<StartForm> forms =
        [
            new(StartForm.Aot, parsed.GetValue(Aot)?.FullName ?? await Programs.PublishAsync(picking, cancellation)),
            new(StartForm.Jit, parsed.GetValue(Jit)?.FullName
                ?? await Programs.PublishJitAsync(picking, readyToRun: false, cancellation)),
            new(StartForm.ReadyToRun, parsed.GetValue(ReadyToRun)?.FullName
                ?? await Programs.PublishJitAsync(picking, readyToRun: true, cancellation)),
        ];
        await using var bed = await TestBed.StartAsync(clock, cancellation);
        var starts = await StartRounds.PrepareAsync(bed, orders, forms, clock, cancellation);
        // Not counted: the files come from the disk.
        for (var round = quick ? 1 : 0; round <= (quick ? 1 : parsed.GetValue(Rounds)); round++)
        {
            foreach (var form in forms)
            {
                var seen = await starts.StartOnceAsync(form, cancellation);
                if (round > 0) form.Seen.Add(seen);
                await Console.Out.WriteLineAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"round {round} {form.Name,-14} {seen.Milliseconds,7:0.0} ms, CPU {seen.CpuSeconds * 1000:0} ms,"
                    + $" resident {seen.ResidentMb:0.0} MB (peak {seen.PeakMb:0.0}), {seen.LaterMb:0.0} MB later,"
                    + $" others {seen.OthersShare:0%}"));
            }
        }

        var faults = await starts.FaultsAsync(cancellation);
        var (aot, jit, ready) = (forms[0], forms[1], forms[2]);
        var ratios = new Dictionary<string, Ratio>
        {
            ["jitOverAot"] = Ratio.Of(jit.MedianMs, aot.MedianMs),
            ["readyToRunOverAot"] = Ratio.Of(ready.MedianMs, aot.MedianMs),
            ["jitResidentOverAot"] = Ratio.Of(jit.ResidentMb, aot.ResidentMb),
            ["aotResidentMb"] = Math.Round(aot.ResidentMb, 1),
            ["aotPeakMb"] = Math.Round(aot.PeakMb, 1),
            ["aotLaterMb"] = Math.Round(aot.LaterMb, 1),
            ["jitResidentMb"] = Math.Round(jit.ResidentMb, 1),
            ["readyToRunResidentMb"] = Math.Round(ready.ResidentMb, 1),
            ["checkedStarts"] = starts.Count,
        };
        var seconds = forms.Sum(form => form.Seen.Sum(seen => seen.Milliseconds)) / 1000;
        await new BenchResult("start", BenchResult.ThisMachine(), seconds, [.. forms.Select(form => form.Row)], ratios)
            .TellAsync(parsed.GetValue(Json), cancellation);
        foreach (var fault in faults) await Console.Error.WriteLineAsync($"BROKEN {fault}");
        return faults.Count == 0 ? 0 : ExitCodes.Broken;
    }

    private static Option<FileInfo?> Program(string name, string form) => new(name)
    {
        Description = $"This executable of Picking as the one {form}; without it, it is published",
    };
}

/// <summary>One way to compile Picking, and how its starts went.</summary>
internal sealed record StartForm(string Name, string Executable)
{
    internal const string Aot = "ahead of time";
    internal const string Jit = "just in time";
    internal const string ReadyToRun = "ready to run";

    internal List<StartSeen> Seen { get; } = [];

    internal double MedianMs => Median(seen => seen.Milliseconds);
    internal double ResidentMb => Median(seen => seen.ResidentMb);
    internal double PeakMb => Median(seen => seen.PeakMb);
    internal double LaterMb => Median(seen => seen.LaterMb);

    /// <summary>Per second: one start after the other. The p99 of so few is the worst of them.</summary>
    internal BenchRow Row => new(
        Name, "first plan", MedianMs > 0 ? 1000 / MedianMs : null, MedianMs, Seen.Max(seen => seen.Milliseconds),
        Median(seen => seen.CpuSeconds) * 1000);

    private double Median(Func<StartSeen, double> of) => BenchResult.Median(Seen.Select(of)) ?? 0;
}

/// <summary>One start. Resident: when the first release was planned, its peak until then, and later.</summary>
internal sealed record StartSeen(
    double Milliseconds, double CpuSeconds, double ResidentMb, double PeakMb, double LaterMb, double OthersShare);
