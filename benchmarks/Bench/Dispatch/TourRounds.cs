using Fulfillment.Bench.Intake;
using Fulfillment.Contracts;
using HdrHistogram;
using StackExchange.Redis;

namespace Fulfillment.Bench.Dispatch;

/// <summary>
/// From the POST to a committed tour, with one Orders and one Picking replica as they are shipped (a pool waits 500 ms
/// for more). First the highest rate is looked for: orders come in an open loop, faster each time, and as long as
/// the plans of a window keep up with its orders the rate is sustained. Then the rounds at half of it.
/// </summary>
internal sealed class TourRounds(
    TestBed bed, Shop shop, DispatchSettings settings, bool optimized, TimeProvider clock)
{
    // Enough that a stalled answer does not hold up those behind it.
    private const int Connections = 128;
    private const double FirstRate = 250;
    private const double Faster = 1.5;
    private const int RefinementsMax = 2;
    private const int SlowerMax = 3;
    private const double KeepsUp = 0.95;

    // What is behind at the end of a sustained window: not more than comes in this time.
    private static readonly TimeSpan BehindMax = TimeSpan.FromSeconds(2);

    private readonly string _database = $"toured_{DispatchBench.NameOf(optimized)}";
    private int _runs;

    private sealed record Run(
        double PerSecond, double BehindSeconds, LongHistogram Micros, double CpuPerThousand, double OthersShare,
        List<string> Faults);

    internal async Task RunAsync(
        List<BenchRow> rows, Dictionary<string, Ratio> ratios, List<string> faults, CancellationToken cancellation)
    {
        await shop.CopyToAsync(_database, cancellation);
        await ForgetStreamAsync(cancellation);
        await using var stage = await TourStage.OpenAsync(bed, settings, _database, optimized, cancellation);
        // Not counted: what is compiled or connected at the first order.
        faults.AddRange((await RunOnceAsync(stage, FirstRate, settings.WarmUp, cancellation)).Faults);
        var (most, max) = await FindMaxAsync(stage, faults, cancellation);
        var name = DispatchBench.NameOf(optimized);
        var half = new List<Run>();
        for (var round = 1; round <= settings.Rounds; round++)
        {
            var run = await RunOnceAsync(stage, most / 2, settings.Window, cancellation);
            faults.AddRange(run.Faults);
            half.Add(run);
            await SayAsync($"half {round}", most / 2, run);
        }

        rows.Add(Row($"POST to tour, most, {name}", [max]));
        rows.Add(Row($"POST to tour, half, {name}", half));
        ratios[$"{name}HalfP99OverGoal"] = Ratio.Of(
            BenchResult.Median(half.Select(run => Ms(run, 99))), 1_000);
        ratios[$"{name}WorstP99Ms"] = Math.Round(half.Max(run => Ms(run, 99)), 1);
    }

    /// <summary>
    /// The highest rate that was sustained, within a tenth: faster each time, and then the steps between. Where not
    /// even the first is sustained, slower ones, and the last of those as it is.
    /// </summary>
    private async Task<(double Rate, Run Run)> FindMaxAsync(
        TourStage stage, List<string> faults, CancellationToken cancellation)
    {
        (double Rate, Run Run)? best = null;
        var (rate, step, refinements, slower) = (FirstRate, Faster, 0, 0);
        while (true)
        {
            var run = await RunOnceAsync(stage, rate, settings.Window / 2, cancellation);
            faults.AddRange(run.Faults);
            await SayAsync("most", rate, run);
            if (run.PerSecond >= KeepsUp * rate && run.BehindSeconds <= BehindMax.TotalSeconds)
            {
                best = (rate, run);
                if (slower > 0) return best.Value;
            }
            else if (best is null)
            {
                if (++slower > SlowerMax) return (rate, run);
                rate /= 2;
                continue;
            }
            else if (refinements++ == RefinementsMax)
            {
                return best.Value;
            }

            if (refinements > 0) step = Math.Sqrt(step);
            rate = best.Value.Rate * step;
        }
    }

    private async Task<Run> RunOnceAsync(
        TourStage stage, double rate, TimeSpan window, CancellationToken cancellation)
    {
        var prefix = $"t{++_runs}-";
        var address = new Uri(stage.Orders.Url!);
        var requests = new OrderRequests(
            shop.Keys, address.Authority, OrderRequests.Uniform, prefix, seed: (ulong)_runs);
        await using var tail = await PlanTail.BeginAsync(bed.Database(PickingSide.DatabaseName), clock, cancellation);
        using var load = new HttpLoad(address, Connections, requests.Write, clock);
        var figures = await Task.Factory.StartNew(
            () => load.Run(settings.WarmUp, window, rate, cancellation), cancellation,
            TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await stage.Picking.UntilPlannedAsync(_database, clock, cancellation);
        var seen = await tail.EndAsync((int)figures.Count(201), cancellation);
        var run = await JoinAsync(figures, seen, rate, prefix, window, cancellation);
        var others = figures.Others(201);
        if (others > 0) run.Faults.Add($"{others} answers were no 201, one of them: {figures.Oddity}");
        run.Faults.AddRange(await shop.FaultsAsync(_database, prefix, figures.Count(201), cancellation));
        run.Faults.AddRange(await stage.Picking.FaultsAsync(_database, cancellation));
        await stage.ResetAsync(shop, _database, cancellation);
        return run;
    }

    /// <summary>
    /// Latency of each order that was due in the window: from when it was due to when its tour was seen committed.
    /// </summary>
    private async Task<Run> JoinAsync(
        LoadFigures figures, Dictionary<Guid, long> seen, double rate, string prefix, TimeSpan window,
        CancellationToken cancellation)
    {
        var faults = new List<string>();
        var micros = new LongHistogram(1, 600_000_000, 3);
        var gap = clock.TimestampFrequency / rate;
        var from = figures.Begun + settings.WarmUp.TotalSeconds * clock.TimestampFrequency;
        var until = from + window.TotalSeconds * clock.TimestampFrequency;
        var (plannedInWindow, open) = (0L, 0L);
        foreach (var (number, orderId) in await TourStage.OrdersAsync(bed.Database(_database), prefix, cancellation))
        {
            var due = figures.Begun + (number - 1) * gap;
            if (!seen.TryGetValue(orderId, out var planned))
            {
                faults.Add($"order {orderId} is acknowledged, and no tour of it was seen");
                continue;
            }

            if (planned >= from && planned < until) plannedInWindow++;
            if (due < until && planned >= until) open++;
            if (due < from || due >= until) continue;
            micros.RecordValue(
                Math.Clamp((long)((planned - due) * 1e6 / clock.TimestampFrequency), 1, 600_000_000));
        }

        return new Run(
            plannedInWindow / window.TotalSeconds, open / rate, micros,
            figures.Cpu.Own * 1000 / Math.Max(1, plannedInWindow),
            figures.Cpu.Others / (window.TotalSeconds * Environment.ProcessorCount), faults);

    }

    private async Task ForgetStreamAsync(CancellationToken cancellation)
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync(bed.Redis).WaitAsync(cancellation);
        await redis.GetDatabase().KeyDeleteAsync(
            [StreamNames.Orders(Shop.Warehouse), StreamNames.Epoch(Shop.Warehouse)]);
    }

    private Task SayAsync(string what, double rate, Run run) => DispatchBench.SayAsync(
        $"{DispatchBench.NameOf(optimized)}, {what}: {rate:0}/s offered, {run.PerSecond:0}/s planned, ",
        $"{run.BehindSeconds:0.0} s behind, POST to tour p50 {Ms(run, 50):0} p99 {Ms(run, 99):0} ms, ",
        $"others {run.OthersShare:0.0%}");

    private static double Ms(Run run, double percentile) =>
        run.Micros.TotalCount == 0 ? 0 : run.Micros.GetValueAtPercentile(percentile) / 1000.0;

    private static BenchRow Row(string name, IReadOnlyList<Run> runs) => new(
        name, "one replica", BenchResult.Median(runs.Select(run => run.PerSecond)),
        BenchResult.Median(runs.Select(run => Ms(run, 50))), BenchResult.Median(runs.Select(run => Ms(run, 99))),
        BenchResult.Median(runs.Select(run => run.CpuPerThousand)));
}
