using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fulfillment.ServiceDefaults.DataStores;

/// <summary>
/// Brings a database to the version this binary needs: the SQL scripts embedded in the service, each run once. Old
/// binaries are at work meanwhile: a script only adds to what they use, and never makes them queue behind it for longer
/// than <see cref="MigrationOptions.LockTimeout"/>.
/// </summary>
public static partial class Migrator
{
    // Any number; all replicas of all versions must agree on it.
    private const long AdvisoryLockKey = 0x46554C46494C4C; // "FULFILL"

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(10);

    // The record that DbUp began, which ran the first scripts.
    private const string RecordSql = """
        CREATE TABLE IF NOT EXISTS schemaversions (
            schemaversionsid serial PRIMARY KEY,
            scriptname       character varying(255) NOT NULL,
            applied          timestamp without time zone NOT NULL)
        """;

    private const string SeenSql = "SELECT scriptname FROM schemaversions";

    private const string DoneSql =
        "INSERT INTO schemaversions (scriptname, applied) VALUES ($1, now() AT TIME ZONE 'utc')";

    // Not the waiting kind: a session that waits in a statement holds a snapshot, and CREATE INDEX CONCURRENTLY waits
    // for each of those, this one among them.
    private const string TryLockSql = "SELECT pg_try_advisory_lock($1)";

    private const string UnlockSql = "SELECT pg_advisory_unlock($1)";

    private const string IsInvalidSql = """
        SELECT count(*) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE relname = $1 AND NOT indisvalid AND relnamespace = current_schema()::regnamespace
        """;

    // What a migration most likely stands behind.
    private const string OldestSql = """
        SELECT format('process %s (%s, %s) since %s', pid, usename, state, date_trunc('second', xact_start))
        FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
        ORDER BY xact_start LIMIT 1
        """;

    /// <summary>
    /// Runs the scripts that the database has not seen, in order of name, and returns how many. Replicas that start
    /// together take turns by an advisory lock, and all but the first find nothing to do.
    /// </summary>
    /// <exception cref="MigrationException">A script failed, or found no gap between the traffic.</exception>
    public static Task<int> MigrateAsync(
        NpgsqlDataSource database, Assembly scripts, MigrationOptions options, TimeProvider clock, ILogger log,
        CancellationToken cancellation) =>
        MigrateAsync(database, MigrationScript.In(scripts), options, clock, log, cancellation);

    internal static async Task<int> MigrateAsync(
        NpgsqlDataSource database, IEnumerable<MigrationScript> all, MigrationOptions options, TimeProvider clock,
        ILogger log, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await TakeTurnAsync(connection, clock, log, cancellation);
        try
        {
            await ExecuteAsync(connection, RecordSql, options, cancellation);
            await using var seen = new NpgsqlCommand(SeenSql, connection);
            var missing = await MissingAsync(seen, all, cancellation);
            foreach (var script in missing) await RunAsync(connection, script, options, clock, log, cancellation);
            return missing.Count;
        }
        finally
        {
            await LeaveAsync(connection);
        }
    }

    /// <summary>
    /// True when nothing is missing: a new replica of a system that runs already sees so with one query, and waits for
    /// nobody.
    /// </summary>
    public static async Task<bool> IsMigratedAsync(
        NpgsqlDataSource database, Assembly scripts, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(database);
        await using var seen = database.CreateCommand(SeenSql);
        return (await MissingAsync(seen, MigrationScript.In(scripts), cancellation)).Count == 0;
    }

    /// <summary>Returns when somebody else has run every script that this version needs.</summary>
    public static async Task WaitUntilMigratedAsync(
        NpgsqlDataSource database, Assembly scripts, TimeProvider clock, ILogger log, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(database);
        var all = MigrationScript.In(scripts);
        long? toldAt = null;
        while (true)
        {
            await using var seen = database.CreateCommand(SeenSql);
            var missing = await MissingAsync(seen, all, cancellation);
            if (missing.Count == 0) return;
            if (toldAt is null || clock.GetElapsedTime(toldAt.Value) >= TellEvery)
            {
                WaitingForJob(log, missing.Count, missing[0].Name);
                toldAt = clock.GetTimestamp();
            }

            await Task.Delay(Pause, clock, cancellation);
        }
    }

