using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.Progress;
using Fulfillment.ServiceDefaults;
using Fulfillment.Tests.Orders.Dispatch;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Fulfillment.Tests.Orders.Progress;

public sealed class FeedReaderTests(TestServers servers)
{
    [Fact]
    public async Task A_reader_that_dies_again_and_again_applies_every_event_once()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        var releases = await Applied.DispatchedAsync(room, orders: 200);
        foreach (var release in releases) feed.Add(release, EventKinds.Planned);
        foreach (var release in releases)
            feed.Add(release, EventKinds.Picking, lines: new PickedLine(1, "sku-1", 2, 0));
        foreach (var release in releases) feed.Add(release, EventKinds.Picked, lines: new PickedLine(2, "sku-2", 1, 1));

        await using var first = await RunningReader.StartAsync(room, feed, pageMax: 50, applyMax: 8);
        await using var second = await RunningReader.StartAsync(room, feed, pageMax: 50, applyMax: 8);
        for (var kill = 1L; kill <= 5; kill++)
        {
            await Eventually.HoldsAsync(async () => await AppliedAsync(room) >= kill * 100);
            await room.CutActiveReplicasAsync();
        }

        await Eventually.HoldsAsync(async () => await AppliedAsync(room) >= 600);
        Assert.Equal(600, await AppliedAsync(room));
        Assert.Equal(200, await room.ScalarAsync<long>(
            "SELECT count(*) FROM releases WHERE state = 'Picked' AND feed_version = 3"));
        Assert.Equal(200, await room.ScalarAsync<long>("SELECT missing FROM stock WHERE sku = 'sku-2'"));
        Assert.Equal(200, await room.ScalarAsync<long>("SELECT sum(quantity) FROM backorders"));
        await Applied.AssertStockAddsUpAsync(room);
        await Eventually.HoldsAsync(() =>
            Task.FromResult(first.Freed.Contains("sku-2") || second.Freed.Contains("sku-2"))); // for the backorders
    }

    [Fact]
    public async Task A_gap_stops_the_feed_loudly_without_skipping_and_it_goes_on_when_repaired()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        var releases = await Applied.DispatchedAsync(room, orders: 3);
        feed.Add(releases[0], EventKinds.Planned);
        var wrong = feed.Add(releases[1], EventKinds.Planned, version: 2);
        feed.Add(releases[2], EventKinds.Planned);

        await using var reader = await RunningReader.StartAsync(room, feed, applyMax: 1);
        await Eventually.HoldsAsync(async () => (await reader.HealthAsync()).Status == HealthStatus.Degraded);
        Assert.Contains($"{releases[1].OrderId}", (await reader.HealthAsync()).Description);
        Assert.Contains(LogLevel.Critical, reader.Logged);
        var answers = feed.Answers;
        await Eventually.HoldsAsync(() => Task.FromResult(feed.Answers > answers + 2)); // it has tried again meanwhile
        Assert.Equal((1, 1), (await AppliedAsync(room), await room.CountAsync("Planned")));

        feed.Repair(wrong, wrong with { Version = 1 });
        await Eventually.HoldsAsync(async () => await room.CountAsync("Planned") == 3);
        await Eventually.HoldsAsync(async () => (await reader.HealthAsync()).Status == HealthStatus.Healthy);
    }

    [Fact]
    public async Task What_the_schema_refuses_stops_the_feed_too()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        var release = (await Applied.DispatchedAsync(room, orders: 1))[0];
        feed.Add(release, EventKinds.Planned);
        feed.Add(release, EventKinds.Picking, lines: new PickedLine(1, "sku-1", 3, 0)); // two were allocated
        await using var reader = await RunningReader.StartAsync(room, feed, applyMax: 1);
        await Eventually.HoldsAsync(async () => (await reader.HealthAsync()).Status == HealthStatus.Degraded);
        Assert.Contains("allocations_cover", (await reader.HealthAsync()).Description);
        Assert.Equal(1, await AppliedAsync(room));
    }

    [Fact]
    public async Task An_empty_feed_is_told_to_the_relay()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        await using var reader = await RunningReader.StartAsync(room, feed);
        await Eventually.HoldsAsync(async () =>
            await room.ScalarAsync<long>("SELECT count(*) FROM feed_cursors WHERE caught_up_at IS NOT NULL") == 1);
    }

    [Fact]
    public async Task Picking_may_be_away_or_refuse_and_is_asked_again()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        var release = (await Applied.DispatchedAsync(room, orders: 1))[0];
        feed.Add(release, EventKinds.Planned);
        await using (var refused = await RunningReader.StartAsync(room, feed, key: "service.wrong"))
        {
            await Eventually.HoldsAsync(() => Task.FromResult(feed.Answers > 2));
            Assert.Equal(1, await room.CountAsync("Dispatched"));
            Assert.Equal(HealthStatus.Healthy, (await refused.HealthAsync()).Status);
            Assert.Contains(LogLevel.Warning, refused.Logged);
        }

        await using var reader = await RunningReader.StartAsync(room, feed);
        await Eventually.HoldsAsync(async () => await room.CountAsync("Planned") == 1);
    }

    private static async Task<long> AppliedAsync(Backroom room) =>
        await room.ScalarAsync<long>("SELECT COALESCE((SELECT applied FROM feed_cursors), 0)");

    private sealed class RunningReader(FeedReader reader, FeedState state, ServiceProvider services, LevelLog log)
        : IAsyncDisposable
    {
        internal System.Collections.Concurrent.ConcurrentBag<string> Freed { get; } = [];

        internal IReadOnlyCollection<LogLevel> Logged => log.Levels;

        internal static async Task<RunningReader> StartAsync(
            Backroom room, FakePicking feed, int pageMax = 1000, int applyMax = 256, string key = FakePicking.Key)
        {
            var settings = new ConfigurationBuilder().AddInMemoryCollection(
                new Dictionary<string, string?> { ["Picking:Url"] = feed.Url, ["Service:Key"] = key }).Build();
            var collection = new ServiceCollection();
            collection.AddMetrics().AddHttpClient(
                FeedClient.HttpClientName, client => FeedClient.Configure(client, settings));
            var services = collection.BuildServiceProvider();
            var options = new ProgressOptions
            {
                PageMax = pageMax,
                ApplyMax = applyMax,
                Wait = TimeSpan.Zero,
                RetryDelay = TimeSpan.FromMilliseconds(20),
                StoppedDelay = TimeSpan.FromMilliseconds(20),
            };
            var state = new FeedState(services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());
            var log = new LevelLog();
            RunningReader? running = null;
            var reader = new FeedReader(
                room.Database, new FeedClient(services.GetRequiredService<IHttpClientFactory>(), options), options,
                state,
                new DispatchSignal(), TimeProvider.System, StopAt.Nowhere, log, (_, skus, _) =>
                {
                    foreach (var sku in skus) running!.Freed.Add(sku);
                    return ValueTask.CompletedTask;
                });
            running = new RunningReader(reader, state, services, log);
            await reader.StartAsync(CancellationToken.None);
            return running;
        }

        internal Task<HealthCheckResult> HealthAsync() => state.CheckHealthAsync(new HealthCheckContext());

        public async ValueTask DisposeAsync()
        {
            await reader.StopAsync(CancellationToken.None);
            reader.Dispose();
            await services.DisposeAsync();
        }
    }

    private sealed class LevelLog : ILogger<FeedReader>
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<LogLevel> _levels = [];

        internal IReadOnlyCollection<LogLevel> Levels => _levels;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => _levels.Enqueue(logLevel);
    }
}
