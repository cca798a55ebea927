using Fulfillment.Contracts;
using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Floor;
using Fulfillment.Surge.Invariants;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Replicas;
using Fulfillment.Surge.Wire;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Surge.Replicas;

/// <summary>Real processes all the way: PostgreSQL, Redis, Orders, a desk for the floor, and replicas that come and go.</summary>
public sealed class PickingReplicasTests
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;
    private static readonly TimeProvider Clock = TimeProvider.System;

    [Fact]
    public async Task Replicas_start_drain_on_SIGTERM_and_leave_nothing_behind()
    {
        using var shares = CpuShares.Open(TimeProvider.System);
        await using var system = await StartAsync([]);
        await using var replicas = new PickingReplicas(system, shares, cores: 0.5, Clock);
        Assert.Equal((1, 1), (replicas.SpecCount, replicas.ReadyCount));

        await replicas.ScaleToAsync(3, Cancellation);
        Assert.Equal(3, replicas.SpecCount);
        await replicas.WaitUntilReadyAsync(Cancellation);
        Assert.Equal(3, replicas.ReadyCount);
        Assert.Equal(2, replicas.Startups.Count);

        // One of them is told to stop before it is up: it must not stay behind either.
        await replicas.ScaleToAsync(4, Cancellation);
        await replicas.ScaleToAsync(1, Cancellation);
        await Eventually.HoldsAsync(() => Task.FromResult(replicas.DrainingCount == 0));
        Assert.Equal((1, 1), (replicas.SpecCount, replicas.ReadyCount));
        Assert.Equal(0, replicas.KilledDraining);
        Assert.Equal(1, system.Picking.Count(child => child.Running));
        await using var redis = await ConnectionMultiplexer.ConnectAsync(system.Redis);
        Assert.Equal(1, await redis.GetDatabase().SortedSetLengthAsync(StreamNames.Workers(system.WarehouseId)));
    }

    [Fact]
    public async Task A_replica_of_the_set_cannot_be_the_last_to_go()
    {
        using var shares = CpuShares.Open(TimeProvider.System);
        await using var system = await StartAsync([]);
        await using var replicas = new PickingReplicas(system, shares, null, Clock);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await replicas.ScaleToAsync(0, Cancellation));
    }

    [Fact]
    public async Task A_worker_that_is_killed_while_it_drains_loses_nothing()
    {
        // A pool waits long for more, so that the worker has its entries in hand when the blow comes.
        await using var system = await StartAsync(new()
        {
            ["Pool__WaitMilliseconds"] = "20000",
            ["Claim__AfterMilliseconds"] = "100000",
        });
        await using var world = await World.BeginAsync(system);
        await using var redis = await ConnectionMultiplexer.ConnectAsync(system.Redis);
        var stream = StreamNames.Orders(system.WarehouseId);
        var first = system.Picking.Single();

        await world.SendAsync();
        await Eventually.HoldsAsync(async () => await InHandAsync() > 0);
        first.Pause(); // what it has in hand it now keeps, and the stop finds it so
        await Eventually.HoldsAsync(async () =>
            (await ReleaseCounts.ReadAsync(world.OrdersDb, Cancellation)).Waiting == 0);
        Assert.True(first.Terminate());
        await first.KillAsync(Cancellation);
        Assert.True(await InHandAsync() > 0);

        // Another one takes over what nobody renews any more: here the test says that the time is over.
        await system.AddPickingAsync(Cancellation);
        await redis.GetDatabase().ScriptEvaluateAsync(AgeScript, [stream], [StreamNames.Group]);
        await world.FinishAsync();

        async Task<long> InHandAsync() =>
            await redis.GetDatabase().KeyExistsAsync(stream)
                ? (await redis.GetDatabase().StreamPendingAsync(stream, StreamNames.Group)).PendingMessageCount
                : 0;
    }

    // XCLAIM with IDLE sets the idle time: the claim time of the dead worker's entries is over at once.
    private const string AgeScript = """
        local entries = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 10000)
        for _, entry in ipairs(entries) do
            redis.call('XCLAIM', KEYS[1], ARGV[1], entry[2], 0, entry[1], 'IDLE', 100000000, 'JUSTID')
        end
        return #entries
        """;

    private static Task<EmbeddedSystem> StartAsync(Dictionary<string, string> settings) => EmbeddedSystem.StartAsync(
        new EmbeddedOptions { FloorDesk = true, Settings = settings }, Clock, _ => { }, Cancellation);

    /// <summary>Some orders, the floor that picks them, and the invariants at the end.</summary>
    private sealed class World(EmbeddedSystem system, Workload workload, Dictionary<string, string> keys,
        ServiceApi orders, ServiceApi desk) : IAsyncDisposable
    {
        private readonly Acknowledgements _acknowledged = new();
        private readonly NpgsqlDataSource _pickingDb = NpgsqlDataSource.Create(system.PickingDb);

        internal NpgsqlDataSource OrdersDb { get; } = NpgsqlDataSource.Create(system.OrdersDb);

        internal static async Task<World> BeginAsync(EmbeddedSystem system)
        {
            var (orders, desk) = (new ServiceApi(system.Orders.Select(child => child.Url!)),
                new ServiceApi(system.Floor.Select(child => child.Url!)));
            var workload = HolidayProfile.Build(60, ratePerSecond: 200, seed: 11);
            var keys = await Stocking.StockAsync(
                new StockedSite(system.Keys.Operator, system.WarehouseId), orders, desk, workload, 0, 11, Cancellation);
            return new World(system, workload, keys, orders, desk);
        }

        internal Task SendAsync() => new OpenLoop(orders, keys, _acknowledged, Clock).RunAsync(workload, 11, Cancellation);

        internal async Task FinishAsync()
        {
            using var shift = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
            var floor = new SimulatedFloor(desk, system.Keys.Floor, new PickingTimes(100_000), Clock);
            var working = floor.RunAsync(5, shift.Token);
            await Eventually.HoldsAsync(async () => (await ReleaseCounts.ReadAsync(OrdersDb, Cancellation)).Open == 0);
            await shift.CancelAsync();
            await working;
            var findings = await InvariantCheck.RunAsync(OrdersDb, _pickingDb, _acknowledged, Cancellation);
            Assert.Empty(InvariantCheck.ToReport(findings).Details);
            Assert.Equal(workload.Orders.Count, _acknowledged.Accepted);
        }

        public async ValueTask DisposeAsync()
        {
            orders.Dispose();
            desk.Dispose();
            await OrdersDb.DisposeAsync();
            await _pickingDb.DisposeAsync();
        }
    }
}
