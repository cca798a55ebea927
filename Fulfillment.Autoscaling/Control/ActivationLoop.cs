using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Autoscaling.Metrics;

namespace Fulfillment.Autoscaling.Control;

/// <summary>
/// KEDA's own loop (pkg/scaling/executor/scale_scaledobjects.go): it wakes a sleeping app and puts an idle one to
/// sleep, and leaves everything between to the horizontal pod autoscaler.
/// </summary>
public sealed class ActivationLoop(int minReplicas, TimeSpan cooldown)
{
    private DateTimeOffset? lastActive;

    public Verdict Poll(DateTimeOffset now, int current, IReadOnlyList<RuleReading> readings)
    {
        if (readings.Any(rule => rule.Reading is MetricReading.Value { Active: true }))
        {
            lastActive = now;
            return current == 0
                ? new(null, null, Math.Max(1, minReplicas), DecisionReason.Activated)
                : new(null, null, current, DecisionReason.Active);
        }
        if (readings.Any(rule => rule.Reading is MetricReading.Missing))
            return new(null, null, current, DecisionReason.NoMetric);
        if (minReplicas > 0 || current == 0) return new(null, null, current, DecisionReason.Inactive);
        return lastActive is { } last && last + cooldown >= now
            ? new(null, null, current, DecisionReason.CoolingDown)
            : new(null, null, 0, DecisionReason.Deactivated);
    }
}
