using Fulfillment.Contracts;
using Fulfillment.Picking.Feed;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Picking.Feed;

public sealed class FeedTests(TestServers servers)
{
    [Fact]
    public async Task A_late_commit_is_not_overtaken()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await using var late = await bench.Database.OpenConnectionAsync();
        await using var slow = await late.BeginTransactionAsync();
        await InsertAsync(late, slow, bench.Settings.WarehouseId, version: 1);
        await using (var quick = await bench.Database.OpenConnectionAsync())
            await InsertAsync(quick, null, bench.Settings.WarehouseId, version: 2);

        Assert.Empty(await bench.PageAsync()); // the quick one is there, but the slow one may still come before it
        await slow.CommitAsync();
        Assert.Equal([1, 2], (await bench.EventsAsync()).Select(e => e.Version));
    }

    [Fact]
    public async Task Pages_join_without_a_gap_and_without_an_overlap()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await using var connection = await bench.Database.OpenConnectionAsync();
        for (var i = 1; i <= 10; i++) await InsertAsync(connection, null, bench.Settings.WarehouseId, i);
        await using (var together = await connection.BeginTransactionAsync())
        {
            for (var i = 11; i <= 20; i++) await InsertAsync(connection, together, bench.Settings.WarehouseId, i);
            await together.CommitAsync();
        }

        await bench.EventsAsync(); // all of them are readable now
        var read = new List<FeedEvent>();
        var cursor = FeedCursor.Start;
        while (await EventFeed.ReadAsync(bench.Database, bench.Settings.WarehouseId, cursor, 3, CancellationToken.None) is { Count: > 0 } page)
        {
            read.AddRange(page);
            cursor = new FeedCursor(page[^1].Xid, page[^1].Id);
        }

        Assert.Equal(Enumerable.Range(1, 20), read.Select(e => e.Version));
    }

    private static async Task InsertAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string warehouse, int version)
    {
        await using var command = new NpgsqlCommand(
            "INSERT INTO events (warehouse_id, client_id, order_id, release_no, version, kind, at) "
            + "VALUES ($1, 'acme', '00000000-0000-0000-0000-000000000001', 1, $2, 'Planned', now())", connection, transaction);
        command.Parameters.Add(new() { Value = warehouse });
        command.Parameters.Add(new() { Value = version });
        await command.ExecuteNonQueryAsync();
    }
}
