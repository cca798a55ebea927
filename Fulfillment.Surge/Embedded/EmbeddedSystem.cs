using Fulfillment.Hosting;
using Fulfillment.Surge.Wire;
using StackExchange.Redis;

namespace Fulfillment.Surge.Embedded;

/// <summary>What to start. A store that is named by its connection string is used as it is, and not stopped.</summary>
public sealed record EmbeddedOptions
{
    public int OrdersReplicas { get; init; } = 1;
    public int PickingReplicas { get; init; } = 1;
    public string? OrdersDb { get; init; }
    public string? PickingDb { get; init; }
    public string? Redis { get; init; }
    public string WarehouseId { get; init; } = "main";

    /// <summary>
    /// A Picking process without a worker serves the floor and the feed, so that the replicas do nothing but plan.
    /// </summary>
    public bool FloorDesk { get; init; }

    /// <summary>Picking's program where it is not the one built beside this one, such as a published binary.</summary>
    public string? PickingProgram { get; init; }

    /// <summary>Settings of the services beside the addresses and keys, as environment variables.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>The database cluster stands on a small disk of its own, where one can be mounted.</summary>
    public bool ClusterOnDiskOfItsOwn { get; init; }

    /// <summary>Where runs leave their logs.</summary>
    public string RunsFolder { get; init; } = BuildOutput.RunsFolder;

    /// <summary>Of each child; what a child prints beyond it is dropped and counted.</summary>
    public long LogBytesMax { get; init; } = LocalRun.LogBytesMax;
}

/// <summary>
/// The whole system on this machine: PostgreSQL, Redis, Orders and Picking as processes on free loopback ports. Every
/// process ends when this is disposed, and also when the process that holds it is killed (see <see cref="LocalRun"/>).
/// </summary>
public sealed class EmbeddedSystem : IAsyncDisposable
{
    private readonly EmbeddedOptions _options;
    private readonly LocalRun _run;
    private int _pickingBorn;

    private EmbeddedSystem(EmbeddedOptions options, TimeProvider clock) =>
        (_options, _run) = (options, new LocalRun(options.RunsFolder, clock, options.LogBytesMax));

    /// <summary>artifacts/runs/ID: a log per child.</summary>
    public string Folder => _run.Folder;

    public string WarehouseId => _options.WarehouseId;
    public string? PickingProgram => _options.PickingProgram;
    public string OrdersDb { get; private set; } = "";
    public string PickingDb { get; private set; } = "";
    public string Redis { get; private set; } = "";
    public Keys Keys { get; } = Keys.Create();

    /// <summary>Null where none was asked for, or none could be mounted.</summary>
    public ClusterDisk? ClusterDisk { get; private set; }

    /// <summary>All of them, those that ended too.</summary>
    public IReadOnlyList<Child> Children => _run.Children;

    public IEnumerable<Child> Orders => Named("orders-");

    public IEnumerable<Child> Picking => Named("picking-");

    /// <summary>Whom the floor and Orders' feed ask: the desk where there is one, else the replicas.</summary>
    public IEnumerable<Child> Floor => _options.FloorDesk ? Named("floor-") : Picking;

