using System.Globalization;
using Fulfillment.Hosting;
using Fulfillment.Surge.Floor;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Report;
using Fulfillment.Surge.Wire;
using Spectre.Console;

namespace Fulfillment.Surge.Target;

/// <summary>
/// A surge against a system that somebody else started, here or in the cloud. It sees what a brand sees: no database,
/// so of the invariants only those that HTTP shows (an acknowledged order exists, once, and ends where it was asked
/// to).
/// </summary>
internal static class TargetRun
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(2);
    private static readonly string[] AtRest = ["Picked", "Shipped", "Cancelled", "Backordered", "Failed"];

    /// <summary>0 when all is well, 1 when an acknowledged order is missing, doubled or stuck.</summary>
    internal static async Task<int> RunAsync(TargetOptions options, TimeProvider clock, CancellationToken cancellation)
    {
        using var orders = new ServiceApi([options.Url.ToString()]);
        using var picking = options.PickingUrl is { } url ? new ServiceApi([url.ToString()]) : null;
        var run = $"{clock.GetUtcNow():yyyyMMddHHmmss}-{options.Seed}";
        var workload = OfThisRun(options.Workload(), run);
        AnsiConsole.MarkupLineInterpolated(
            $"{workload.Orders.Count:N0} orders, {workload.Lines:N0} lines in {options.Seconds:N0} s, run {run}");
        Console.WriteLine("receiving stock");
        Dictionary<string, string> keys;
        try
        {
            var site = new StockedSite(options.OperatorKey, options.WarehouseId, run);
            keys = await Stocking.StockAsync(site, orders, picking, workload, 0, options.Seed, cancellation);
        }
        catch (HttpRequestException away)
        {
            throw new HostingException($"The system does not answer: {away.Message}");
        }

        var report = await MeasureAsync(options, workload, new(orders, picking, keys), clock, cancellation);
        Summary.Write(report);
        if (options.Report is { } file) await File.WriteAllTextAsync(file, report.ToJson(), cancellation);
        return report.Invariants.Broken == 0 ? 0 : ExitCodes.Broken;
    }

    private sealed record Reached(ServiceApi Orders, ServiceApi? Picking, Dictionary<string, string> Keys);

    private static async Task<SurgeReport> MeasureAsync(
        TargetOptions options, Workload workload, Reached system, TimeProvider clock, CancellationToken cancellation)
    {
        var acknowledged = new Acknowledgements();
        var load = new OpenLoop(system.Orders, system.Keys, acknowledged, clock);
        var followed = new FollowedOrders(system.Orders, system.Keys, acknowledged, clock);
        var floor = system.Picking is { } picking && options.FloorKey is { } floorKey
            ? new SimulatedFloor(picking, floorKey, new PickingTimes(options.Speedup), clock)
            : null;
        var begun = clock.GetTimestamp();
        using var shift = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var working = floor?.RunAsync(options.Pickers, shift.Token) ?? Task.CompletedTask;
        var following = followed.FollowAsync(
            Math.Max(1, workload.Orders.Count / FollowedOrders.SampleMax), shift.Token);
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var telling = LiveProgress.ShowAsync(
            _ => Task.FromResult(
                $"sent {acknowledged.Sent:N0} of {workload.Orders.Count:N0}, accepted {acknowledged.Accepted:N0}"),
            clock, sending.Token);
        await load.RunAsync(workload, options.Seed, cancellation);
        await sending.CancelAsync();
        await telling;
        Console.WriteLine("all sent, waiting for the last order");
        var standing = await RestAsync(options, followed, floor is not null, clock, cancellation);
        var seconds = clock.GetElapsedTime(begun).TotalSeconds;
        await shift.CancelAsync();
        await Task.WhenAll(working, following);

        long Count(params string[] statuses) => standing.Values.Count(statuses.Contains);
        return new SurgeReport
        {
            Seed = options.Seed,
            Profile = options.Profile,
            Scale = options.Scale,
            Seconds = seconds,
            Orders = acknowledged.Counts(
                Count("Backordered"), Count("Planned", "Picking", "Picked", "Shipped"), Count("Picked", "Shipped"),
                Count("Cancelled")),
            LatencyMs = new(RunFigures.Of(load.AcceptMicros), null, followed.Confirm, followed.Pick),
            Invariants = Check(acknowledged, standing, floor is not null),
            Settings = Settings(options, workload),
            Verdict = Verdict(acknowledged, floor),
        };
    }

    /// <summary>Where all orders stand once nothing moves any more.</summary>
    private static async Task<Dictionary<Guid, string>> RestAsync(
        TargetOptions options, FollowedOrders followed, bool picked, TimeProvider clock, CancellationToken cancellation)
    {
        var (last, moved) = ("", clock.GetTimestamp());
        while (true)
        {
            var standing = await followed.StandingAsync(cancellation);
            if (standing.Values.All(status => IsAtRest(status, picked))) return standing;
            var now = string.Join(
                ", ", standing.Values.CountBy(status => status).OrderBy(pair => pair.Key, StringComparer.Ordinal)
                    .Select(pair => $"{pair.Key} {pair.Value:N0}"));
            if (now != last)
            {
                (last, moved) = (now, clock.GetTimestamp());
                Console.WriteLine(now);
            }
            else if (clock.GetElapsedTime(moved) > options.StandstillMax) return standing;
            await Task.Delay(Between, clock, cancellation);
        }
    }

    // Where nobody picks, an order that is planned has come as far as it will.
    private static bool IsAtRest(string status, bool picked) =>
        AtRest.Contains(status) || (!picked && status == "Planned");

    /// <summary>What HTTP can show of the invariants. Pure.</summary>
    internal static InvariantFindings Check(
        Acknowledgements acknowledged, IReadOnlyDictionary<Guid, string> standing, bool picked)
    {
        var missing = acknowledged.Orders.Where(order => !standing.ContainsKey(order.OrderId))
            .Select(order => $"(3) {order.ClientId}/{order.ClientOrderId} ({order.OrderId}) was acknowledged, is lost");
        var stuck = standing.Where(order => !IsAtRest(order.Value, picked))
            .Select(order => $"(4) {order.Key} stands still as {order.Value}");
        var checks = new List<List<string>>
        {
            missing.ToList(), acknowledged.Contradictions.Select(what => $"(3) {what}").ToList(), stuck.ToList(),
        };
        const int namedMax = 20;
        return new(
            checks.Count, checks.Count(found => found.Count > 0),
            [.. checks.SelectMany(found => found.Take(namedMax))]);
    }

    /// <summary>
    /// Ids of this run and clients of the surge's own: nothing is a repeat of an earlier run or a brand's.
    /// </summary>
    private static Workload OfThisRun(Workload workload, string run) => new(
        [.. workload.Clients.Select(Client)],
        [.. workload.Orders.Select(order => order with
        {
            ClientId = Client(order.ClientId),
            ClientOrderId = $"{run}-{order.ClientOrderId}",
        })]);

    private static string Client(string name) => $"surge-{name}";

    private static Dictionary<string, string> Settings(TargetOptions options, Workload workload)
    {
        var settings = new Dictionary<string, object>
        {
            ["url"] = options.Url,
            ["orders"] = workload.Orders.Count,
            ["lines"] = workload.Lines,
            ["normalRatePerSecond"] = options.Rate,
            ["sendSeconds"] = options.Seconds,
            ["speedup"] = options.Speedup,
            ["pickers"] = options.Pickers,
            ["followedOrdersMax"] = FollowedOrders.SampleMax,
            ["followedEveryMs"] = FollowedOrders.AskEvery.TotalMilliseconds,
        };
        return settings.ToDictionary(
            entry => entry.Key, entry => Convert.ToString(entry.Value, CultureInfo.InvariantCulture)!);
    }

    private static List<string> Verdict(Acknowledgements acknowledged, SimulatedFloor? floor)
    {
        var words = new List<string>();
        if (floor is null) words.Add("Nobody picked: --picking-url and --floor-key were not both given.");
        words.AddRange(Complaints.Of(acknowledged, floor, children: []));
        return words;
    }
}
