using System.Diagnostics;
using Npgsql;

namespace Fulfillment.Tests.Outages;

/// <summary>
/// A PostgreSQL of a test's own, to be stopped, frozen and misconfigured. The services sign in as "app", who owns both
/// databases and is no superuser; the test steps in as "postgres".
/// </summary>
public sealed class OutageCluster : IAsyncDisposable
{
    internal const string App = "app";
    private const string Password = "the-right-password";

    private static readonly string Programs = Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending()
            .Select(version => Path.Combine(version, "bin")).First(bin => File.Exists(Path.Combine(bin, "initdb")))
        : "";

    private readonly string _folder = Directory.CreateTempSubdirectory("fulfillment-outage-").FullName;
    private readonly int _port = TestServers.FreePort();
    private Process? _postgres;

    private OutageCluster() => AppDomain.CurrentDomain.ProcessExit += (_, _) => Kill();

    private string Data => Path.Combine(_folder, "pg");

    public static async Task<OutageCluster> StartAsync()
    {
        var cluster = new OutageCluster();
        Directory.CreateDirectory(cluster.Data);
        if (Environment.IsPrivilegedProcess)
        {
            await RunAsync("chmod", "755", cluster._folder);
            await RunAsync("chown", "postgres", cluster.Data);
        }

        await RunAsync(AsPostgres("initdb", "-D", cluster.Data, "-U", "postgres", "-A", "trust", "--locale=C", "-E",
            "UTF8", "-N"));
        // Whoever steps in needs no password; the services do.
        await File.WriteAllTextAsync(Path.Combine(cluster.Data, "pg_hba.conf"), """
            host all postgres 127.0.0.1/32 trust
            host all all 127.0.0.1/32 scram-sha-256
            """);
        await cluster.StartPostgresAsync();
        await cluster.ExecuteAsync(
            $"CREATE ROLE {App} LOGIN PASSWORD '{Password}'",
            $"CREATE DATABASE ordersdb OWNER {App}", $"CREATE DATABASE pickingdb OWNER {App}");
        return cluster;
    }

    /// <summary>As a deployment would write it, with times short enough for a test.</summary>
    internal string ConnectionString(string database) =>
        $"Host=127.0.0.1;Port={_port};Username={App};Password={Password};Database={database};" +
        "Timeout=2;Command Timeout=2;Cancellation Timeout=500";

    internal async Task ExecuteAsync(params string[] statements)
    {
        await using var connection = new NpgsqlConnection(
            $"Host=127.0.0.1;Port={_port};Username=postgres;Database=postgres;Pooling=false");
        await connection.OpenAsync();
        foreach (var sql in statements)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    /// <summary>A connection of the superuser to one of the databases.</summary>
    internal async Task<NpgsqlConnection> StepInAsync(string database)
    {
        var connection = new NpgsqlConnection(
            $"Host=127.0.0.1;Port={_port};Username=postgres;Database={database};Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>What is set for a role or a database holds for new sessions.</summary>
    internal Task EndSessionsAsync() => ExecuteAsync(
        $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{App}'");

    internal async Task StopAsync()
    {
        await RunAsync(AsPostgres("pg_ctl", "stop", "-D", Data, "-m", "immediate"));
        await _postgres!.WaitForExitAsync();
    }

    internal async Task StartPostgresAsync()
    {
        var start = AsPostgres(
            "postgres", "-D", Data, "-p", $"{_port}", "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=", "-c", "max_connections=60", "-c", "shared_buffers=32MB");
        start.RedirectStandardError = start.RedirectStandardOutput = true;
        _postgres = Process.Start(start)!;
        _postgres.ErrorDataReceived += static (_, _) => { };
        _postgres.BeginErrorReadLine();
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

    /// <summary>SIGSTOP: it holds its connections and answers nothing, like a host that hangs.</summary>
    internal Task FreezeAsync() => SignalAsync("-STOP");

    internal Task ThawAsync() => SignalAsync("-CONT");

    public async ValueTask DisposeAsync()
    {
        Kill();
        await _postgres!.WaitForExitAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task SignalAsync(string signal)
    {
        // The postmaster first, so that nobody is born in between.
        var postmaster = (await File.ReadAllLinesAsync(Path.Combine(Data, "postmaster.pid")))[0].Trim();
        await RunAsync("kill", signal, postmaster);
        foreach (var child in await ChildrenAsync(postmaster)) await RunAsync("kill", signal, child);
    }

    private static async Task<string[]> ChildrenAsync(string parent)
    {
        var start = new ProcessStartInfo("pgrep", ["-P", parent]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var children = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return children.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private void Kill()
    {
        if (_postgres is null || _postgres.HasExited) return;
        _postgres.Kill(entireProcessTree: true); // also when it is frozen
        _postgres.WaitForExit();
    }

    private static ProcessStartInfo AsPostgres(string program, params string[] arguments)
    {
        var path = Path.Combine(Programs, program);
        return Environment.IsPrivilegedProcess
            ? new ProcessStartInfo(
                "setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path, .. arguments])
            {
                WorkingDirectory = "/",
            }
            : new ProcessStartInfo(path, arguments);
    }

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
