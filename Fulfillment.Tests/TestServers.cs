using Fulfillment.Hosting;
using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

[assembly: Xunit.AssemblyFixture(typeof(Fulfillment.Tests.TestServers))]

namespace Fulfillment.Tests;

/// <summary>
/// One Postgres cluster and one redis-server for the whole test run, in a folder that goes with them. Each test class
/// makes databases of its own, copied from a migrated template.
/// </summary>
public sealed class TestServers : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Dictionary<string, string> _templates = [];
    private PostgresServer? _postgres;
    private RedisServer? _redis;
    private int _databases;

    /// <summary>Whatever any test starts is adopted here, and ends with the tests.</summary>
    internal static LocalRun Run { get; } = new(BuildOutput.RunsFolder + "-of-tests", TimeProvider.System);

    /// <summary>The connection string of a fresh, migrated ordersdb.</summary>
    public Task<string> CreateOrdersDatabaseAsync() => CreateDatabaseAsync("orders", "Fulfillment.Orders");

    /// <summary>The connection string of a fresh, migrated pickingdb.</summary>
    public Task<string> CreatePickingDatabaseAsync() => CreateDatabaseAsync("picking", "Fulfillment.Picking");

    /// <summary>
    /// A copy of a database as it is now, under a running service: its connections are cut for as long as that takes.
    /// </summary>
    public async Task<string> CopyDatabaseAsync(string connectionString)
    {
        var original = new NpgsqlConnectionStringBuilder(connectionString).Database!;
        await _gate.WaitAsync();
        try
        {
            var name = $"copy_{++_databases}";
            await ExecuteAsync($"ALTER DATABASE {original} ALLOW_CONNECTIONS false");
            await ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{original}'");
            await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {original}");
            await ExecuteAsync($"ALTER DATABASE {original} ALLOW_CONNECTIONS true");
            return ConnectionString(name);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>host:port of the shared Redis: use keys of your own (a warehouse id), and never flush it.</summary>
    public async Task<string> RedisEndpointAsync()
    {
        await _gate.WaitAsync();
        try
        {
            return (_redis ??= await StartRedisAsync()).Endpoint;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A Redis of one's own, to flush or to kill.</summary>
    public static Task<RedisServer> StartRedisAsync() => RedisServer.StartAsync(Run, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await Run.DisposeAsync();
        Directory.Delete(Run.Folder, recursive: true);
    }

    /// <summary>The connection string of a database with nothing in it.</summary>
    public async Task<string> CreateEmptyDatabaseAsync()
    {
        await CreateOrdersDatabaseAsync(); // the server stands
        var name = $"empty_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE DATABASE {name}");
        return ConnectionString(name);
    }

    private async Task<string> CreateDatabaseAsync(string kind, string assembly)
    {
        await _gate.WaitAsync();
        try
        {
            _postgres ??= await PostgresServer.StartAsync(
                Run, new PostgresOptions { Settings = ["shared_buffers=64MB", "max_connections=300"] }, CancellationToken.None);
            if (!_templates.TryGetValue(kind, out var template))
            {
                template = $"{kind}_template";
                await ExecuteAsync($"CREATE DATABASE {template}");
                await using (var source = NpgsqlDataSource.Create(ConnectionString(template)))
                {
                    await Migrator.MigrateAsync(
                        source, System.Reflection.Assembly.Load(assembly), new MigrationOptions(), TimeProvider.System,
                        NullLogger.Instance, CancellationToken.None);
                }

                NpgsqlConnection.ClearAllPools();
                _templates.Add(kind, template);
            }

            var name = $"{kind}_{++_databases}";
            await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {template}");
            return ConnectionString(name);
        }
        finally
        {
            _gate.Release();
        }
    }

    private string ConnectionString(string database) => _postgres!.ConnectionString(database)
        + ";Maximum Pool Size=30;Max Auto Prepare=64;Auto Prepare Min Usages=2;Timeout=30;Command Timeout=30"
        + ";Persist Security Info=true"; // a test makes sources of its own from a source

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