    /// <exception cref="HostingException">Something is missing or does not start; nothing is left running.</exception>
    public static async Task<EmbeddedSystem> StartAsync(
        EmbeddedOptions options, TimeProvider clock, Action<string> progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        var system = new EmbeddedSystem(options, clock);
        try
        {
            await system.StartStoresAsync(progress, cancellation);
            await system.StartServicesAsync(progress, cancellation);
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    /// <summary>One more Picking replica, ready when this returns.</summary>
    public async Task<Child> AddPickingAsync(CancellationToken cancellation)
    {
        var child = BearPicking();
        await _run.StartAsync(child, cancellation);
        return child;
    }

    /// <summary>One more Picking replica, not started yet.</summary>
    internal Child BearPicking() => Service(
        $"picking-{Interlocked.Increment(ref _pickingBorn)}",
        _options.PickingProgram ?? BuildOutput.Executable("Fulfillment.Picking"), PickingSettings());

    /// <summary>Returns when the child's /health says so, after a start or a restart.</summary>
    public Task WaitUntilHealthyAsync(Child child, CancellationToken cancellation) =>
        _run.WaitUntilHealthyAsync(child, cancellation);

    /// <summary>Redis loses everything, as it may at any moment.</summary>
    public async Task FlushRedisAsync(CancellationToken cancellation)
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync($"{Redis},allowAdmin=true")
            .WaitAsync(cancellation);
        foreach (var server in redis.GetServers()) await server.FlushAllDatabasesAsync().WaitAsync(cancellation);
    }

    public ValueTask DisposeAsync() => _run.DisposeAsync();

    private async Task StartStoresAsync(Action<string> progress, CancellationToken cancellation)
    {
        (OrdersDb, PickingDb, Redis) = (_options.OrdersDb ?? "", _options.PickingDb ?? "", _options.Redis ?? "");
        if (OrdersDb.Length == 0 || PickingDb.Length == 0)
        {
            progress("PostgreSQL");
            var server = await PostgresServer.StartAsync(
                _run,
                new PostgresOptions
                {
                    Databases = ["ordersdb", "pickingdb"],
                    OnDiskOfItsOwn = _options.ClusterOnDiskOfItsOwn,
                    // Its log is kept short, or it would fill the disk before a fault does.
                    Settings = _options.ClusterOnDiskOfItsOwn ? ["max_wal_size=256MB", "checkpoint_timeout=1min"] : [],
                },
                cancellation);
            ClusterDisk = server.Disk;
            if (OrdersDb.Length == 0) OrdersDb = server.ConnectionString("ordersdb");
            if (PickingDb.Length == 0) PickingDb = server.ConnectionString("pickingdb");
        }

        if (Redis.Length > 0) return;
        progress("Redis");
        Redis = (await RedisServer.StartAsync(_run, cancellation)).Endpoint;
    }

    private async Task StartServicesAsync(Action<string> progress, CancellationToken cancellation)
    {
        progress("Orders and Picking");
        if (_options.FloorDesk)
        {
            var desk = new Dictionary<string, string>(PickingSettings()) { ["Worker__Enabled"] = "false" };
            Service("floor-1", _options.PickingProgram ?? BuildOutput.Executable("Fulfillment.Picking"), desk);
        }

        while (_pickingBorn < _options.PickingReplicas) BearPicking();
        var orders = new Dictionary<string, string>
        {
            ["ConnectionStrings__ordersdb"] = OrdersDb,
            ["Picking__Url"] = Floor.First().Url!,
        };
        for (var replica = 1; replica <= _options.OrdersReplicas; replica++)
            Service($"orders-{replica}", BuildOutput.Executable("Fulfillment.Orders"), orders);

        await Task.WhenAll(Children.Where(child => child.Url is not null)
            .Select(service => _run.StartAsync(service, cancellation)));
    }

    private Dictionary<string, string> PickingSettings() => new()
    {
        ["ConnectionStrings__pickingdb"] = PickingDb,
        ["Warehouse__Id"] = WarehouseId,
        ["Floor__Key"] = Keys.Floor,
    };

    private Child Service(string name, string program, IReadOnlyDictionary<string, string> settings)
    {
        var all = new Dictionary<string, string>
        {
            ["ConnectionStrings__redis"] = Redis,
            ["Operator__Key"] = Keys.Operator,
            ["Lead__Key"] = Keys.Lead,
            ["Service__Key"] = Keys.Service,
            // A line per statement and per request would cost more than the work, and fill the log to its cap.
            ["Logging__LogLevel__Default"] = "Warning",
        };
        foreach (var (key, value) in settings.Concat(_options.Settings)) all[key] = value;
        return _run.AddService(name, program, all);
    }

    private IEnumerable<Child> Named(string prefix) =>
        Children.Where(child => child.Name.StartsWith(prefix, StringComparison.Ordinal));
}
