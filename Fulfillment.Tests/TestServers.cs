using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;

[assembly: Xunit.AssemblyFixture(typeof(Fulfillment.Tests.TestServers))]

namespace Fulfillment.Tests;

/// <summary>
/// One Postgres cluster and one redis-server for the whole test run, in a folder that goes with them. Each test class
/// makes databases of its own, copied from a migrated template.
/// </summary>
public sealed class TestServers : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("fulfillment-tests-").FullName;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Dictionary<string, string> _templates = [];
    private readonly List<RedisServer> _redis = [];
    private Process? _postgres;
    private int _postgresPort;
    private int _databases;

    public TestServers() => AppDomain.CurrentDomain.ProcessExit += (_, _) => StopPostgres();

    /// <summary>The connection string of a fresh, migrated ordersdb.</summary>
    public Task<string> CreateOrdersDatabaseAsync() => CreateDatabaseAsync("orders", "Fulfillment.Orders");

    /// <summary>The connection string of a fresh, migrated pickingdb.</summary>
    public Task<string> CreatePickingDatabaseAsync() => CreateDatabaseAsync("picking", "Fulfillment.Picking");

    /// <summary>host:port of the shared Redis: use keys of your own (a warehouse id), and never flush it.</summary>
    public async Task<string> RedisEndpointAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_redis.Count == 0) _redis.Add(await RedisServer.StartAsync(Path.Combine(_root, "redis")));
            return _redis[0].Endpoint;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A Redis of one's own, to flush or to kill.</summary>
    public Task<RedisServer> StartRedisAsync() =>
        RedisServer.StartAsync(Path.Combine(_root, $"redis-{Guid.NewGuid():N}"));

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        foreach (var server in _redis) await server.DisposeAsync();
        StopPostgres();
        Directory.Delete(_root, recursive: true);
    }

    private async Task<string> CreateDatabaseAsync(string kind, string assembly)
    {
        await _gate.WaitAsync();
        try
        {
            if (_postgres is null) await StartPostgresAsync();
            if (!_templates.TryGetValue(kind, out var template))
            {
                template = $"{kind}_template";
                await ExecuteAsync($"CREATE DATABASE {template}");
                await using (var source = NpgsqlDataSource.Create(ConnectionString(template)))
                {
                    await Migrator.MigrateAsync(
                        source, System.Reflection.Assembly.Load(assembly), NullLogger.Instance, CancellationToken.None);
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

    private string ConnectionString(string database) =>
        $"Host=127.0.0.1;Port={_postgresPort};Username=postgres;Database={database};Maximum Pool Size=30;" +
        "Max Auto Prepare=64;Auto Prepare Min Usages=2;Timeout=30";

    private async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres") + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private async Task StartPostgresAsync()
    {
        var data = Path.Combine(_root, "pg");
        Directory.CreateDirectory(data);
        if (Environment.IsPrivilegedProcess)
        {
            // Postgres refuses to run as root.
            await RunAsync("chmod", "755", _root);
            await RunAsync("chown", "postgres", data);
        }

        await RunAsPostgresAsync("initdb", "-D", data, "-U", "postgres", "-A", "trust", "--locale=C", "-E", "UTF8", "-N");
        _postgresPort = FreePort();
        var start = AsPostgres(
            "postgres", "-D", data, "-p", $"{_postgresPort}", "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=", "-c", "max_connections=300", "-c", "shared_buffers=64MB");
        start.RedirectStandardError = start.RedirectStandardOutput = true;
        _postgres = Process.Start(start)!;
        _postgres.ErrorDataReceived += static (_, _) => { };
        _postgres.OutputDataReceived += static (_, _) => { };
        _postgres.BeginErrorReadLine();
        _postgres.BeginOutputReadLine();
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                await ExecuteAsync("SELECT 1");
                return true;
            }
            catch (NpgsqlException)
            {
                return false;
            }
        });
    }

    private void StopPostgres()
    {
        if (_postgres is null || _postgres.HasExited) return;
        _postgres.Kill(entireProcessTree: true);
        _postgres.WaitForExit();
    }

    private static ProcessStartInfo AsPostgres(string program, params string[] arguments)
    {
        var path = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending()
                .Select(version => Path.Combine(version, "bin", program)).First(File.Exists)
            : program;
        return Environment.IsPrivilegedProcess
            ? new ProcessStartInfo(
                "setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments])
            {
                WorkingDirectory = "/", // he may not be able to enter ours
            }
            : new ProcessStartInfo(path, arguments);
    }

    private static Task RunAsPostgresAsync(string program, params string[] arguments) =>
        RunAsync(AsPostgres(program, arguments));

    private static Task RunAsync(string program, params string[] arguments) =>
        RunAsync(new ProcessStartInfo(program, arguments));

    private static async Task RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{start.FileName} failed: {await output}{await errors}");
    }
}

/// <summary>A redis-server of the tests, without a disk.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly Process _process;

    private RedisServer(Process process, int port) => (_process, Endpoint) = (process, $"127.0.0.1:{port}");

    public string Endpoint { get; }

    public static async Task<RedisServer> StartAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        var port = TestServers.FreePort();
        var process = Process.Start(new ProcessStartInfo(
            "redis-server",
            ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder,
                "--logfile", Path.Combine(folder, "redis.log")]))!;
        var server = new RedisServer(process, port);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => server.Kill();
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                await using var redis = await ConnectionMultiplexer.ConnectAsync(server.Endpoint);
                return true;
            }
            catch (RedisConnectionException)
            {
                return false;
            }
        });
        return server;
    }

    public void Kill()
    {
        if (!_process.HasExited) _process.Kill();
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await _process.WaitForExitAsync();
    }
}
