using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Autoscaling;

/// <summary>A real redis-server of its own on a free loopback port, in memory only, gone with the tests.</summary>
public sealed class RedisServer : IAsyncLifetime
{
    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(20);
    private Process? server;
    private int streams;

    public ConnectionMultiplexer Connection { get; private set; } = null!;
    public IDatabase Database => Connection.GetDatabase();

    public async ValueTask InitializeAsync()
    {
        var port = FreePort();
        server = Process.Start(new ProcessStartInfo("redis-server",
            ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        { RedirectStandardOutput = true })!;
        server.OutputDataReceived += static (_, _) => { };
        server.BeginOutputReadLine();
        Connection = await ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions
        {
            EndPoints = { { IPAddress.Loopback, port } },
            AbortOnConnectFail = false,
            ConnectRetry = 20,
            AllowAdmin = true,
        });
        var deadline = TimeProvider.System.GetTimestamp();
        while (!Connection.IsConnected)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(deadline) < StartMax, "redis-server did not start.");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>A key that no other test has.</summary>
    public string NewStream() => $"picking:test-{Interlocked.Increment(ref streams)}:orders";

    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        server!.Kill();
        await server.WaitForExitAsync();
        server.Dispose();
    }

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
