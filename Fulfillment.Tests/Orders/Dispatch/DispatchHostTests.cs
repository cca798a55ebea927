using Fulfillment.Orders.Catalog;
using Fulfillment.Orders.Dispatch;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.Leadership;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Fulfillment.Tests.Orders.Dispatch;

public sealed class DispatchHostTests(TestServers servers)
{
    [Fact]
    public async Task Of_two_replicas_one_dispatches_and_the_other_goes_on_when_the_first_loses_its_lock()
    {
        await using var room = await Backroom.OpenAsync(servers);
        room.Options.StreamLength = 10_000;
        room.Options.RetryDelay = TimeSpan.FromMilliseconds(50);
        await room.AddClientAsync("brand");
        await using var first = await RunningHost.StartAsync(room);
        await using var second = await RunningHost.StartAsync(room);
        await room.AddOrdersAsync("brand", orders: 200, lines: 1);
        await Eventually.HoldsAsync(async () => await room.Redis.StreamLengthAsync(room.Stream) > 0);

        await room.CutActiveReplicasAsync();
        await room.AddOrdersAsync("brand", orders: 200, lines: 1);
        await Eventually.HoldsAsync(async () => await room.CountAsync("Waiting") == 0);
        await Eventually.HoldsAsync(async () =>
            (await room.StandingAsync()).Select(entry => entry.Release).Distinct().Count() == 400);
        Assert.Equal(1, await room.ActiveReplicasAsync());
    }

    [Fact]
    public async Task A_warehouse_that_is_new_gets_its_relay_and_a_pulse_wakes_it()
    {
        await using var room = await Backroom.OpenAsync(servers);
        room.Options.RetryDelay = TimeSpan.FromMilliseconds(50);
        room.Options.IdleDelay = TimeSpan.FromHours(1); // only a pulse can wake it
        await room.ExecuteAsync("DELETE FROM warehouses");
        await using var host = await RunningHost.StartAsync(room);
        await room.ExecuteAsync(
            "INSERT INTO warehouses (warehouse_id, name, created_at) VALUES ($1, 'New', now())", room.Warehouse);
        await room.AddClientAsync("brand");
        await Eventually.HoldsAsync(async () => await room.ScalarAsync<long>("SELECT count(*) FROM fair_queues") == 1);
        await room.AddOrdersAsync("brand", orders: 3);
        await Eventually.HoldsAsync(async () =>
        {
            host.Signal.Pulse();
            return await room.Redis.StreamLengthAsync(room.Stream) == 3;
        });
    }

    [Fact]
    public async Task A_signal_taken_before_looking_is_not_missed()
    {
        var signal = new DispatchSignal();
        var next = signal.Next;
        signal.Pulse();
        await next;
        Assert.False(signal.Next.IsCompleted);
    }

    private sealed class RunningHost(DispatchHost host, Leaderships leaderships, DispatchSignal signal)
        : IAsyncDisposable
    {
        internal DispatchSignal Signal => signal;

        internal static async Task<RunningHost> StartAsync(Backroom room)
        {
            var signal = new DispatchSignal();
            var leaderships = Leaders.Of(room.Database, room.Meters);
            await leaderships.StartAsync(CancellationToken.None);
            var sites = PickingSites.From(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
            {
                [$"Picking:{room.Warehouse}:Url"] = "http://127.0.0.1:1",
                ["Service:Key"] = OrdersFixture.ServiceKey,
            }).Build());
            var host = new DispatchHost(
                room.Database, leaderships, sites, room.Multiplexer, room.Options, signal, new DispatchMetrics(room.Meters),
                TimeProvider.System, StopAt.Nowhere, NullLogger<DispatchHost>.Instance);
            await host.StartAsync(CancellationToken.None);
            return new RunningHost(host, leaderships, signal);
        }

        public async ValueTask DisposeAsync()
        {
            await host.StopAsync(CancellationToken.None);
            await leaderships.StopAsync(CancellationToken.None);
            host.Dispose();
            leaderships.Dispose();
        }
    }
}
