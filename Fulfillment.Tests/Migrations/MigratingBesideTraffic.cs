using Fulfillment.ServiceDefaults.DataStores;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Migrations;

/// <summary>A migration and the old version's transactions, side by side.</summary>
public sealed class MigratingBesideTraffic(TestServers servers) : IAsyncLifetime
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    // Gives way at once, and is patient.
    private readonly MigrationOptions _options = new() { LockTimeout = TimeSpan.FromMilliseconds(50) };
    private readonly Lines _log = new();
    private NpgsqlDataSource _database = null!;

    public async ValueTask InitializeAsync()
    {
        _database = NpgsqlDataSource.Create(
            await servers.CreateOrdersDatabaseAsync() + ";Command Timeout=1;Maximum Pool Size=8");
        await ExecuteAsync("CREATE TABLE work (id integer PRIMARY KEY, note text)");
        await ExecuteAsync("INSERT INTO work SELECT i, 'note' FROM generate_series(1, 2000) i");
    }

    [Fact]
    public async Task A_migration_behind_an_open_transaction_holds_up_nobody_and_runs_when_it_is_over()
    {
        await using var writer = await _database.OpenConnectionAsync(Cancellation);
        await using var open = await writer.BeginTransactionAsync(Cancellation);
        await ExecuteAsync(writer, "UPDATE work SET note = 'open' WHERE id = 1");

        var migrating = MigrateAsync(("1-column.sql", "ALTER TABLE work ADD COLUMN more text"));
        // Several attempts long, statements of the old version pass: each would time out behind a queued lock.
        for (var i = 2; i < 20; i++) await ExecuteAsync($"UPDATE work SET note = 'passes' WHERE id = {i}");
        await Eventually.HoldsAsync(() => Task.FromResult(_log.Has("gave way after attempt 3")));
        Assert.True(_log.Has("idle in transaction"));
        await ExecuteAsync("UPDATE work SET note = 'passes still' WHERE id = 2");
        Assert.False(migrating.IsCompleted);

        await open.CommitAsync(Cancellation);
        Assert.Equal(1, await migrating);
        await ExecuteAsync("UPDATE work SET more = 'there'");
    }

    [Fact]
    public async Task A_script_that_finds_no_gap_is_given_up_with_one_line_that_says_behind_whom()
    {
        await using var writer = await _database.OpenConnectionAsync(Cancellation);
        await using var open = await writer.BeginTransactionAsync(Cancellation);
        await ExecuteAsync(writer, "UPDATE work SET note = 'open' WHERE id = 1");
        var impatient = _options with { LockedMax = TimeSpan.FromMilliseconds(1) };
        var given = await Assert.ThrowsAsync<MigrationException>(() =>
            MigrateAsync(impatient, ("1-column.sql", "ALTER TABLE work ADD COLUMN more text")));
        Assert.Contains("idle in transaction", given.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', given.Message);
    }

    [Fact]
    public async Task A_script_may_run_longer_than_a_statement_of_the_service() =>
        Assert.Equal(1, await MigrateAsync(("1-long.sql", "SELECT pg_sleep(1.5)")));

    [Fact]
    public async Task A_script_that_fails_leaves_nothing_of_itself_and_says_which_it_was()
    {
        var failed = await Assert.ThrowsAsync<MigrationException>(() => MigrateAsync(
            ("1-good.sql", "ALTER TABLE work ADD COLUMN good text"),
            ("2-bad.sql", "ALTER TABLE work ADD COLUMN bad text; SELECT no_such_column FROM work")));
        Assert.Contains("2-bad.sql failed: 42703", failed.Message, StringComparison.Ordinal);
        await ExecuteAsync("SELECT good FROM work");
        await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync("SELECT bad FROM work"));
        Assert.Equal(0, await MigrateAsync(("1-good.sql", "ALTER TABLE work ADD COLUMN good text")));
    }

    [Fact]
    public async Task An_index_is_built_beside_the_traffic_and_replaces_one_whose_build_failed()
    {
        // As a build leaves it that was cut off, or that found two rows alike.
        await ExecuteAsync("INSERT INTO work SELECT 3000 + i, 'twice' FROM generate_series(1, 2) i");
        await Assert.ThrowsAsync<PostgresException>(() =>
            ExecuteAsync("CREATE UNIQUE INDEX CONCURRENTLY work_by_note ON work (note)"));
        Assert.Equal(1, await CountAsync("SELECT count(*) FROM pg_index WHERE NOT indisvalid"));

        await using var writer = await _database.OpenConnectionAsync(Cancellation);
        await using var open = await writer.BeginTransactionAsync(Cancellation);
        await ExecuteAsync(writer, "UPDATE work SET note = 'open' WHERE id = 1");
        var building = MigrateAsync(("1-index.sql", """
            -- no transaction
            CREATE INDEX CONCURRENTLY IF NOT EXISTS work_by_note ON work (note)
            """));
        await Eventually.HoldsAsync(async () => await CountAsync(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%INDEX CONCURRENTLY%' "
            + "AND wait_event_type = 'Lock' AND datname = current_database()") > 0);
        await ExecuteAsync("UPDATE work SET note = 'passes' WHERE id = 2");
        Assert.False(building.IsCompleted);
        await open.CommitAsync(Cancellation);

        Assert.Equal(1, await building);
        Assert.Equal(0, await CountAsync("SELECT count(*) FROM pg_index WHERE NOT indisvalid"));
        Assert.Equal(1, await CountAsync("SELECT count(*) FROM pg_class WHERE relname = 'work_by_note'"));
    }

    [Fact]
    public async Task Replicas_that_start_together_run_each_script_once()
    {
        (string, string) script = ("1-once.sql", "ALTER TABLE work ADD COLUMN once text");
        var counts = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => MigrateAsync(script)));
        Assert.Equal(1, counts.Sum());
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private Task<int> MigrateAsync(params (string Name, string Sql)[] scripts) => MigrateAsync(_options, scripts);

    private Task<int> MigrateAsync(MigrationOptions options, params (string Name, string Sql)[] scripts) =>
        Migrator.MigrateAsync(
            _database, scripts.Select(script => new MigrationScript(script.Name, script.Sql)), options,
            TimeProvider.System, _log, Cancellation);

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = await _database.OpenConnectionAsync(Cancellation);
        await ExecuteAsync(connection, sql);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    private async Task<long> CountAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }
}
