using Fulfillment.Hosting;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Autoscaling;

/// <summary>A real Redis of these tests' own, and a client.</summary>
public sealed class RedisOfOnesOwn : IAsyncLifetime
{
    private RedisServer? _server;
    private int _streams;

    public ConnectionMultiplexer Connection { get; private set; } = null!;
    public IDatabase Database => Connection.GetDatabase();

    public async ValueTask InitializeAsync()
    {
        _server = await RedisServer.StartAsync(TestServers.Run, CancellationToken.None);
        Connection = await ConnectionMultiplexer.ConnectAsync($"{_server.Endpoint},allowAdmin=true");
    }

    /// <summary>A key that no other test has.</summary>
    public string NewStream() => $"picking:test-{Interlocked.Increment(ref _streams)}:orders";

    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        await _server!.DisposeAsync();
    }
}
