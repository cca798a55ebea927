using System.Diagnostics;
using System.Globalization;
using System.Net;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Infra;

/// <summary>A Redis of its own, whose users the test makes.</summary>
internal sealed class RedisProcess(Process process, int port, ConnectionMultiplexer administrator) : IAsyncDisposable
{
    internal string Address => $"127.0.0.1:{port}";

    private IServer Server => administrator.GetServers()[0];

    internal static async Task<RedisProcess> StartAsync()
    {
        var port = IdentityEndpoint.FreePort();
        var process = Process.Start(new ProcessStartInfo("redis-server",
            ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--requirepass",
                "administrator"])
        { RedirectStandardOutput = true })!;
        try
        {
            await Listening.WaitAsync(port, "Redis");
            var administrator = await ConnectionMultiplexer.ConnectAsync(
                $"127.0.0.1:{port},allowAdmin=true,password=administrator,connectRetry=5");
            return new RedisProcess(process, port, administrator);
        }
        catch
        {
            process.Kill(); // nobody else knows of it
            throw;
        }
    }

    internal Task LetInAsync(string user, string token) =>
        Server.ExecuteAsync("ACL", "SETUSER", user, "on", $">{token}", "~*", "&*", "+@all");

    internal Task ForgetAsync(string user, string token) => Server.ExecuteAsync("ACL", "SETUSER", user, $"<{token}");

    internal Task DropAsync(string user) => Server.ExecuteAsync("CLIENT", "KILL", "USER", user);

    internal async Task<int> ConnectionsOfAsync(string user) => ((string)(await Server.ExecuteAsync("CLIENT", "LIST"))!)
        .Split('\n').Count(line => line.Contains($" user={user} ", StringComparison.Ordinal));

    /// <summary>AUTH commands so far, those inside a HELLO not among them.</summary>
    internal async Task<int> SignInsAsync() => Number(await CommandStatisticsAsync("auth"), "calls=");

    /// <summary>How often somebody was refused.</summary>
    internal async Task<int> RefusedAsync() => ((RedisResult[])(await Server.ExecuteAsync("ACL", "LOG"))!).Length;

    public async ValueTask DisposeAsync()
    {
        await administrator.DisposeAsync();
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private async Task<string> CommandStatisticsAsync(string command) =>
        ((string)(await Server.ExecuteAsync("INFO", "commandstats"))!).Split('\n')
            .FirstOrDefault(line => line.StartsWith($"cmdstat_{command}:", StringComparison.Ordinal)) ?? "";

    private static int Number(string line, string name) =>
        line.IndexOf(name, StringComparison.Ordinal) is >= 0 and var at
        ? int.Parse(line[(at + name.Length)..].Split(',')[0], CultureInfo.InvariantCulture)
        : 0;
}

/// <summary>A PostgreSQL of its own that asks for a password, with one user.</summary>
internal sealed class PostgresProcess(Process process, int port, string folder) : IAsyncDisposable
{
    internal string Address => $"Host=127.0.0.1;Port={port};Database=postgres;Timeout=5;Pooling=true";

    internal static async Task<PostgresProcess> StartAsync(string user, string password)
    {
        var programs = Directory.EnumerateDirectories("/usr/lib/postgresql").Order().Last() + "/bin";
        var folder = Directory.CreateTempSubdirectory("postgres-").FullName;
        var data = Path.Combine(folder, "data");
        var passwordFile = Path.Combine(folder, "password");
        await File.WriteAllTextAsync(passwordFile, password);
        if (Environment.UserName == "root") await RunAsync("chown", "-R", "postgres", folder);
        await RunAsync([.. AsPostgres($"{programs}/initdb"), "-D", data, "-U", user, "--pwfile", passwordFile, "-A",
            "scram-sha-256", "--no-sync"]);
        var port = IdentityEndpoint.FreePort();
        string[] server = [.. AsPostgres($"{programs}/postgres"), "-D", data, "-p", $"{port}", "-k", folder, "-c",
            "listen_addresses=127.0.0.1", "-c", "fsync=off"];
        var process = Process.Start(new ProcessStartInfo(server[0], server[1..])
        {
            RedirectStandardError = true,
            WorkingDirectory = folder, // the user of the server may not be able to enter ours
        })!;
        process.BeginErrorReadLine();
        try
        {
            await Listening.WaitAsync(port, "PostgreSQL");
        }
        catch
        {
            process.Kill(); // its children notice that it is gone
            throw;
        }

        return new PostgresProcess(process, port, folder);
    }

    public async ValueTask DisposeAsync()
    {
        // The fast stop: SIGINT, as a process that is killed leaves its children.
        await RunAsync("kill", "-INT", $"{process.Id}");
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    // initdb and postgres refuse to run as root.
    private static string[] AsPostgres(string program) => Environment.UserName == "root"
        ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", program]
        : [program];

    private static async Task RunAsync(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        })!;
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{string.Join(' ', command)}: {error}");
    }
}

/// <summary>A server listens some time after its process has started; on a busy machine, some time more.</summary>
internal static class Listening
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    internal static async Task WaitAsync(int port, string server)
    {
        var started = Stopwatch.StartNew();
        while (!await ListensAsync(port))
        {
            Assert.True(started.Elapsed < Patience, $"{server} did not start");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    private static async Task<bool> ListensAsync(int port)
    {
        try
        {
            using var client = new System.Net.Sockets.TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (System.Net.Sockets.SocketException)
        {
            return false;
        }
    }
}
