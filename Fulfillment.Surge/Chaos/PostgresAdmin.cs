using System.Data.Common;
using Npgsql;

namespace Fulfillment.Surge.Chaos;

/// <summary>
/// A superuser beside the services' own, so that a fault can be undone that shuts the services out. No connection is
/// kept: the server comes and goes.
/// </summary>
internal sealed class PostgresAdmin
{
    private const string Role = "chaos";

    /// <summary>Ends every session but the one that asks.</summary>
    internal const string EndOthersSql = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
        """;

    // The session that holds the relay's lock, and the process that says it is the one behind it.
    private const string ActiveSql = """
        SELECT l.holder FROM pg_locks AS held JOIN leaderships AS l USING (pid)
        WHERE held.locktype = 'advisory' AND held.granted AND l.name LIKE 'dispatch:%' LIMIT 1
        """;

    private readonly NpgsqlConnectionStringBuilder _services;

    private PostgresAdmin(string ordersDb)
    {
        _services = new NpgsqlConnectionStringBuilder(ordersDb);
        ConnectionString = new NpgsqlConnectionStringBuilder(ordersDb)
        {
            Username = Role,
            Database = "postgres",
            Pooling = false,
            Timeout = 5,
            ApplicationName = Role,
        }.ConnectionString;
    }

    internal string ConnectionString { get; }

    /// <summary>The services' login, and its password.</summary>
    internal string User => _services.Username!;

    internal string Password => _services.Password!;

    internal static async Task<PostgresAdmin> CreateAsync(string ordersDb, CancellationToken cancellation)
    {
        var admin = new PostgresAdmin(ordersDb);
        await using var first = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(ordersDb) { Pooling = false }.ConnectionString);
        await first.OpenAsync(cancellation);
        await using var create = new NpgsqlCommand(
            $"CREATE ROLE {Role} SUPERUSER LOGIN PASSWORD '{admin.Password}'", first);
        await create.ExecuteNonQueryAsync(cancellation);
        return admin;
    }

    /// <summary>A session in the database that a connection string names. It may write always.</summary>
    internal async Task<NpgsqlConnection> OpenAsync(string database, CancellationToken cancellation)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString)
        {
            Database = new NpgsqlConnectionStringBuilder(database).Database,
        }.ConnectionString);
        await connection.OpenAsync(cancellation);
        await using var may = new NpgsqlCommand("SET default_transaction_read_only = off", connection);
        await may.ExecuteNonQueryAsync(cancellation);
        return connection;
    }

    /// <summary>Each statement by itself: some refuse to stand in a transaction.</summary>
    internal async Task RunAsync(string statements, CancellationToken cancellation)
    {
        await using var connection = await OpenAsync(ConnectionString, cancellation);
        const StringSplitOptions Clean = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        foreach (var sql in statements.Split(';', Clean))
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    /// <summary>The process that leads dispatch, as it calls itself; null when none does.</summary>
    internal async Task<string?> ActiveHolderAsync(CancellationToken cancellation)
    {
        await using var connection = await OpenAsync(_services.ConnectionString, cancellation);
        await using var command = new NpgsqlCommand(ActiveSql, connection);
        return await command.ExecuteScalarAsync(cancellation) as string;
    }

    /// <summary>The server may have ended the session, as it should with one that idles in a transaction.</summary>
    internal static async Task EndQuietlyAsync(NpgsqlTransaction transaction)
    {
        try
        {
            await transaction.RollbackAsync(CancellationToken.None);
        }
        catch (Exception ended) when (ended is DbException or InvalidOperationException)
        {
            // It is rolled back all the same.
        }
    }
}
