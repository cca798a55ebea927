using System.Data.Common;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fulfillment.ServiceDefaults.DataStores;

/// <summary>
/// Work that one replica at a time may do; the others stand by. A session-level advisory lock on a connection of its
/// own decides who. The work is given that very connection and writes through it, so that a replica that lost the lock
/// (with its connection) cannot write any more: there is no moment with two writers.
/// </summary>
public static partial class OneReplica
{
    private const string TryLockSql = "SELECT pg_try_advisory_lock(hashtextextended($1, 0))";

    private const string UnlockSql = "SELECT pg_advisory_unlock(hashtextextended($1, 0))";

    // The pool gives a connection to the next one as it is.
    private const string ResetSql = "RESET ALL";

    // These loops start on empty tables and prepare their statements there; a plan for an empty table must not be kept
    // for a full one. Sequential scans are never right here, and their penalty must not wake the JIT compiler.
    private const string SessionSql =
        "SET plan_cache_mode = force_custom_plan; SET enable_seqscan = off; SET jit = off";

    /// <summary>
    /// Runs <paramref name="active"/> whenever this replica holds the lock named <paramref name="name"/>, and again
    /// after it failed, until cancelled. Standing by means trying once per <paramref name="retryDelay"/>.
    /// </summary>
    public static async Task RunAsync(
        string name, NpgsqlDataSource database, TimeSpan retryDelay, TimeProvider clock, ILogger log,
        Func<NpgsqlConnection, CancellationToken, Task> active, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(cancellation);
                if (await TryLockAsync(connection, name, cancellation))
                    await RunLockedAsync(name, connection, log, active, cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (DbException lost)
            {
                LostDatabase(log, name, lost.Message);
            }
#pragma warning disable CA1031 // The loop must outlive a bug in one turn of it; the log and the backlog tell.
            catch (Exception failure)
            {
                Failed(log, name, failure);
            }
#pragma warning restore CA1031

            await Task.Delay(retryDelay, clock, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task RunLockedAsync(
        string name, NpgsqlConnection connection, ILogger log,
        Func<NpgsqlConnection, CancellationToken, Task> active, CancellationToken cancellation)
    {
        Active(log, name);
        try
        {
            await using (var session = new NpgsqlCommand(SessionSql, connection))
                await session.ExecuteNonQueryAsync(cancellation);
            await active(connection, cancellation);
        }
        finally
        {
            // The pool takes the connection back with its lock and its settings.
            await UnlockAsync(connection, name);
        }
    }

    private static async Task<bool> TryLockAsync(
        NpgsqlConnection connection, string name, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(TryLockSql, connection) { Parameters = { new() { Value = name } } };
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task UnlockAsync(NpgsqlConnection connection, string name)
    {
        try
        {
            await using var command = new NpgsqlCommand(UnlockSql, connection)
            {
                Parameters = { new() { Value = name } },
            };
            await command.ExecuteNonQueryAsync(CancellationToken.None);
            await using var reset = new NpgsqlCommand(ResetSql, connection);
            await reset.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception lost) when (lost is DbException or InvalidOperationException)
        {
            // The connection is gone, and the lock with it.
        }
    }

    [LoggerMessage(1, LogLevel.Information, "This replica is the active one for {Name}")]
    private static partial void Active(ILogger log, string name);

    [LoggerMessage(2, LogLevel.Warning, "{Name} stood down, the database failed: {Problem}")]
    private static partial void LostDatabase(ILogger log, string name, string problem);

    [LoggerMessage(3, LogLevel.Error, "{Name} failed and will be tried again")]
    private static partial void Failed(ILogger log, string name, Exception failure);
}
