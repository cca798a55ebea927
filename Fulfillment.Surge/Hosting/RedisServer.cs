using System.Diagnostics;
using StackExchange.Redis;

namespace Fulfillment.Surge.Hosting;

/// <summary>A Redis of the run's own, without persistence: nothing that only Redis knows may matter.</summary>
internal static class RedisServer
{
    internal static async Task<(Child Child, string ConnectionString)> StartAsync(
        RunFolder folder, int port, Func<string, Func<ProcessStartInfo>, Signal, Child> adopt, TimeProvider clock,
        CancellationToken cancellation)
    {
        string[] arguments =
        [
            "--bind", "127.0.0.1", "--port", $"{port}", "--save", "", "--appendonly", "no", "--dir", folder.Path,
        ];
        var child = adopt("redis", () => Nursery.Bound(Find(), arguments, null, Signal.Kill), Signal.Terminate);
        await child.StartAsync();
        var connectionString = $"127.0.0.1:{port}";
        await Readiness.WaitAsync(child, token => AnswersAsync(connectionString, token), clock, cancellation);
        return (child, connectionString);
    }

    private static async Task<bool> AnswersAsync(string connectionString, CancellationToken cancellation)
    {
        try
        {
            await using var redis = await ConnectionMultiplexer.ConnectAsync(connectionString).WaitAsync(cancellation);
            await redis.GetDatabase().PingAsync().WaitAsync(cancellation);
            return true;
        }
        catch (RedisException)
        {
            return false;
        }
    }

    private static string Find()
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        string[] folders = [.. path.Split(Path.PathSeparator), "/usr/bin", "/opt/homebrew/bin"];
        string[] names = ["redis-server", "redis-server.exe"];
        return folders.SelectMany(folder => names.Select(name => Path.Combine(folder, name)))
                .FirstOrDefault(File.Exists)
            ?? throw new HostingException("redis-server is not found", "./start.sh installs or names it");
    }
}
