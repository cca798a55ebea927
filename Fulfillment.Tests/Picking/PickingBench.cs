using System.Diagnostics.Metrics;
using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Picking;
using Fulfillment.Picking.Feed;
using Fulfillment.Picking.Floor;
using Fulfillment.Picking.Intake;
using Fulfillment.Picking.Toggle;
using Fulfillment.Picking.Tours;
using Fulfillment.Picking.Warehouse;
using Fulfillment.Planning;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Picking;

/// <summary>
/// One warehouse on a database of its own and its own keys in Redis, with workers driven poll by poll.
/// </summary>
internal sealed class PickingBench : IAsyncDisposable
{
    internal const string Client = "acme";

    private PickingTelemetry? _telemetry;

    private PickingBench(NpgsqlDataSource database, string connectionString, ConnectionMultiplexer redis,
        string endpoint, PickingSettings settings) =>
        (Database, ConnectionString, Redis, RedisEndpoint, Settings) =
            (database, connectionString, redis, endpoint, settings);

    internal NpgsqlDataSource Database { get; }

    internal string ConnectionString { get; }

    internal ConnectionMultiplexer Redis { get; }

    internal string RedisEndpoint { get; }

    internal PickingSettings Settings { get; }

    /// <summary>Its meters are of a factory of this bench alone: <see cref="Meters"/>.</summary>
    internal PickingTelemetry Telemetry => _telemetry ??= new PickingTelemetry(Meters);

    internal IMeterFactory Meters { get; } =
        new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>();

    internal IDatabase Keys => Redis.GetDatabase();

    internal RedisKey Stream => StreamNames.Orders(Settings.WarehouseId);

    internal static async Task<PickingBench> CreateAsync(
        TestServers servers, Func<PickingSettings, PickingSettings>? change = null, string? redisEndpoint = null)
    {
        var connectionString = await servers.CreatePickingDatabaseAsync();
        var endpoint = redisEndpoint ?? await servers.RedisEndpointAsync();
        var settings = new PickingSettings
        {
            WarehouseId = $"w{Guid.NewGuid():N}"[..20],
            PoolWait = TimeSpan.Zero,
            ClaimAfter = TimeSpan.FromMilliseconds(200),
            ClaimEvery = TimeSpan.Zero,
            FeedPoll = TimeSpan.FromMilliseconds(10),
        };
        var redis = await ConnectionMultiplexer.ConnectAsync(endpoint + ",allowAdmin=true,abortConnect=false");
        return new PickingBench(
            NpgsqlDataSource.Create(connectionString), connectionString, redis, endpoint, change?.Invoke(settings)
                ?? settings);
    }

    /// <summary>
    /// A worker of its own name. Its queue is given too, for what no poll does. <paramref name="toggle"/> is what this
    /// replica knows of the toggle: without one, off.
    /// </summary>
    internal (IntakeWorker Worker, PickingQueue Queue) Worker(
        Faults? faults = null, ToggleState? toggle = null, TimeProvider? clock = null)
    {
        faults ??= Faults.None;
        var queue = new PickingQueue(Redis, Settings, TimeProvider.System);
        var watch = Watch();
        if (toggle is not null) watch.Take(new VersionedToggle(1, toggle));
        var choice = new PlannerChoice(
            Settings, faults, Telemetry, TimeProvider.System, NullLogger<PlannerChoice>.Instance);
        var plan = new PlanPool(
            Database, Settings, WarehouseLayout.Default, choice, watch, new CommitPlan(Database, Settings), faults,
            Telemetry, TimeProvider.System);
        var alone = new PlanAlone(
            plan, new LoneFailures(Database, Settings, TimeProvider.System), Telemetry, NullLogger<PlanAlone>.Instance);
        return (new IntakeWorker(
            queue, plan, alone, Database, Settings, Telemetry, clock ?? TimeProvider.System,
            NullLogger<IntakeWorker>.Instance), queue);
    }

    /// <summary>A replica's watch of the toggle, not begun.</summary>
    internal ToggleWatch Watch(TimeProvider? clock = null, NpgsqlDataSource? database = null) => new(
        database ?? Database, Settings, Telemetry, clock ?? TimeProvider.System, NullLogger<ToggleWatch>.Instance);

    internal async Task SlotAsync(
        string sku, int aisle, int bay, string side = "L", short rank = 1, string client = Client)
    {
        var put = await SlotEndpoints.PutAsync(
            [new SlotRequest(client, sku, rank, aisle, bay, side)], Database, Settings, WarehouseLayout.Default,
            CancellationToken.None);
        Assert.IsType<Ok<SlotsPut>>(put.Result);
    }

    /// <summary>
    /// Lines of SKUs with these names, each numbered from 1 and wanting <paramref name="quantity"/> units.
    /// </summary>
    internal ReleaseMessage Release(string[] skus, int quantity = 2, DateTimeOffset? shipBy = null) => new()
    {
        WarehouseId = Settings.WarehouseId,
        ClientId = Client,
        OrderId = Guid.NewGuid(),
        ReleaseNo = 1,
        AcceptedAt = TimeProvider.System.GetUtcNow(),
        ShipBy = shipBy ?? TimeProvider.System.GetUtcNow().AddHours(4),
        Lines = [.. skus.Select((sku, i) => new ReleaseLine(i + 1, sku, quantity))],
    };