    private static async Task<List<MigrationScript>> MissingAsync(
        NpgsqlCommand command, IEnumerable<MigrationScript> all, CancellationToken cancellation)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        try
        {
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation)) seen.Add(row.GetString(0));
        }
        catch (PostgresException none) when (none.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            // an empty database
        }

        return [.. all.Where(script => !seen.Contains(script.Name))];
    }

    private static async Task TakeTurnAsync(
        NpgsqlConnection connection, TimeProvider clock, ILogger log, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            await using var command = new NpgsqlCommand(TryLockSql, connection)
            {
                Parameters = { new NpgsqlParameter<long> { TypedValue = AdvisoryLockKey } },
            };
            if (await command.ExecuteScalarAsync(cancellation) is true) return;
            if (attempt % (int)(TellEvery / Pause) == 0) WaitingForTurn(log);
            await Task.Delay(Pause, clock, cancellation);
        }
    }

    /// <summary>Tries until the script has found a gap between the transactions of the others.</summary>
    private static async Task RunAsync(
        NpgsqlConnection connection, MigrationScript script, MigrationOptions options, TimeProvider clock, ILogger log,
        CancellationToken cancellation)
    {
        var begun = clock.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (script.InTransaction) await RunInTransactionAsync(connection, script, options, cancellation);
                else await RunAloneAsync(connection, script, options, cancellation);
                Done(log, script.Name, attempt);
                return;
            }
            catch (PostgresException locked) when (IsLocked(locked))
            {
                var behind = await ScalarAsync(connection, OldestSql, cancellation) as string ?? "nobody any more";
                if (clock.GetElapsedTime(begun) > options.LockedMax)
                {
                    throw new MigrationException(
                        $"Migration {script.Name} found no gap in {attempt} attempts; the oldest transaction: {behind}",
                        locked);
                }

                Locked(log, script.Name, attempt, behind);
                var pause = Pause * attempt;
                await Task.Delay(pause < PauseMax ? pause : PauseMax, clock, cancellation);
            }
            catch (PostgresException failed) when (!IsOutage(failed))
            {
                throw new MigrationException(
                    $"Migration {script.Name} failed: {failed.SqlState} {failed.MessageText}", failed);
            }
        }
    }

    private static async Task RunInTransactionAsync(
        NpgsqlConnection connection, MigrationScript script, MigrationOptions options, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync(connection, Limits("SET LOCAL", options.LockTimeout, options), options, cancellation);
        await ExecuteAsync(connection, script.Sql, options, cancellation);
        await RecordAsync(connection, script, cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>
    /// Waits for locks as long as it takes: what may run outside a transaction queues nobody behind it. A crash before
    /// the record repeats the statement.
    /// </summary>
    private static async Task RunAloneAsync(
        NpgsqlConnection connection, MigrationScript script, MigrationOptions options, CancellationToken cancellation)
    {
        await ExecuteAsync(connection, Limits("SET", TimeSpan.Zero, options), options, cancellation);
        if (script.ConcurrentIndex is { } index
            && await ScalarAsync(connection, IsInvalidSql, cancellation, index) is > 0L)
            await ExecuteAsync(connection, $"DROP INDEX CONCURRENTLY {index}", options, cancellation);
        await ExecuteAsync(connection, script.Sql, options, cancellation);
        await RecordAsync(connection, script, cancellation);
    }

    private static async Task RecordAsync(
        NpgsqlConnection connection, MigrationScript script, CancellationToken cancellation)
    {
        await using var done = new NpgsqlCommand(DoneSql, connection)
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = script.Name } },
        };
        await done.ExecuteNonQueryAsync(cancellation);
    }

    // The pool takes the connection back as it is.
    private static async Task LeaveAsync(NpgsqlConnection connection)
    {
        try
        {
            await using var unlock = new NpgsqlCommand(UnlockSql, connection)
            {
                Parameters = { new NpgsqlParameter<long> { TypedValue = AdvisoryLockKey } },
            };
            await unlock.ExecuteNonQueryAsync(CancellationToken.None);
            await using var reset = new NpgsqlCommand("RESET ALL", connection);
            await reset.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception gone) when (gone is NpgsqlException or InvalidOperationException)
        {
            // The connection is, and the lock with it.
        }
    }

    private static bool IsLocked(PostgresException failed) =>
        failed.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected;

    // The start goes on when it is over; anything else is the script's.
    private static bool IsOutage(PostgresException failed) =>
        failed.SqlState.StartsWith("57P", StringComparison.Ordinal)
        || failed.SqlState.StartsWith("08", StringComparison.Ordinal);

    private static string Limits(string set, TimeSpan lockTimeout, MigrationOptions options) => string.Create(
        CultureInfo.InvariantCulture,
        $"{set} lock_timeout = {(long)lockTimeout.TotalMilliseconds}; " +
        $"{set} statement_timeout = {(long)options.ExecutionMax.TotalMilliseconds}");

    private static async Task ExecuteAsync(
        NpgsqlConnection connection, string sql, MigrationOptions options, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection)
        {
            // The server ends it; ours is for a server that cannot.
            CommandTimeout = (int)options.ExecutionMax.TotalSeconds + 30,
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task<object?> ScalarAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellation, string? parameter = null)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        if (parameter is not null) command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = parameter });
        return await command.ExecuteScalarAsync(cancellation);
    }

    [LoggerMessage(1, LogLevel.Information, "Migration {Script} is done (attempt {Attempt})")]
    private static partial void Done(ILogger log, string script, int attempt);

    [LoggerMessage(2, LogLevel.Warning,
        "Migration {Script} gave way after attempt {Attempt}, it is tried again; the oldest transaction: {Oldest}")]
    private static partial void Locked(ILogger log, string script, int attempt, string oldest);

    [LoggerMessage(3, LogLevel.Information, "Another process migrates, waiting for it")]
    private static partial void WaitingForTurn(ILogger log);

    [LoggerMessage(
        4, LogLevel.Warning, "Waiting for the job that migrates: {Count} scripts are missing, such as {Script}")]
    private static partial void WaitingForJob(ILogger log, int count, string script);
}
