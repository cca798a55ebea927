using StackExchange.Redis;

namespace Fulfillment.Hosting;

/// <summary>A Redis of a run's own, without persistence: nothing that only Redis knows may matter.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private RedisServer(Child child, int port) => (Child, Endpoint) = (child, $"127.0.0.1:{port}");

    public Child Child { get; }

    /// <summary>host:port.</summary>
    public string Endpoint { get; }

    /// <summary>What it is told beside its port: on loopback, in memory only.</summary>
    public static IReadOnlyList<string> InMemory { get; } = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];

    /// <summary>Starts one and returns when it answers.</summary>
    /// <param name="run">Ends it, if nobody did before.</param>
    /// <param name="password">What it asks for; nothing where null.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="HostingException">It is not installed, or does not start.</exception>
    public static async Task<RedisServer> StartAsync(
        LocalRun run, CancellationToken cancellation, string? password = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        var (program, port) = (StorePrograms.Redis, Ports.Free());
        IEnumerable<string> secret = password is null ? [] : ["--requirepass", password];
        string[] arguments = ["--port", $"{port}", .. InMemory, .. secret, "--dir", run.Folder];
        var child = run.Adopt("redis", null, Signal.Terminate, () => Nursery.Bound(program, arguments));
        await child.StartAsync();
        var server = new RedisServer(child, port);
        var connection = password is null ? server.Endpoint : $"{server.Endpoint},password={password}";
        await Readiness.WaitAsync(child, token => AnswersAsync(connection, token), run.Clock, cancellation);
        return server;
    }

    public ValueTask DisposeAsync() => Child.DisposeAsync();

    private static async Task<bool> AnswersAsync(string connection, CancellationToken cancellation)
    {
        try
        {
            await using var redis = await ConnectionMultiplexer.ConnectAsync(connection).WaitAsync(cancellation);
            await redis.GetDatabase().PingAsync().WaitAsync(cancellation);
            return true;
        }
        catch (RedisException)
        {
            return false;
        }
    }
}