    internal async Task<RedisValue> PublishAsync(ReleaseMessage release) => await Keys.StreamAddAsync(Stream,
        [
            new(StreamFields.Kind, MessageKinds.Release),
            new(StreamFields.Body, JsonSerializer.SerializeToUtf8Bytes(release, ContractsJson.Default.ReleaseMessage)),
        ]);

    internal async Task SignalAsync(ReleaseMessage release, string kind, int signalNo = 1)
    {
        var signal = new SignalMessage
        {
            WarehouseId = release.WarehouseId,
            ClientId = release.ClientId,
            OrderId = release.OrderId,
            ReleaseNo = release.ReleaseNo,
            SignalNo = signalNo,
        };
        await Keys.StreamAddAsync(Stream,
            [
                new(StreamFields.Kind, kind),
                new(StreamFields.Body,
                    JsonSerializer.SerializeToUtf8Bytes(signal, ContractsJson.Default.SignalMessage)),
            ]);
    }

    /// <summary>Polls until the stream is empty: everything is settled.</summary>
    internal async Task DrainAsync(IntakeWorker? worker = null)
    {
        worker ??= Worker().Worker;
        await Eventually.HoldsAsync(async () =>
        {
            while (await worker.PollOnceAsync(CancellationToken.None) == Poll.Again)
            {
                // Go again at once.
            }

            return await Keys.StreamLengthAsync(Stream) == 0;
        });
    }

    /// <summary>
    /// What the feed has, once it has all: other tests of the same server have transactions open, and the feed shows
    /// nothing that is not older than all of them.
    /// </summary>
    internal async Task<IReadOnlyList<FeedEvent>> EventsAsync()
    {
        IReadOnlyList<FeedEvent> events = [];
        await Eventually.HoldsAsync(async () =>
        {
            events = await PageAsync();
            return events.Count == await ScalarAsync<long>("SELECT count(*) FROM events");
        });
        return events;
    }

    /// <summary>What the feed has now.</summary>
    internal async Task<IReadOnlyList<FeedEvent>> PageAsync() => (await FeedPageAsync()).Events;

    /// <summary>The same, with what is held back.</summary>
    internal Task<FeedPage> FeedPageAsync() =>
        EventFeed.ReadAsync(Database, Settings.WarehouseId, FeedCursor.Start, 1_000, CancellationToken.None);

    internal async Task<string[]> KindsAsync(ReleaseMessage release) =>
        [.. (await EventsAsync()).Where(e => e.OrderId == release.OrderId).OrderBy(e => e.Version)
            .Select(e => $"{e.Version} {e.Kind}")];

    internal async Task<FloorTour?> NextAsync(string picker)
    {
        var next = await NextTour.HandleAsync(
            new NextTourRequest(picker), Database, Settings, CancellationToken.None);
        return next.Result is Ok<FloorTour> ok ? ok.Value : null;
    }

    internal async Task<(ConfirmAnswer? Answer, string? Code, int Status)> ConfirmAsync(
        FloorTour tour, string picker, IReadOnlyList<Scan> scans, int? fence = null)
    {
        var request = new ConfirmRequest(picker, fence ?? tour.Fence, scans);
        var result = await ConfirmTour.HandleAsync(
            tour.TourId, request, Database, Settings, CancellationToken.None);
        return result.Result switch
        {
            Ok<ConfirmAnswer> ok => (ok.Value, null, 200),
            JsonHttpResult<Problem> no => (null, no.Value!.Code, no.StatusCode!.Value),
            _ => throw new InvalidOperationException("An outcome that confirm does not have."),
        };
    }

    /// <summary>The right scan of a task: all of it, or with so many short.</summary>
    internal static Scan ScanOf(FloorTask task, int shortUnits = 0, string id = "s1") =>
        new(id, task.TaskNo, task.Location, task.Sku, task.Tote, task.Quantity - shortUnits, shortUnits);

    internal async Task ExecuteAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    internal async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Settings of a real process on this bench.</summary>
    internal Dictionary<string, string> ProcessSettings(params (string Name, string Value)[] more)
    {
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings:pickingdb"] = ConnectionString,
            ["ConnectionStrings:redis"] = RedisEndpoint,
            ["Warehouse:Id"] = Settings.WarehouseId,
            ["Pool:WaitMilliseconds"] = "0",
            ["Claim:AfterMilliseconds"] = "300",
            ["Claim:EveryMilliseconds"] = "50",
            ["Worker:HeartbeatMilliseconds"] = "100",
            ["Operator:Key"] = OperatorKey,
            ["Service:Key"] = ServiceKey,
            ["Floor:Key"] = FloorKey,
        };
        foreach (var (name, value) in more) settings[name] = value;
        return settings;
    }

    internal const string OperatorKey = "operator.operator-secret-of-the-tests";
    internal const string ServiceKey = "service.service-secret-of-the-tests";
    internal const string FloorKey = "floor.floor-secret-of-the-tests";

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        await Redis.DisposeAsync();
    }
}
