using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Fulfillment.ServiceDefaults.Leadership;

/// <summary>
/// Meter <c>Fulfillment.Leadership</c>: whether this process is the active one, by name. Alert where the sum over all
/// processes is 0: nobody leads.
/// </summary>
public sealed class LeadershipMetrics
{
    internal const string MeterName = "Fulfillment.Leadership";

    private readonly ConcurrentDictionary<string, bool> _active = new(StringComparer.Ordinal);
    private readonly Counter<long> _deposed;
    private readonly Counter<long> _letGo;

    /// <summary>By the container.</summary>
    public LeadershipMetrics(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(MeterName);
        meter.CreateObservableGauge(
            "fulfillment.leadership.active",
            () => _active.Select(of => new Measurement<int>(of.Value ? 1 : 0, Tag(of.Key))),
            "{leader}", "1 where this process leads, 0 where it stands by");
        _deposed = meter.CreateCounter<long>(
            "fulfillment.leadership.deposed", "{holder}", "Sessions of late holders that this process ended");
        _letGo = meter.CreateCounter<long>(
            "fulfillment.leadership.let_go", "{leader}", "Leaders of this process that finished no turn and let go");
    }

    internal void Set(string name, bool active) => _active[name] = active;

    internal void Forget(string name) => _active.TryRemove(name, out _);

    internal void Deposed(long sessions) => _deposed.Add(sessions);

    internal void LetGo(string name) => _letGo.Add(1, Tag(name));

    private static KeyValuePair<string, object?> Tag(string name) => new("leadership", name);
}
