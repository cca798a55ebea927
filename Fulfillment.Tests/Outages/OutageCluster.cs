using Fulfillment.Hosting;
using Npgsql;

namespace Fulfillment.Tests.Outages;

/// <summary>
/// A PostgreSQL of a test's own, to be stopped, frozen and misconfigured. The services sign in as "app", who owns both
/// databases and is no superuser; the test steps in as the superuser.
/// </summary>
public sealed class OutageCluster : IAsyncDisposable
{
    internal const string App = "app";
    private const string Password = "the-right-password";

    private readonly LocalRun _run;
    private readonly PostgresServer _server;

    private OutageCluster(LocalRun run, PostgresServer server) => (_run, _server) = (run, server);

    public static async Task<OutageCluster> StartAsync()
    {
        // A run has one cluster, and that of the other tests is theirs.
        var run = new LocalRun(BuildOutput.RunsFolder, TimeProvider.System);
        var cluster = new OutageCluster(run, await PostgresServer.StartAsync(
            run, new PostgresOptions { Settings = ["shared_buffers=32MB"] }, CancellationToken.None));
        await cluster.ExecuteAsync(
            $"CREATE ROLE {App} LOGIN PASSWORD '{Password}'",
            $"CREATE DATABASE ordersdb OWNER {App}", $"CREATE DATABASE pickingdb OWNER {App}");
        return cluster;
    }

    /// <summary>As a deployment would write it, with times short enough for a test.</summary>
    internal string ConnectionString(string database) => new NpgsqlConnectionStringBuilder(
        _server.ConnectionString(database))
    {
        Username = App,
        Password = Password,
        Timeout = 2,
        CommandTimeout = 2,
        CancellationTimeout = 500,
    }.ConnectionString;

    internal async Task ExecuteAsync(params string[] statements)
    {
        await using var connection = await StepInAsync("postgres");
        foreach (var sql in statements)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>A connection of the superuser to one of the databases.</summary>
    internal async Task<NpgsqlConnection> StepInAsync(string database)
    {
        var connection = new NpgsqlConnection(_server.ConnectionString(database) + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>What is set for a role or a database holds for new sessions.</summary>
    internal Task EndSessionsAsync() => ExecuteAsync(
        $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{App}'");

    internal Task StopAsync() => _server.Child.QuitAsync(CancellationToken.None);

    internal Task StartPostgresAsync() => _server.StartAsync(TimeProvider.System, CancellationToken.None);

    /// <summary>SIGSTOP: it holds its connections and answers nothing, like a host that hangs.</summary>
    internal void Freeze() => _server.Child.PauseAll();

    internal void Thaw() => _server.Child.ResumeAll();

    public ValueTask DisposeAsync() => _run.DisposeAsync();
}
