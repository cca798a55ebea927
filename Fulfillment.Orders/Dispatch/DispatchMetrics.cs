using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Fulfillment.Orders.Dispatch;

/// <summary>
/// Meter <c>Fulfillment.Orders.Dispatch</c>. The backlog in Postgres is a metric of its own, since the scale rule sees
/// only the stream: it is blind to the backlog when the relay is down. Alert on its age.
/// </summary>
internal sealed class DispatchMetrics
{
    internal const string MeterName = "Fulfillment.Orders.Dispatch";

    private readonly Counter<long> _published;
    private readonly Counter<long> _republished;
    private readonly ConcurrentDictionary<string, (long Waiting, double OldestSeconds)> _backlogs = new();
    private readonly ConcurrentDictionary<string, long> _depths = new();

    public DispatchMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _published = meter.CreateCounter<long>(
            "fulfillment.dispatch.published", "{message}", "Releases and signals put onto the stream, again or first");
        _republished = meter.CreateCounter<long>(
            "fulfillment.dispatch.republished", "{release}", "Releases published again because they stood nowhere");
        meter.CreateObservableGauge(
            "fulfillment.backlog.releases", () => _backlogs.Select(of => Of(of.Key, of.Value.Waiting)), "{release}",
            "Releases that wait in Postgres for room on the stream");
        meter.CreateObservableGauge(
            "fulfillment.backlog.age", () => _backlogs.Select(of => Of(of.Key, of.Value.OldestSeconds)), "s",
            "Age of the oldest release that waits in Postgres");
        meter.CreateObservableGauge(
            "fulfillment.dispatch.stream.depth", () => _depths.Select(of => Of(of.Key, of.Value)), "{message}",
            "Entries on the stream, waiting and in flight");
    }

    internal void Published(string warehouseId, int messages) => _published.Add(messages, Tag(warehouseId));

    internal void Republished(string warehouseId, int releases) => _republished.Add(releases, Tag(warehouseId));

    internal void Depth(string warehouseId, long depth) => _depths[warehouseId] = depth;

    internal void Backlog(string warehouseId, long waiting, double oldestSeconds) =>
        _backlogs[warehouseId] = (waiting, oldestSeconds);

    /// <summary>This replica is no longer the warehouse's relay: another one tells its depth.</summary>
    internal void ForgetDepth(string warehouseId) => _depths.TryRemove(warehouseId, out _);

    /// <summary>Another replica counts what waits.</summary>
    internal void ForgetBacklogs() => _backlogs.Clear();

    private static Measurement<T> Of<T>(string warehouseId, T value) where T : struct => new(value, Tag(warehouseId));

    private static KeyValuePair<string, object?> Tag(string warehouseId) => new("warehouse", warehouseId);
}
