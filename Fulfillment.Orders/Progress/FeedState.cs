using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Fulfillment.Contracts;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// How the feeds that this replica reads are doing, by warehouse, as a health check and as meter
/// <c>Fulfillment.Orders.Progress</c>. Trouble makes the replica Degraded and never unready: orders are taken all the
/// same. A replica that stood down tells nothing of them any more; another one does.
/// </summary>
internal sealed class FeedState : IHealthCheck
{
    internal const string MeterName = "Fulfillment.Orders.Progress";

    private readonly ConcurrentDictionary<string, FeedStatus> _feeds = new(StringComparer.Ordinal);
    private readonly Counter<long> _applied;
    private readonly Counter<long> _parked;

    public FeedState(IMeterFactory meters, TimeProvider clock)
    {
        Clock = clock;
        var meter = meters.Create(MeterName);
        _applied = meter.CreateCounter<long>("fulfillment.progress.applied", "{event}", "Events of Picking applied");
        _parked = meter.CreateCounter<long>(
            "fulfillment.progress.parking", "{release}", "Releases parked because an event of theirs did not fit");
        Gauge(
            "fulfillment.progress.stopped", "{feed}", "1 while the feed stands still",
            feed => feed.Trouble is null ? 0 : 1);
        Gauge("fulfillment.progress.parked", "{release}", "Releases that are parked", feed => feed.Parked);
        Gauge(
            "fulfillment.progress.held_back", "{event}", "Events that wait behind an open transaction in Picking",
            feed => feed.HeldBack?.Events ?? 0);
        Gauge(
            "fulfillment.progress.lag", "s", "How far this feed is behind: what is held back, unread, or just applied",
            feed => feed.LagSeconds);

        void Gauge(string name, string unit, string description, Func<FeedStatus, double> value) =>
            meter.CreateObservableGauge(
                name,
                () => _feeds.Select(of => new Measurement<double>(value(of.Value), Tag(of.Key))),
                unit, description);
    }

    internal TimeProvider Clock { get; }

    /// <summary>This replica reads the feed of this warehouse from now on.</summary>
    internal FeedStatus Begin(string warehouseId) => _feeds[warehouseId] = new FeedStatus(this, warehouseId);

    internal FeedStatus? Find(string warehouseId) => _feeds.GetValueOrDefault(warehouseId);

    /// <summary>It does not any more.</summary>
    internal void End(string warehouseId) => _feeds.TryRemove(warehouseId, out _);

    internal void CountApplied(string warehouseId, int events) => _applied.Add(events, Tag(warehouseId));

    internal void CountParked(string warehouseId, int releases) =>
        _parked.Add(releases, Tag(warehouseId));

    private static KeyValuePair<string, object?> Tag(string warehouseId) => new("warehouse", warehouseId);

    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var troubles = _feeds.SelectMany(of => of.Value.Words().Select(words => $"{of.Key}: {words}"))
            .Order(StringComparer.Ordinal).ToList();
        return Task.FromResult(troubles.Count == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded($"Picking's event feed of {string.Join("; ", troubles)}"));
    }
}

/// <summary>One warehouse's feed, as its reader sees it.</summary>
internal sealed class FeedStatus(FeedState feeds, string warehouseId)
{
    private readonly Lock _gate = new();
    private long _wellAt = feeds.Clock.GetTimestamp();
    private long _heldAt;
    private double _lagSeconds;

    /// <summary>Why the feed stands still, or cannot be read; null while it goes on.</summary>
    internal string? Trouble { get; private set; }

    internal HeldBack? HeldBack { get; private set; }

    /// <summary>Releases that wait for a person.</summary>
    internal int Parked { get; set; }

    internal double LagSeconds
    {
        get
        {
            lock (_gate)
            {
                var trouble = Trouble is null ? 0 : feeds.Clock.GetElapsedTime(_wellAt).TotalSeconds;
                var held = HeldBack is { } back ? back.Seconds + feeds.Clock.GetElapsedTime(_heldAt).TotalSeconds : 0;
                return Math.Max(_lagSeconds, Math.Max(trouble, held));
            }
        }
    }

    /// <summary>True when that is news: it should be told once.</summary>
    internal bool Stands(string because)
    {
        lock (_gate)
        {
            var news = Trouble != because;
            Trouble = because;
            return news;
        }
    }

    /// <summary>A page was read and applied; true when it was in trouble before.</summary>
    internal bool GoesOn()
    {
        lock (_gate)
        {
            var news = Trouble is not null;
            (Trouble, _wellAt) = (null, feeds.Clock.GetTimestamp());
            return news;
        }
    }

    /// <summary>True when something begins to be held back, or ends to be.</summary>
    internal bool Holds(HeldBack? back)
    {
        lock (_gate)
        {
            var news = HeldBack is null != back is null;
            (HeldBack, _heldAt) = (back, feeds.Clock.GetTimestamp());
            return news;
        }
    }

    internal void Applied(int events, TimeSpan lag)
    {
        feeds.CountApplied(warehouseId, events);
        lock (_gate) _lagSeconds = Math.Max(0, lag.TotalSeconds);
    }

    internal void CaughtUp()
    {
        lock (_gate) _lagSeconds = 0;
    }

    internal void NowParked(int releases)
    {
        Parked += releases;
        feeds.CountParked(warehouseId, releases);
    }

    internal IEnumerable<string> Words()
    {
        if (Trouble is { } trouble) yield return trouble;
        if (Parked > 0) yield return $"{Parked} releases are parked (GET /feed/parked)";
        if (HeldBack is { } back)
        {
            yield return $"{back.Events} events are held back since {back.Since:u} by an open transaction "
                + $"({back.By ?? "whose it is may not be seen"})";
        }
    }
}
