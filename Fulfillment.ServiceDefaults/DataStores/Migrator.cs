using System.Reflection;
using DbUp;
using DbUp.Engine.Output;
using DbUp.Postgresql;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fulfillment.ServiceDefaults.DataStores;

/// <summary>
/// Brings a database to the version this binary needs: numbered SQL scripts embedded in the service, run once.
/// </summary>
public static class Migrator
{
    // Any number; all replicas of all versions must agree on it.
    private const long AdvisoryLockKey = 0x46554C46494C4C; // "FULFILL"

    // DbUp's own record. A script and its row are committed together.
    private const string SeenSql = "SELECT scriptname FROM schemaversions";

    /// <summary>
    /// Runs the scripts that the database has not seen, in order of name, each in a transaction. Replicas that start
    /// together queue on an advisory lock, and all but the first find nothing to do. A new replica of a system that
    /// runs already sees so with one query, and neither waits nor opens a second connection.
    /// </summary>
    /// <exception cref="InvalidOperationException">A script failed; its name and the server's words are in the
    /// message.</exception>
    public static async Task MigrateAsync(
        NpgsqlDataSource database, Assembly scripts, ILogger log, CancellationToken cancellation)
    {
        if (await HasAllAsync(database, scripts, cancellation)) return;
        // The lock lives on a connection of its own; DbUp works on a second one of the same pool.
        await using var guard = await database.OpenConnectionAsync(cancellation);
        await ExecuteAsync(guard, "SELECT pg_advisory_lock($1)", cancellation);

        try
        {
            var upgrade = DeployChanges.To
                .PostgresqlDatabase(new PostgresqlConnectionManager(database))
                .WithScriptsEmbeddedInAssembly(scripts, IsScript)
                .WithTransactionPerScript()
                .WithVariablesDisabled()
                .LogTo(new ToLogger(log))
                .Build()
                .PerformUpgrade();
            if (!upgrade.Successful)
            {
                throw new InvalidOperationException(
                    $"Migration {upgrade.ErrorScript?.Name} failed: {upgrade.Error.Message}", upgrade.Error);
            }
        }
        finally
        {
            // The connection goes back to the pool, and a session's lock would go with it.
            await ExecuteAsync(guard, "SELECT pg_advisory_unlock($1)", CancellationToken.None);
        }
    }

    private static async Task<bool> HasAllAsync(
        NpgsqlDataSource database, Assembly scripts, CancellationToken cancellation)
    {
        var missing = scripts.GetManifestResourceNames().Where(IsScript).ToHashSet(StringComparer.Ordinal);
        try
        {
            await using var command = database.CreateCommand(SeenSql);
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation)) missing.Remove(row.GetString(0));
            return missing.Count == 0;
        }
        catch (PostgresException none) when (none.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return false; // an empty database
        }
    }

    private static bool IsScript(string resource) => resource.EndsWith(".sql", StringComparison.Ordinal);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection)
        {
            Parameters = { new() { Value = AdvisoryLockKey } },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private sealed class ToLogger(ILogger log) : IUpgradeLog
    {
#pragma warning disable CA1848, CA2254 // DbUp hands over formats of its own; a few lines at start.
        public void LogTrace(string format, params object[] args) => log.LogTrace(format, args);

        public void LogDebug(string format, params object[] args) => log.LogDebug(format, args);

        public void LogInformation(string format, params object[] args) => log.LogDebug(format, args);

        public void LogWarning(string format, params object[] args) => log.LogWarning(format, args);

        public void LogError(string format, params object[] args) => log.LogError(format, args);

        public void LogError(Exception ex, string format, params object[] args) => log.LogError(ex, format, args);
#pragma warning restore CA1848, CA2254
    }
}
