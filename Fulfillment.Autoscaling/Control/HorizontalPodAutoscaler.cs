using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Autoscaling.Metrics;

namespace Fulfillment.Autoscaling.Control;

/// <summary>
/// Kubernetes' horizontal pod autoscaler without a <c>behavior</c> block, for external metrics with an average value
/// (pkg/controller/podautoscaler, reconcileAutoscaler and normalizeDesiredReplicas): what Container Apps documents and
/// gives no knob for. It holds the recommendations of the window and nothing else; time and counts are given.
/// </summary>
public sealed class HorizontalPodAutoscaler(int minReplicas, int maxReplicas, AutoscalerOptions options)
{
    private readonly int least = Math.Max(1, minReplicas);
    private readonly Queue<(DateTimeOffset At, int Desired)> recommendations = new();
    private bool started;

    /// <summary>One sync: what the readings ask for, and what the rules of pace make of it.</summary>
    public Verdict Sync(DateTimeOffset now, int current, IReadOnlyList<RuleReading> readings)
    {
        if (!started) recommendations.Enqueue((now, current));
        started = true;

        if (current == 0) return new(null, null, 0, DecisionReason.AutoscalerOff);
        if (current > maxReplicas) return new(null, null, maxReplicas, DecisionReason.AboveMaximum);
        if (current < least) return new(null, null, least, DecisionReason.BelowMinimum);

        int? asked = null;
        var missing = 0;
        foreach (var rule in readings)
        {
            if (rule.Reading is MetricReading.Value value)
                asked = Math.Max(asked ?? int.MinValue, Proposal(value.Usage, rule.Target, current));
            else missing++;
        }
        if (asked is not { } desired) return new(null, null, current, DecisionReason.NoMetric);
        if (missing > 0 && desired < current) return new(desired, null, current, DecisionReason.NoScaleInOnMissing);

        var stabilized = Stabilize(now, desired);
        var (result, reason) = Pace(current, desired, stabilized);
        return new(desired, stabilized, result, reason);
    }

    private int Proposal(double usage, double target, int current)
    {
        var ratio = usage / (target * current);
        return Math.Abs(1 - ratio) <= options.Tolerance ? current : (int)Math.Ceiling(usage / target);
    }

    // Recommendations are kept as they were made, before the pace is applied: a short peak keeps the ramp going.
    private int Stabilize(DateTimeOffset now, int desired)
    {
        while (recommendations.TryPeek(out var oldest) && oldest.At < now - options.StabilizationWindow)
            recommendations.Dequeue();
        var stabilized = desired;
        foreach (var (_, recommended) in recommendations) stabilized = Math.Max(stabilized, recommended);
        recommendations.Enqueue((now, desired));
        return stabilized;
    }

    private (int Result, DecisionReason Reason) Pace(int current, int desired, int stabilized)
    {
        var paced = Math.Max(options.ScaleUpFactor * current, options.ScaleUpFloor);
        if (stabilized > Math.Min(paced, maxReplicas))
            return paced < maxReplicas
                ? (paced, DecisionReason.ScaleUpLimit)
                : (maxReplicas, DecisionReason.TooManyReplicas);
        if (stabilized < least) return (least, DecisionReason.TooFewReplicas);
        return (stabilized, stabilized > desired ? DecisionReason.Stabilized : DecisionReason.WithinRange);
    }
}

/// <param name="Desired">The most that any rule asked for, unclamped; null where no rule was asked.</param>
/// <param name="Stabilized">The most within the window; null where it did not come to that.</param>
/// <param name="Result">Replicas to have now.</param>
/// <param name="Reason">What decided.</param>
public readonly record struct Verdict(int? Desired, int? Stabilized, int Result, DecisionReason Reason);
