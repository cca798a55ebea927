using Npgsql;

namespace Fulfillment.Surge.Chaos.Faults;

/// <summary>What may happen to the truth: it is away, slow, read-only, locked, changed, full.</summary>
internal static class PostgresFaults
{
    private static readonly string[] OrdersTables = ["orders", "releases", "stock", "allocations"];
    private static readonly string[] PickingTables = ["tours", "tasks", "inbox", "events"];

    internal static readonly FaultKind[] All =
    [
        new("postgres-immediate", ImmediateAsync),
        new("postgres-away", AwayAsync),
        new("postgres-frozen", FrozenAsync),
        new("postgres-backends-ended", BackendsEndedAsync),
        new("postgres-read-only", (world, strike, token) => ForAWhileAsync(
            world, strike, "ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()",
            "ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()", token)),
        new("postgres-wrong-password", (world, strike, token) => ForAWhileAsync(
            world, strike,
            $"ALTER ROLE {world.Postgres.User} PASSWORD 'another'; {PostgresAdmin.EndOthersSql}",
            $"ALTER ROLE {world.Postgres.User} PASSWORD '{world.Postgres.Password}'", token)),
        new("postgres-refused", (world, strike, token) =>
        {
            string[][] choices = [["ordersdb"], ["pickingdb"], ["ordersdb", "pickingdb"]];
            var databases = strike.One(choices);
            return ForAWhileAsync(world, strike,
                string.Join("; ", databases.Select(name => $"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
                    + $"; {PostgresAdmin.EndOthersSql}",
                string.Join("; ", databases.Select(name => $"ALTER DATABASE {name} ALLOW_CONNECTIONS true")), token);
        }),
        new("postgres-disk-full", DiskFullAsync)
        { CannotBe = world => world.ClusterDisk is null ? "no tmpfs can be mounted here" : null },
        new("postgres-locked", LockedAsync),
        new("postgres-renamed", RenamedAsync),
        new("postgres-idle-writer", IdleWriterAsync),
    ];

    private static async Task ImmediateAsync(ChaosWorld world, Strike strike, CancellationToken cancellation)
    {
        world.Watch.Expect(world.PostgresServer);
        strike.EndsNow();
        await world.PostgresServer.QuitAsync(cancellation);
    }

    private static async Task AwayAsync(ChaosWorld world, Strike strike, CancellationToken cancellation)
    {
        var length = TimeSpan.FromSeconds(25);
        strike.On = $"for {length.TotalSeconds:0} s";
        using (world.Watch.Keep(world.PostgresServer))
        {
            await world.PostgresServer.StopAsync(TimeSpan.FromSeconds(10));
            await Task.Delay(length, world.Clock, cancellation);
        }

        strike.EndsNow();
    }

    private static Task FrozenAsync(ChaosWorld world, Strike strike, CancellationToken cancellation) =>
        strike.LastAsync("", strike.Seconds(5, 15), () =>
        {
            world.PostgresServer.PauseAll();
            return Task.CompletedTask;
        }, () =>
        {
            world.PostgresServer.ResumeAll();
            return Task.CompletedTask;
        }, cancellation);

    private static async Task BackendsEndedAsync(ChaosWorld world, Strike strike, CancellationToken cancellation)
    {
        await world.Postgres.RunAsync(PostgresAdmin.EndOthersSql, cancellation);
        strike.EndsNow();
    }

    private static Task ForAWhileAsync(
        ChaosWorld world, Strike strike, string begin, string end, CancellationToken cancellation) =>
        strike.LastAsync(
            "", strike.Seconds(5, 12), () => world.Postgres.RunAsync(begin, cancellation),
            () => world.Postgres.RunAsync(end, CancellationToken.None), cancellation);

    // What was written last may end the server: that is an exit with a reason, and it is started again.
    private static async Task DiskFullAsync(ChaosWorld world, Strike strike, CancellationToken cancellation)
    {
        var length = strike.Seconds(5, 10);
        strike.On = $"for {length.TotalSeconds:0.0} s";
        world.Watch.Expect(world.PostgresServer);
        using (world.ClusterDisk!.Fill()) await Task.Delay(length, world.Clock, cancellation);
        strike.EndsNow();
    }

    private static async Task LockedAsync(ChaosWorld world, Strike strike, CancellationToken cancellation)
    {
        var (database, table) = Table(world, strike);
        await OpenTransactionAsync(
            world, strike, database, table, $"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE", strike.Seconds(5, 15),
            cancellation);
    }

    private static async Task RenamedAsync(ChaosWorld world, Strike strike, CancellationToken cancellation)
    {
        var (database, table) = Table(world, strike);
        await using var connection = await world.Postgres.OpenAsync(database, cancellation);
        await using var away = new NpgsqlCommand($"ALTER TABLE {table} RENAME TO {table}_gone", connection);
        await using var back = new NpgsqlCommand($"ALTER TABLE {table}_gone RENAME TO {table}", connection);
        await strike.LastAsync(
            table, strike.Seconds(5, 35), () => away.ExecuteNonQueryAsync(cancellation),
            () => back.ExecuteNonQueryAsync(CancellationToken.None), cancellation);
    }

    private static async Task IdleWriterAsync(ChaosWorld world, Strike strike, CancellationToken cancellation)
    {
        string[] choices = [world.System.OrdersDb, world.System.PickingDb, world.Postgres.ConnectionString];
        var database = strike.One(choices);
        await OpenTransactionAsync(
            world, strike, database, $"in {new NpgsqlConnectionStringBuilder(database).Database}",
            "SELECT pg_current_xact_id()", strike.Seconds(5, 20), cancellation);
    }

    private static async Task OpenTransactionAsync(
        ChaosWorld world, Strike strike, string database, string on, string sql, TimeSpan length,
        CancellationToken cancellation)
    {
        await using var connection = await world.Postgres.OpenAsync(database, cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var first = new NpgsqlCommand(sql, connection);
        await strike.LastAsync(
            on, length, () => first.ExecuteNonQueryAsync(cancellation),
            () => PostgresAdmin.EndQuietlyAsync(transaction), cancellation);
    }

    private static (string Database, string Table) Table(ChaosWorld world, Strike strike) =>
        strike.Random.Below(2) == 0
            ? (world.System.OrdersDb, strike.One(OrdersTables))
            : (world.System.PickingDb, strike.One(PickingTables));
}
