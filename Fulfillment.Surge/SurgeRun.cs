using System.Globalization;
using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Floor;
using Fulfillment.Surge.Invariants;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Report;
using Fulfillment.Surge.Wire;
using Npgsql;
using Spectre.Console;

namespace Fulfillment.Surge;

/// <summary>One run from an empty system to its report.</summary>
internal static class SurgeRun
{
    /// <summary>0 when every invariant held, 1 when one broke.</summary>
    internal static async Task<int> RunAsync(RunOptions options, TimeProvider clock, CancellationToken cancellation)
    {
        var workload = options.Profile == "replay"
            ? ReplayProfile.Build(options.Orders, options.Rate, options.Seed)
            : HolidayProfile.Build(options.Orders, options.Rate, options.Seed);
        AnsiConsole.MarkupInterpolated(
            $"{options.Profile}: {workload.Orders.Count:N0} orders, {workload.Lines:N0} lines, ");
        AnsiConsole.MarkupLineInterpolated(
            $"{workload.Clients.Count} clients, {options.Rate} orders/s, seed {options.Seed}");

        await using var system = await EmbeddedSystem.StartAsync(
            options.System, clock, what => AnsiConsole.MarkupLineInterpolated($"[grey]starting {what}[/]"),
            cancellation);
        AnsiConsole.MarkupLineInterpolated($"[grey]logs in {system.Folder}[/]");
        var report = await MeasureAsync(options, workload, system, clock, cancellation);
        Summary.Write(report);
        if (options.Report is { } file)
        {
            await File.WriteAllTextAsync(file, report.ToJson(), cancellation);
            await File.WriteAllTextAsync(Path.ChangeExtension(file, ".html"), HtmlReport.Render(report), cancellation);
        }

        return report.Invariants.Broken == 0 ? 0 : ExitCodes.Broken;
    }

    private static async Task<SurgeReport> MeasureAsync(
        RunOptions options, Workload workload, EmbeddedSystem system, TimeProvider clock,
        CancellationToken cancellation)
    {
        await using var ordersDb = NpgsqlDataSource.Create(system.OrdersDb);
        await using var pickingDb = NpgsqlDataSource.Create(system.PickingDb);
        using var orders = new ServiceApi(system.Orders.Select(child => child.Url!));
        using var picking = new ServiceApi(system.Picking.Select(child => child.Url!));
        await FreshStart.RequireAsync(ordersDb, cancellation);
        AnsiConsole.MarkupLine("[grey]receiving stock[/]");
        var keys = await Stocking.StockAsync(
            new(system.Keys.Operator, system.WarehouseId), orders, picking, workload, options.StockShortPercent,
            options.Seed, cancellation);

        var acknowledged = new Acknowledgements();
        var load = new OpenLoop(orders, keys, acknowledged, clock);
        var floor = new SimulatedFloor(picking, system.Keys.Floor, new PickingTimes(options.Speedup), clock);
        var begun = clock.GetTimestamp();
        using var shift = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var working = floor.RunAsync(options.Pickers, shift.Token);
        var watching = LiveProgress.ShowAsync(ordersDb, acknowledged, workload.Orders.Count, clock, shift.Token);
        await load.RunAsync(workload, options.Seed, cancellation);
        var quiet = await Quiescence.WaitAsync(ordersDb, clock, cancellation);
        var seconds = clock.GetElapsedTime(begun).TotalSeconds;
        await shift.CancelAsync();
        await Task.WhenAll(working, watching);

        var findings = await Patience.ReadAsync(
            token => InvariantCheck.RunAsync(ordersDb, pickingDb, acknowledged, token), clock, cancellation);
        var figures = new RunFigures(ordersDb, pickingDb, acknowledged);
        var (counts, latencies, metres) = await Patience.ReadAsync(
            token => figures.ReadAsync(load.AcceptMicros, token), clock, cancellation);
        return new SurgeReport
        {
            Seed = options.Seed,
            Profile = options.Profile,
            Seconds = seconds,
            Orders = counts,
            LatencyMs = latencies,
            Metres = metres,
            Invariants = InvariantCheck.ToReport(findings),
            Settings = Settings(options, workload),
            Verdict = Verdict(quiet, acknowledged, floor, system),
        };
    }

    private static Dictionary<string, string> Settings(RunOptions options, Workload workload)
    {
        var settings = new Dictionary<string, object>
        {
            ["orders"] = workload.Orders.Count,
            ["lines"] = workload.Lines,
            ["clients"] = workload.Clients.Count,
            ["ratePerSecond"] = options.Rate,
            ["speedup"] = options.Speedup,
            ["pickers"] = options.Pickers,
            ["stockShortPercent"] = options.StockShortPercent,
            ["ordersReplicas"] = options.System.OrdersReplicas,
            ["pickingReplicas"] = options.System.PickingReplicas,
            ["repeatOneIn"] = OpenLoop.RepeatOneIn,
            ["cores"] = Environment.ProcessorCount,
        };
        return settings.ToDictionary(
            entry => entry.Key, entry => Convert.ToString(entry.Value, CultureInfo.InvariantCulture)!);
    }

    private static List<string> Verdict(
        bool quiet, Acknowledgements acknowledged, SimulatedFloor floor, EmbeddedSystem system)
    {
        var words = new List<string>();
        if (!quiet)
            words.Add($"Releases were still open and nothing moved for {Quiescence.StandstillMax.TotalSeconds} s.");
        words.AddRange(Complaints.Of(acknowledged, floor, system.Children));
        return words;
    }
}
