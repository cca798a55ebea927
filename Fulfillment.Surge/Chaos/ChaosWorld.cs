using System.Collections.Concurrent;
using Fulfillment.Hosting;
using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Floor;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Wire;

namespace Fulfillment.Surge.Chaos;

/// <summary>The system under the storm, the hands that the faults reach it with, and who uses it meanwhile.</summary>
internal sealed class ChaosWorld : IAsyncDisposable
{
    private readonly ConcurrentQueue<Guid> _forged = new();
    private readonly ServiceApi _orders;
    private readonly ServiceApi _picking;

    private ChaosWorld(
        ChaosSettings settings, EmbeddedSystem system, PostgresAdmin postgres,
        (ServiceApi Orders, ServiceApi Picking) apis, IReadOnlyDictionary<string, string> keys, TimeProvider clock)
    {
        (Settings, System, Postgres, Clock) = (settings, system, postgres, clock);
        (_orders, _picking) = apis;
        Redis = new RedisAdmin(system.Redis);
        Watch = new Watch(system, clock);
        Traffic = new Traffic(_orders, system.Keys.Operator, keys, Acknowledged, settings.Seed, clock);
        Probe = new Probe(system, keys[Probe.ClientId], Traffic.ProbeSku, Acknowledged, clock);
        Floor = new SimulatedFloor(_picking, system.Keys.Floor, new PickingTimes(200), clock)
        {
            Careless = new Carelessness(walkOffOneIn: 40, confirmTwiceOneIn: 5, settings.Seed),
        };
    }

    internal ChaosSettings Settings { get; }
    internal EmbeddedSystem System { get; }
    internal TimeProvider Clock { get; }
    internal Acknowledgements Acknowledged { get; } = new();
    internal PostgresAdmin Postgres { get; }
    internal RedisAdmin Redis { get; }
    internal Watch Watch { get; }
    internal Traffic Traffic { get; }
    internal Probe Probe { get; }
    internal SimulatedFloor Floor { get; }

    /// <summary>Null where none could be mounted.</summary>
    internal ClusterDisk? ClusterDisk => System.ClusterDisk;

    internal Child PostgresServer => System.Children.Single(child => child.Name == "postgres");

    internal Child RedisServer => System.Children.Single(child => child.Name == "redis");

    /// <summary>Orders that nobody placed.</summary>
    internal IReadOnlyCollection<Guid> Forged => _forged;

    internal Guid Forge()
    {
        var order = Guid.CreateVersion7(Clock.GetUtcNow());
        _forged.Enqueue(order);
        return order;
    }

    internal static async Task<ChaosWorld> StartAsync(
        ChaosSettings settings, EmbeddedOptions options, TimeProvider clock, Action<string> progress,
        CancellationToken cancellation)
    {
        var system = await EmbeddedSystem.StartAsync(
            options with
            {
                OrdersReplicas = settings.OrdersReplicas,
                PickingReplicas = settings.PickingReplicas,
                Settings = settings.ServiceSettings().Concat(options.Settings).ToLookup(pair => pair.Key)
                    .ToDictionary(pair => pair.Key, pair => pair.Last().Value),
                ClusterOnDiskOfItsOwn = true,
            },
            clock, progress, cancellation);
        progress("receiving stock");
        var orders = new ServiceApi(system.Orders.Select(child => child.Url!));
        var picking = new ServiceApi(system.Picking.Select(child => child.Url!));
        var keys = await Stocking.StockAsync(
            new(system.Keys.Operator, system.WarehouseId), orders, picking, Traffic.Stock(), shortPercent: 0,
            settings.Seed, cancellation);
        var postgres = await PostgresAdmin.CreateAsync(system.OrdersDb, cancellation);
        return new ChaosWorld(settings, system, postgres, (orders, picking), keys, clock);
    }

    public async ValueTask DisposeAsync()
    {
        Probe.Dispose();
        _orders.Dispose();
        _picking.Dispose();
        await System.DisposeAsync();
    }
}
