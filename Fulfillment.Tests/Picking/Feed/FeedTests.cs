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
        while (await EventFeed.ReadAsync(bench.Database, bench.Settings.WarehouseId, cursor, 3,
            CancellationToken.None) is { Events.Count: > 0 } page)
        {
            read.AddRange(page.Events);
            cursor = FeedCursor.After(page.Events[^1]);
        }

        Assert.Equal(Enumerable.Range(1, 20), read.Select(e => e.Version));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"tours":"all of them"}""")]
    [InlineData("""{"lines":[{"lineNo":"x"}]}""")]
    [InlineData("""{"reason":"\ud800"}""")]
    public async Task A_body_that_cannot_be_read_is_told_as_such_and_holds_up_nobody(string body)
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await using (var connection = await bench.Database.OpenConnectionAsync())
            for (var i = 1; i <= 3; i++) await InsertAsync(connection, null, bench.Settings.WarehouseId, i);
        await using (var spoil = bench.Database.CreateCommand("UPDATE events SET body = $1 WHERE version = 2"))
        {
            spoil.Parameters.Add(new() { Value = body });
            await spoil.ExecuteNonQueryAsync();
        }

        var events = await bench.EventsAsync();
        Assert.Equal([1, 2, 3], events.Select(e => e.Version));
        Assert.Equal([null, "the body", null], events.Select(e => e.Fault?[..8]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_transaction_of_another_database_holds_back_is_told_with_its_age(bool allowed)
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        var elsewhere = new NpgsqlConnectionStringBuilder(bench.ConnectionString)
        {
            Database = "postgres",
            ApplicationName = "forgotten",
            Pooling = false,
        };
        await using var other = new NpgsqlConnection(elsewhere.ConnectionString);
        await other.OpenAsync();
        await using var open = await other.BeginTransactionAsync();
        await using (var id = new NpgsqlCommand("SELECT pg_current_xact_id(), now()", other))
            await id.ExecuteNonQueryAsync();
        await using (var connection = await bench.Database.OpenConnectionAsync())
            for (var i = 1; i <= 3; i++) await InsertAsync(connection, null, bench.Settings.WarehouseId, i);

        await using var reader = allowed ? null : await StrangerAsync(bench);
        var page = await EventFeed.ReadAsync(
            reader ?? bench.Database, bench.Settings.WarehouseId, FeedCursor.Start, 1_000, CancellationToken.None);
        Assert.Empty(page.Events);
        var held = page.HeldBack!;
        Assert.Equal((3, true), (held.Events, held.Seconds >= 0));
        // Other tests of this server have transactions open too, older ones perhaps: then it is one of those that is told.
        Assert.Equal(allowed, held.By is not null);
        Assert.True(held.Since <= TimeProvider.System.GetUtcNow());

        await open.CommitAsync();
        Assert.Equal(3, (await bench.EventsAsync()).Count);
        await Eventually.HoldsAsync(async () => (await bench.FeedPageAsync()).HeldBack is null);
    }

    // A role that may read the events and see nothing of other sessions.
    private static async Task<NpgsqlDataSource> StrangerAsync(PickingBench bench)
    {
        var role = $"stranger_{Guid.NewGuid():N}";
        await using var grant = bench.Database.CreateCommand(
            $"CREATE ROLE {role} LOGIN PASSWORD '{role}'; GRANT SELECT ON events TO {role}");
        await grant.ExecuteNonQueryAsync();
        var own = new NpgsqlConnectionStringBuilder(bench.ConnectionString) { Username = role, Password = role };
        return NpgsqlDataSource.Create(own.ConnectionString);
    }

    private static async Task InsertAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, string warehouse,
        int version)
    {
        await using var command = new NpgsqlCommand(
            "INSERT INTO events (warehouse_id, client_id, order_id, release_no, version, kind, at) "
            + "VALUES ($1, 'acme', '00000000-0000-0000-0000-000000000001', 1, $2, 'Planned', now())", connection,
                transaction);
        command.Parameters.Add(new() { Value = warehouse });
        command.Parameters.Add(new() { Value = version });
        await command.ExecuteNonQueryAsync();
    }
}
