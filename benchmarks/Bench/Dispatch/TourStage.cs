using Fulfillment.Bench.Intake;
using Fulfillment.Hosting;
using Npgsql;

namespace Fulfillment.Bench.Dispatch;

/// <summary>One Orders and one Picking with a worker, over databases of their own.</summary>
internal sealed class TourStage : IAsyncDisposable
{
    private const string OrdersSql = """
        SELECT substr(client_order_id, length($1) + 1)::int, order_id FROM orders
        WHERE starts_with(client_order_id, $1)
        """;

    private readonly TestBed _bed;
    private readonly Child _replica;

    private TourStage(TestBed bed, PickingSide picking, Child replica, Child orders) =>
        (_bed, Picking, _replica, Orders) = (bed, picking, replica, orders);

    internal PickingSide Picking { get; }
    internal Child Orders { get; }

    internal static async Task<TourStage> OpenAsync(
        TestBed bed, DispatchSettings settings, string database, bool optimized, CancellationToken cancellation)
    {
        await bed.ExecuteAsync("postgres", $"DROP DATABASE IF EXISTS {PickingSide.DatabaseName}", cancellation);
        var picking = await PickingSide.OpenAsync(bed, settings.Picking, optimized, cancellation);
        var replica = await bed.StartAsync(picking.Replica(null, null), cancellation);
        var orders = await bed.StartOrdersAsync(settings.Orders, database, picking.ForOrders, cancellation);
        return new TourStage(bed, picking, replica, orders);
    }

    /// <summary>The number of each order of a run, and its id.</summary>
    internal static async Task<List<(int Number, Guid OrderId)>> OrdersAsync(
        NpgsqlConnectionStringBuilder database, string prefix, CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand(OrdersSql);
        command.Parameters.Add(new() { Value = prefix });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var orders = new List<(int, Guid)>();
        while (await row.ReadAsync(cancellation)) orders.Add((row.GetInt32(0), row.GetGuid(1)));
        return orders;
    }

    /// <summary>
    /// No orders, no plans and no events: the next run begins like the first. Orders starts anew, for it remembers
    /// which event it read last, and Picking would have to say that there is no such event.
    /// </summary>
    internal async Task ResetAsync(Shop shop, string database, CancellationToken cancellation)
    {
        await TestBed.StopAsync(Orders);
        await shop.ResetAsync(database, cancellation);
        await _bed.ExecuteAsync(database, "DELETE FROM feed_cursors", cancellation);
        await Picking.ResetAsync(cancellation);
        await _bed.StartAsync(Orders, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await TestBed.StopAsync(Orders);
        await TestBed.StopAsync(_replica);
        await TestBed.StopAsync(Picking.Desk);
        NpgsqlConnection.ClearAllPools();
    }
}
