using System.Diagnostics.Metrics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Fulfillment.Orders.Progress;

/// <summary>An event that must not be: applying anything after it would be a guess. The feed stops here.</summary>
internal sealed class FeedStoppedException(string reason, Exception? inner = null) : Exception(reason, inner);

/// <summary>
/// Whether the feed goes on, as a health check and as meter <c>Fulfillment.Orders.Progress</c>. A stopped feed makes
/// the replica that reads it Degraded, until what stopped it is repaired: orders are taken all the same.
/// </summary>
internal sealed class FeedState : IHealthCheck
{
    internal const string MeterName = "Fulfillment.Orders.Progress";

    private readonly Counter<long> _applied;
    private long _lagMs;

    public FeedState(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _applied = meter.CreateCounter<long>("fulfillment.progress.applied", "{event}", "Events of Picking applied");
        meter.CreateObservableGauge(
            "fulfillment.progress.stopped", () => StoppedBecause is null ? 0 : 1, "{feed}",
            "1 while the feed is stopped");
        meter.CreateObservableGauge(
            "fulfillment.progress.lag", () => Interlocked.Read(ref _lagMs) / 1000.0, "s",
            "Age of the last event when it was applied; 0 when none waits");
    }

    /// <summary>Why the feed stands still; null while it goes on.</summary>
    internal string? StoppedBecause { get; private set; }

    internal void Stopped(string reason) => StoppedBecause = reason;

    internal void GoesOn() => StoppedBecause = null;

    internal void Applied(int events, TimeSpan lag)
    {
        _applied.Add(events);
        Interlocked.Exchange(ref _lagMs, Math.Max(0, (long)lag.TotalMilliseconds));
    }

    internal void CaughtUp() => Interlocked.Exchange(ref _lagMs, 0);

    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(StoppedBecause is { } reason
            ? HealthCheckResult.Degraded($"Picking's event feed is stopped: {reason}")
            : HealthCheckResult.Healthy());
}
