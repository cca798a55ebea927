using Fulfillment.Bench.Intake;
using Fulfillment.Hosting;
using Fulfillment.Surge.Invariants;
using Npgsql;

namespace Fulfillment.Bench;

/// <summary>
/// Picking's half of a benchmark: its database, migrated by Picking itself, with a slot for every SKU of the
/// <see cref="Shop"/>, and a desk that serves the feed and plans nothing.
/// </summary>
internal sealed class PickingSide
{
    internal const string DatabaseName = "pickingdb";

    // The default layout of Picking, and numbers without a common factor, so that the shelves are used alike.
    private const int Aisles = 10;
    private const int Bays = 45;

    private static readonly string SlotsSql = $"""
        INSERT INTO slots (warehouse_id, client_id, sku, rank, aisle, bay, side)
        SELECT '{Shop.Warehouse}', format('c%s', lpad(c::text, 3, '0')), format('S%s', s), 1,
               1 + (s * 7 + c) % {Aisles}, 1 + (s * 13 + c) % {Bays}, CASE WHEN (s + c) % 2 = 0 THEN 'L' ELSE 'R' END
        FROM generate_series(0, {Shop.Clients - 1}) AS c, generate_series({Shop.SkuFirst}, {Shop.SkuLast}) AS s
        """;

    private const string OnTheWaySql =
        "SELECT count(*) FROM releases WHERE state IN ('Waiting', 'Dispatched')";

    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan StandstillMax = TimeSpan.FromSeconds(30);

    private readonly TestBed _bed;
    private readonly string _executable;

    private PickingSide(TestBed bed, string executable, Child desk) =>
        (_bed, _executable, Desk) = (bed, executable, desk);

    /// <summary>Serves the feed; <see cref="Child.Pause"/> it where it would cost what is measured.</summary>
    internal Child Desk { get; }

    /// <summary>What Orders must know to hear of plans.</summary>
    internal IReadOnlyDictionary<string, string> ForOrders =>
        new Dictionary<string, string> { ["Picking__Url"] = Desk.Url! };

    /// <param name="bed">Where it runs.</param>
    /// <param name="executable">Picking.</param>
    /// <param name="optimized">How the toggle begins.</param>
    /// <param name="cancellation">Ends it.</param>
    internal static async Task<PickingSide> OpenAsync(
        TestBed bed, string executable, bool optimized, CancellationToken cancellation)
    {
        await bed.CreateDatabaseAsync(DatabaseName, cancellation);
        // The first to start writes the toggle; the others find it.
        var settings = Settings(bed, ("Worker__Enabled", "false"), ("OptimizedPicking", optimized ? "true" : "false"));
        var desk = await bed.StartAsync(bed.Service("desk", executable, settings), cancellation);
        await bed.ExecuteAsync(DatabaseName, SlotsSql, cancellation);
        await bed.ExecuteAsync(DatabaseName, "VACUUM (ANALYZE) slots", cancellation);
        return new PickingSide(bed, executable, desk);
    }

    /// <summary>One more Picking, with a worker; not started yet.</summary>
    internal Child Replica(string? executable, int? core, params ReadOnlySpan<(string Name, string Value)> more) =>
        _bed.Service("picking", executable ?? _executable, Settings(_bed, more), core);

    /// <summary>Returns when every release has been planned and Orders knows.</summary>
    /// <exception cref="HostingException">Nothing moved for half a minute.</exception>
    internal async Task UntilPlannedAsync(string ordersDatabase, TimeProvider clock, CancellationToken cancellation)
    {
        var (last, moved) = (long.MaxValue, clock.GetTimestamp());
        while (await _bed.ReadAsync<long>(ordersDatabase, OnTheWaySql, cancellation) is var open and > 0)
        {
            if (open < last) (last, moved) = (open, clock.GetTimestamp());
            else if (clock.GetElapsedTime(moved) > StandstillMax)
                throw new HostingException($"{open} releases are not planned, and nothing moves");
            await Task.Delay(Between, clock, cancellation);
        }
    }

    /// <summary>No plans and no events. Nothing may be under way, and nobody may read the feed.</summary>
    internal Task ResetAsync(CancellationToken cancellation) => _bed.ExecuteAsync(
        DatabaseName, "TRUNCATE inbox, plans, tours, tasks, events, signals, dead_letters, feed_readers", cancellation);

    /// <summary>
    /// Broken invariants of pickingdb, and what the two databases do not agree on, once all is planned.
    /// </summary>
    internal async Task<List<string>> FaultsAsync(string ordersDatabase, CancellationToken cancellation)
    {
        await using var orders = NpgsqlDataSource.Create(_bed.Database(ordersDatabase));
        await using var picking = NpgsqlDataSource.Create(_bed.Database(DatabaseName));
        var faults = new List<string>();
        foreach (var invariant in PickingInvariants.All)
            faults.AddRange(await invariant.OffendersAsync(picking, cancellation));
        foreach (var invariant in CrossInvariants.All)
            faults.AddRange(await invariant.OffendersAsync(orders, picking, [], cancellation));
        return faults;
    }

    private static Dictionary<string, string> Settings(
        TestBed bed, params ReadOnlySpan<(string Name, string Value)> more)
    {
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings__pickingdb"] = bed.Database(DatabaseName).ConnectionString,
            ["ConnectionStrings__redis"] = bed.Redis,
            ["Warehouse__Id"] = Shop.Warehouse,
            ["Operator__Key"] = bed.Keys.Operator,
            ["Service__Key"] = bed.Keys.Service,
            ["Floor__Key"] = bed.Keys.Floor,
        };
        foreach (var (name, value) in more) settings[name] = value;
        return settings;
    }
}
