using System.Globalization;

namespace Fulfillment.Bench.Intake;

/// <summary>The rounds: everyone in turn, each run on a fresh state and checked at its end.</summary>
internal sealed class Contest(Shop shop, Field field, IntakeSettings settings, CancellationToken cancellation)
{
    private readonly Dictionary<(Contender Who, string Case), List<IntakeRun>> _runs = [];
    private int _prefix;

    /// <summary>Broken invariants and lost orders; a benchmark with any of them has failed.</summary>
    internal List<string> Faults { get; } = [];

    /// <summary>Every contender finds its best setting, which also warms it up.</summary>
    internal async Task TuneAsync()
    {
        foreach (var @case in settings.Cases)
        {
            foreach (var contender in field.All)
            {
                await contender.TuneAsync(
                    @case, who => RunAsync(who, @case, settings.WarmUp, settings.Trial, check: false));
                await RunAsync(contender, @case, settings.WarmUp, settings.Trial, check: true);
                await SayAsync($"warm   {contender.Name,-32} {@case,-8} {contender.Setting(@case)}");
            }
        }
    }

    internal async Task RoundAsync(int round)
    {
        foreach (var @case in settings.Cases)
        {
            foreach (var contender in field.All)
            {
                var run = await RunAsync(contender, @case, settings.WarmUp, settings.Window, check: true);
                var kept = run.OthersShare <= settings.OthersShareMax;
                if (!_runs.TryGetValue((contender, @case), out var runs)) _runs[(contender, @case)] = runs = [];
                if (kept) runs.Add(run);
                await SayAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"round {round} {contender.Name,-32} {@case,-8} {run.PerSecond,8:0}/s p50 {run.P50Ms:0.00} p99 "
                    + $"{run.P99Ms:0.00} ms, others {run.OthersShare:0.0%}{(kept ? "" : " DROPPED")}{Remark(run)}"));
            }
        }
    }

    /// <summary>One run on a fresh state; nobody else runs meanwhile.</summary>
    internal Task<IntakeRun> RunAsync(Contender who, string @case, TimeSpan warmUp, TimeSpan window, bool check) =>
        RunAsync(who, check, prefix => who.RunAsync(@case, prefix, warmUp, window, cancellation));

    internal async Task<IntakeRun> RunAsync(Contender who, bool check, Func<string, Task<IntakeRun>> run)
    {
        who.Resume();
        await shop.ResetAsync(who.Database, cancellation);
        var prefix = string.Create(CultureInfo.InvariantCulture, $"run{++_prefix:D4}-");
        var outcome = await run(prefix);
        who.Pause();
        if (!check) return outcome;
        foreach (var fault in await shop.FaultsAsync(who.Database, prefix, outcome.Acknowledged, cancellation))
            Faults.Add($"{who.Name}, {prefix}: {fault}");
        return outcome;
    }

    /// <summary>The best of ours at its numbers of connections, by median.</summary>
    internal (HttpContender Who, double? PerSecond) BestOfOurs(string @case) =>
        field.Ours.Select(who => (who, Median(who, @case, run => run.PerSecond))).MaxBy(found => found.Item2);

    internal BenchResult Result()
    {
        var rows = new List<BenchRow>();
        foreach (var (who, @case) in settings.Cases.SelectMany(each => field.All.Select(who => (who, each))))
        {
            var setting = who.Setting(@case);
            rows.Add(new BenchRow(
                field.Ours.Contains(who) || setting.Length == 0 ? who.Name : $"{who.Name} ({setting})", @case,
                Median(who, @case, run => run.PerSecond), Median(who, @case, run => run.P50Ms),
                Median(who, @case, run => run.P99Ms), Median(who, @case, run => run.CpuSecondsPerThousand)));
        }

        return new BenchResult("intake", BenchResult.ThisMachine(), settings.Window.TotalSeconds, rows, Ratios());
    }

    private Dictionary<string, Ratio> Ratios()
    {
        var ratios = new Dictionary<string, Ratio>();
        (string Ratio, string Peer)[] peers =
        [
            ("Pgbench", Field.PgbenchSeparate), ("PgbenchOneStatement", Field.PgbenchOne), ("Ef", Field.Ef),
            ("Wolverine", Field.Wolverine),
        ];
        foreach (var (ratio, name) in peers)
        {
            if (field.Peers.FirstOrDefault(peer => peer.Name == name) is not { } peer) continue;
            foreach (var @case in settings.Cases)
            {
                ratios[$"{@case}Over{ratio}"] = Over(
                    BestOfOurs(@case).PerSecond, Median(peer, @case, run => run.PerSecond), peer);
            }
        }

        if (field.Peers.FirstOrDefault(peer => peer.Name == Field.PgbenchOne) is { } one)
        {
            var @case = settings.Cases[0];
            ratios["cpuOverPgbenchOneStatement"] = Over(
                Median(BestOfOurs(@case).Who, @case, run => run.CpuSecondsPerThousand),
                Median(one, @case, run => run.CpuSecondsPerThousand), one);
        }

        return ratios;
    }

    private Ratio Over(double? ours, double? theirs, Contender peer) => Ratio.Of(
        ours, theirs,
        string.Create(
            CultureInfo.InvariantCulture,
            $"every round of {(ours is null ? "ours" : peer.Name)} was dropped: others used more than "
            + $"{settings.OthersShareMax:0.#%} of the machine"));

    private double? Median(Contender who, string @case, Func<IntakeRun, double> value) =>
        BenchResult.Median(_runs.GetValueOrDefault((who, @case), []).Select(value));

    private static string Remark(IntakeRun run) => run.Oddity is null ? "" : $"; {run.Oddity}";

    internal static Task SayAsync(string line) => Console.Out.WriteLineAsync(line);
}
