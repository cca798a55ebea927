using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Autoscaling.Metrics;

namespace Fulfillment.Autoscaling.Control;

/// <summary>
/// KEDA's own loop (pkg/scaling/executor/scale_scaledobjects.go, RequestScale): it wakes a sleeping app, puts an idle
/// one to sleep and brings one that is below its minimum back to it; everything between is the horizontal pod
/// autoscaler's.
/// </summary>
public sealed class ActivationLoop(ReplicaBounds bounds, TimeSpan cooldown)
{
    private DateTimeOffset? lastActive;

    /// <summary>Changed when the rule is; the last active time stays.</summary>
    public ReplicaBounds Bounds { get; set; } = bounds;

    public Verdict Poll(DateTimeOffset now, int current, IReadOnlyList<RuleReading> readings)
    {
        var erring = readings.Any(rule => rule.Reading is MetricReading.Missing);
        if (readings.Any(rule => rule.Reading is MetricReading.Value { Active: true }))
        {
            // Beside an error only waking moves the last active time: when the error ends, an app may sleep at once.
            if (current == 0 || !erring) lastActive = WholeSeconds(now);
            return current == 0
                ? new(null, null, Math.Max(1, Bounds.Min), DecisionReason.Activated)
                : new(null, null, current, DecisionReason.Active);
        }
        if (erring) return new(null, null, current, DecisionReason.NoMetric);
        if (Bounds.Min == 0 && current > 0)
            // KEDA compares before now; a turn never falls on the very instant, except on a clock of whole seconds.
            return lastActive is { } last && last + cooldown > now
                ? new(null, null, current, DecisionReason.CoolingDown)
                : new(null, null, 0, DecisionReason.Deactivated);
        return current < Bounds.Min
            ? new(null, null, Bounds.Min, DecisionReason.BelowMinimum)
            : new(null, null, current, DecisionReason.Inactive);
    }

    // status.lastActiveTime is written to the API server in whole seconds.
    private static DateTimeOffset WholeSeconds(DateTimeOffset now) =>
        now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond));
}
