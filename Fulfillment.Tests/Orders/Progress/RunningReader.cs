using System.Collections.Concurrent;
using Fulfillment.Orders.Catalog;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.Progress;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.Leadership;
using Fulfillment.Tests.Orders.Dispatch;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fulfillment.Tests.Orders.Progress;

/// <summary>A replica that reads the feeds of a room, or stands by.</summary>
internal sealed class RunningReader : IAsyncDisposable
{
    private readonly KeptLog _log = new();
    private readonly ServiceProvider _services;
    private readonly FeedState _state;
    private readonly Leaderships _leaderships;
    private readonly FeedHost _host;

    private RunningReader(Backroom room, IConfiguration settings, ProgressOptions options)
    {
        var collection = new ServiceCollection();
        collection.AddMetrics().AddHttpClient(FeedClient.HttpClientName);
        _services = collection.BuildServiceProvider();
        _state = new FeedState(
            _services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), TimeProvider.System);
        var freed = new FreedStock(NullLogger<FreedStock>.Instance, (_, skus, _) =>
        {
            foreach (var sku in skus) Freed.Add(sku);
            return ValueTask.CompletedTask;
        });
        var sites = PickingSites.From(settings);
        var client = new FeedClient(_services.GetRequiredService<IHttpClientFactory>(), sites, options);
        _leaderships = Leaders.Of(
            room.Database, _services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());
        _host = new FeedHost(
            _leaderships, client, options, _state, freed, new DispatchSignal(), sites, TimeProvider.System,
            StopAt.Nowhere, _log);
    }

    internal ConcurrentBag<string> Freed { get; } = [];

    internal IReadOnlyCollection<LogLevel> Logged => [.. _log.Kept.Select(line => line.Level)];

    internal IEnumerable<string> Lines => _log.Kept.Select(line => line.Text);

    internal static async Task<RunningReader> StartAsync(
        Backroom room, FakePicking feed, int pageMax = 1000, int applyMax = 256, string key = FakePicking.Key,
        int parkMax = 20, (string Name, string Value)? more = null)
    {
        var settings = new Dictionary<string, string?>
        {
            [$"Picking:{room.Warehouse}:Url"] = feed.Url,
            ["Service:Key"] = key,
        };
        if (more is var (name, value)) settings[name] = value;
        var reader = new RunningReader(
            room, new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), new ProgressOptions
            {
                PageMax = pageMax,
                ApplyMax = applyMax,
                Wait = TimeSpan.Zero,
                RetryDelay = TimeSpan.FromMilliseconds(20),
                StoppedDelay = TimeSpan.FromMilliseconds(20),
                ParkedDelay = TimeSpan.FromMilliseconds(20),
                ParkPerMinuteMax = parkMax,
            });
        await reader._leaderships.StartAsync(CancellationToken.None);
        await reader._host.StartAsync(CancellationToken.None);
        return reader;
    }

    internal Task<HealthCheckResult> HealthAsync() => _state.CheckHealthAsync(new HealthCheckContext());

    internal FeedStatus Status(Backroom room) => _state.Find(room.Warehouse)!;

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(CancellationToken.None);
        _host.Dispose();
        await _leaderships.StopAsync(CancellationToken.None);
        _leaderships.Dispose();
        await _services.DisposeAsync();
    }

    private sealed class KeptLog : ILogger<FeedHost>
    {
        internal ConcurrentQueue<(LogLevel Level, string Text)> Kept { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception,
            Func<TState, Exception?, string> formatter) => Kept.Enqueue((logLevel, formatter(state, exception)));
    }
}
