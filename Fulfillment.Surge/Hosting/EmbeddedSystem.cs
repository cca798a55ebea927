using System.Diagnostics;
using Fulfillment.Surge.Wire;
using StackExchange.Redis;

namespace Fulfillment.Surge.Hosting;

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
    public long LogBytesMax { get; init; } = 16 << 20;
}

/// <summary>
/// The whole system on this machine: PostgreSQL, Redis, Orders and Picking as processes on free loopback ports. Every
/// process ends when this is disposed, and also when the process that holds it is killed (see <see cref="Nursery"/>).
/// </summary>
public sealed class EmbeddedSystem : IAsyncDisposable
{
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);

    private readonly EmbeddedOptions _options;
    private readonly TimeProvider _clock;
    private readonly RunFolder _folder;
    private readonly List<Child> _children = [];
    private readonly Lock _gate = new(); // replicas come and go while others look
    private readonly HttpClient _probe = new() { Timeout = TimeSpan.FromSeconds(2) };
    private int _pickingBorn;

    private EmbeddedSystem(EmbeddedOptions options, TimeProvider clock)
    {
        (_options, _clock) = (options, clock);
        _folder = RunFolder.Create(options.RunsFolder, clock);
    }

    /// <summary>artifacts/runs/ID: a log per child.</summary>
    public string Folder => _folder.Path;

    public string WarehouseId => _options.WarehouseId;
    public string? PickingProgram => _options.PickingProgram;
    public string OrdersDb { get; private set; } = "";
    public string PickingDb { get; private set; } = "";
    public string Redis { get; private set; } = "";
    public Keys Keys { get; } = Keys.Create();

    /// <summary>Null where none was asked for, or none could be mounted.</summary>
    public ClusterDisk? ClusterDisk { get; private set; }

    /// <summary>All of them, those that ended too.</summary>
    public IReadOnlyList<Child> Children
    {
        get { lock (_gate) return [.. _children]; }
    }

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
        await child.StartAsync();
        await WaitUntilHealthyAsync(child, cancellation);
        return child;
    }

    /// <summary>One more Picking replica, not started yet.</summary>
    internal Child BearPicking()
    {
        var number = Interlocked.Increment(ref _pickingBorn);
        return Service($"picking-{number}", "Fulfillment.Picking", Ports.Free(1)[0], PickingSettings());
    }

    /// <summary>Returns when the child's /health says so, after a start or a restart.</summary>
    public Task WaitUntilHealthyAsync(Child child, CancellationToken cancellation) =>
        Readiness.WaitAsync(child, token => IsHealthyAsync(child, token), _clock, cancellation);

    /// <summary>Redis loses everything, as it may at any moment.</summary>
    public async Task FlushRedisAsync(CancellationToken cancellation)
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync($"{Redis},allowAdmin=true")
            .WaitAsync(cancellation);
        foreach (var server in redis.GetServers()) await server.FlushAllDatabasesAsync().WaitAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        _probe.Dispose();
        // Services first, so that none of them mourns its stores in its log.
        await StopAllAsync(child => child.Url is not null);
        await StopAllAsync(child => child.Url is null);
        foreach (var child in Children) await child.DisposeAsync();
        ClusterDisk?.Dispose();
        ClusterFolder.Delete(_folder.Path);
    }

    private async Task StartStoresAsync(Action<string> progress, CancellationToken cancellation)
    {
        var ports = Ports.Free(2);
        (OrdersDb, PickingDb, Redis) = (_options.OrdersDb ?? "", _options.PickingDb ?? "", _options.Redis ?? "");
        if (OrdersDb.Length == 0 || PickingDb.Length == 0)
        {
            progress("PostgreSQL");
            var server = _options.ClusterOnDiskOfItsOwn
                ? await StartOnDiskAsync(ports[0], cancellation)
                : await PostgresServer.StartAsync(_folder, ports[0], Adopt, _clock, cancellation);
            await server.CreateDatabasesAsync(["ordersdb", "pickingdb"], cancellation);
            if (OrdersDb.Length == 0) OrdersDb = server.ConnectionString("ordersdb");
            if (PickingDb.Length == 0) PickingDb = server.ConnectionString("pickingdb");
        }

        if (Redis.Length > 0) return;
        progress("Redis");
        (_, Redis) = await RedisServer.StartAsync(_folder, ports[1], Adopt, _clock, cancellation);
    }

    // Its log is kept short, or it would fill the disk before a fault does.
    private Task<PostgresServer> StartOnDiskAsync(int port, CancellationToken cancellation)
    {
        var cluster = ClusterFolder.Make(_folder.Path, forAnotherUser: true);
        ClusterDisk = ClusterDisk.TryMount(cluster);
        return PostgresServer.StartAsync(
            cluster, port, Adopt, _clock, cancellation, "max_wal_size=256MB", "checkpoint_timeout=1min");
    }

    private async Task StartServicesAsync(Action<string> progress, CancellationToken cancellation)
    {
        progress("Orders and Picking");
        var ports = Ports.Free(_options.OrdersReplicas + _options.PickingReplicas + 1);
        var desk = new Dictionary<string, string>(PickingSettings()) { ["Worker__Enabled"] = "false" };
        if (_options.FloorDesk) Service("floor-1", "Fulfillment.Picking", ports[^1], desk);
        for (; _pickingBorn < _options.PickingReplicas; _pickingBorn++)
            Service($"picking-{_pickingBorn + 1}", "Fulfillment.Picking", ports[_pickingBorn], PickingSettings());
        var orders = new Dictionary<string, string>
        {
            ["ConnectionStrings__ordersdb"] = OrdersDb,
            ["Picking__Url"] = Floor.First().Url!,
        };
        for (var replica = 0; replica < _options.OrdersReplicas; replica++)
            Service($"orders-{replica + 1}", "Fulfillment.Orders", ports[_options.PickingReplicas + replica], orders);

        var services = Children.Where(child => child.Url is not null).ToList();
        foreach (var service in services) await service.StartAsync();
        await Task.WhenAll(services.Select(service => WaitUntilHealthyAsync(service, cancellation)));
    }

    private Dictionary<string, string> PickingSettings() => new()
    {
        ["ConnectionStrings__pickingdb"] = PickingDb,
        ["Warehouse__Id"] = WarehouseId,
        ["Floor__Key"] = Keys.Floor,
    };

    private Child Service(string name, string project, int port, IReadOnlyDictionary<string, string> settings)
    {
        var url = $"http://127.0.0.1:{port}";
        return Adopt(name, url, Signal.Terminate, () =>
        {
            var start = Nursery.Bound(Program(project), [], null, Signal.Kill);
            start.WorkingDirectory = BuildOutput.Folder(project);
            start.Environment["ASPNETCORE_URLS"] = url;
            start.Environment["PGAPPNAME"] = name; // who of us a session belongs to
            start.Environment["ConnectionStrings__redis"] = Redis;
            start.Environment["Operator__Key"] = Keys.Operator;
            start.Environment["Service__Key"] = Keys.Service;
            // A line per statement and per request would cost more than the work, and fill the log to its cap.
            start.Environment["Logging__LogLevel__Default"] = "Warning";
            foreach (var (key, value) in settings.Concat(_options.Settings)) start.Environment[key] = value;
            return start;
        });
    }

    private string Program(string project) =>
        project == "Fulfillment.Picking" && _options.PickingProgram is { } given
            ? given
            : BuildOutput.Executable(project);

    private IEnumerable<Child> Named(string prefix) =>
        Children.Where(child => child.Name.StartsWith(prefix, StringComparison.Ordinal));

    private Child Adopt(string name, Func<ProcessStartInfo> command, Signal stop) => Adopt(name, null, stop, command);

    private Child Adopt(string name, string? url, Signal stop, Func<ProcessStartInfo> command)
    {
        var child = new Child(name, url, command, new CappedLog(_folder.Log(name), _options.LogBytesMax), stop, _clock);
        lock (_gate) _children.Add(child);
        return child;
    }

    private async Task<bool> IsHealthyAsync(Child child, CancellationToken cancellation)
    {
        try
        {
            using var answer = await _probe.GetAsync(new Uri($"{child.Url}/health"), cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception notYet) when (notYet is HttpRequestException or TaskCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return false;
        }
    }

    private async Task StopAllAsync(Func<Child, bool> which) =>
        await Task.WhenAll(Children.Where(which).Select(child => child.StopAsync(StopGrace)));
}
