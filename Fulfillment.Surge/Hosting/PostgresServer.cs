using System.Diagnostics;
using System.Security.Cryptography;
using Npgsql;

namespace Fulfillment.Surge.Hosting;

/// <summary>
/// A PostgreSQL cluster of the run's own. It is as durable as a real one (fsync and synchronous_commit stay on, so that
/// commits cost what they cost), only smaller.
/// </summary>
internal sealed class PostgresServer(Child child, string connectionString)
{
    internal const int ConnectionsMax = 200;
    private const string SuperUser = "fulfillment";

    // PostgreSQL refuses to run as root, so the user that its package made owns the cluster then.
    private const string UserUnderRoot = "postgres";

    // A desk with 2 cores and some GiB: no checkpoint in the middle of a minute's surge, everything else as shipped.
    private static readonly string[] Settings =
    [
        "listen_addresses=127.0.0.1", "unix_socket_directories=", $"max_connections={ConnectionsMax}",
        "shared_buffers=256MB", "max_wal_size=4GB", "checkpoint_timeout=15min", "log_lock_waits=on",
        "log_min_messages=warning",
    ];

    internal Child Child => child;

    /// <summary>For one database of the cluster.</summary>
    internal string ConnectionString(string database) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Database = database }.ConnectionString;

    internal static async Task<PostgresServer> StartAsync(
        RunFolder folder, int port, Func<string, Func<ProcessStartInfo>, Signal, Child> adopt, TimeProvider clock,
        CancellationToken cancellation, params string[] more)
    {
        var user = Environment.IsPrivilegedProcess && OperatingSystem.IsLinux() ? UserUnderRoot : null;
        var cluster = ClusterFolder.Make(folder.Path, forAnotherUser: user is not null);
        return await StartAsync(cluster, port, adopt, clock, cancellation, more);
    }

    /// <summary>In a folder that is there, empty and reachable for PostgreSQL's user.</summary>
    internal static async Task<PostgresServer> StartAsync(
        string cluster, int port, Func<string, Func<ProcessStartInfo>, Signal, Child> adopt, TimeProvider clock,
        CancellationToken cancellation, params string[] more)
    {
        var binaries = FindBinaries();
        var user = Environment.IsPrivilegedProcess && OperatingSystem.IsLinux() ? UserUnderRoot : null;
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        await InitAsync(binaries, cluster, password, user, cancellation);

        string[] arguments =
            ["-D", cluster, "-p", $"{port}", .. Settings.Concat(more).SelectMany(setting => new[] { "-c", setting })];
        var child = adopt(
            "postgres", () => Nursery.Bound(Path.Combine(binaries, "postgres"), arguments, user, Signal.Interrupt),
            Signal.Interrupt);
        await child.StartAsync();
        var server = new PostgresServer(child, new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Username = SuperUser,
            Password = password,
            Database = "postgres",
        }.ConnectionString);
        await Readiness.WaitAsync(child, server.AnswersAsync, clock, cancellation);
        return server;
    }

    internal async Task CreateDatabasesAsync(IEnumerable<string> names, CancellationToken cancellation)
    {
        await using var database = NpgsqlDataSource.Create(connectionString);
        foreach (var name in names)
        {
            await using var command = database.CreateCommand($"CREATE DATABASE {name}");
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        try
        {
            await using var database = NpgsqlDataSource.Create(connectionString);
            await using var command = database.CreateCommand("SELECT 1");
            return await command.ExecuteScalarAsync(cancellation) is 1;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    // Locale C: text sorts by byte, on every machine alike.
    private static async Task InitAsync(
        string binaries, string cluster, string password, string? user, CancellationToken cancellation)
    {
        Directory.CreateDirectory(cluster);
        var secret = $"{cluster}.secret";
        await File.WriteAllTextAsync(secret, password, cancellation);
        if (user is not null) await RunAsync("chown", ["-R", user, cluster, secret], null, cancellation);
        try
        {
            await RunAsync(
                Path.Combine(binaries, "initdb"),
                [
                    "-D", cluster, "-U", SuperUser, "--auth=scram-sha-256", $"--pwfile={secret}", "--locale=C",
                    "-E", "UTF8",
                ],
                user, cancellation);
        }
        finally
        {
            File.Delete(secret);
        }
    }

    private static async Task RunAsync(
        string program, IEnumerable<string> arguments, string? user, CancellationToken cancellation)
    {
        using var process = await Nursery.StartAsync(Nursery.Bound(program, arguments, user, Signal.Kill));
        process.StandardInput.Close();
        var said = process.StandardOutput.ReadToEndAsync(cancellation);
        var complained = await process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        await said;
        if (process.ExitCode != 0)
            throw new HostingException($"{Path.GetFileName(program)} failed: {complained.Trim()}");
    }

    /// <summary>The newest server binaries of this machine; Debian keeps them out of the PATH.</summary>
    internal static string FindBinaries()
    {
        string[] roots = ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", @"C:\Program Files\PostgreSQL"];
        var installed = roots.Where(Directory.Exists).SelectMany(root => Directory.GetDirectories(root))
            .Select(version => Path.Combine(version, "bin"))
            .OrderByDescending(bin => MajorVersion(Path.GetFileName(Path.GetDirectoryName(bin)!)))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator));
        return installed.FirstOrDefault(bin =>
                File.Exists(Path.Combine(bin, "initdb")) || File.Exists(Path.Combine(bin, "initdb.exe")))
            ?? throw new HostingException(
                "PostgreSQL's server binaries are not found", "./start.sh installs or names them");
    }

    private static int MajorVersion(string folder) =>
        int.TryParse(folder.Replace("postgresql@", "", StringComparison.Ordinal), out var version) ? version : 0;
}
