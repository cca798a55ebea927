using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Autoscaling.Metrics;

namespace Fulfillment.Autoscaling.Control;

/// <summary>
/// Kubernetes' horizontal pod autoscaler without a <c>behavior</c> block, for external metrics with an average value
/// (pkg/controller/podautoscaler, reconcileAutoscaler and normalizeDesiredReplicas): what Container Apps documents and
/// gives no knob for. It holds the recommendations of the window and nothing else; time and counts are given.
/// </summary>
public sealed class HorizontalPodAutoscaler(ReplicaBounds bounds, AutoscalerOptions options)
{
    private readonly Queue<(DateTimeOffset At, int Desired)> recommendations = new();
    private bool started;

    /// <summary>Changed when the rule is; the recommendations stay.</summary>
    public ReplicaBounds Bounds { get; set; } = bounds;

    private int Least => Math.Max(1, Bounds.Min);

    /// <summary>One sync: what the readings ask for, and what the rules of pace make of it.</summary>
    /// <param name="now">The instant of the decision.</param>
    /// <param name="current">Replicas asked for (<c>spec.replicas</c>): the pace goes by them.</param>
    /// <param name="existing">Replicas that exist (<c>status.replicas</c>): the ratio goes by them.</param>
    /// <param name="readings">What the rules read.</param>
    public Verdict Sync(DateTimeOffset now, int current, int existing, IReadOnlyList<RuleReading> readings)
    {
        if (!started) recommendations.Enqueue((now, current));
        started = true;

        if (current == 0) return new(null, null, 0, DecisionReason.AutoscalerOff);
        if (current > Bounds.Max) return new(null, null, Bounds.Max, DecisionReason.AboveMaximum);
        if (current < Least) return new(null, null, Least, DecisionReason.BelowMinimum);

        int? asked = null;
        var missing = 0;
        foreach (var rule in readings)
        {
            if (rule.Reading is MetricReading.Value value)
                asked = Math.Max(asked ?? int.MinValue, Proposal(value.Usage, rule.Target, existing));
            else missing++;
        }
        if (asked is not { } desired) return new(null, null, current, DecisionReason.NoMetric);
        if (missing > 0 && desired < current) return new(desired, null, current, DecisionReason.NoScaleInOnMissing);

        var stabilized = Stabilize(now, desired);
        var (result, reason) = Pace(current, desired, stabilized);
        return new(desired, stabilized, result, reason);
    }

    private int Proposal(double usage, double target, int existing)
    {
        if (usage < 0 && options.Versions.NegativeIsOverflow) return int.MaxValue;
        // None exist yet: the ratio is infinite, or of nothing to nothing, and the quotient decides.
        if (existing > 0 && IsWithin(usage / (target * existing))) return existing;
        return (int)Math.Clamp(Math.Ceiling(usage / target), int.MinValue, int.MaxValue);
    }

    private bool IsWithin(double ratio) => options.Versions.ToleranceHoldsItsBounds
        ? 1 - options.Tolerance <= ratio && ratio <= 1 + options.Tolerance
        : Math.Abs(1 - ratio) <= options.Tolerance;

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
        if (stabilized > Math.Min(paced, Bounds.Max))
            return paced < Bounds.Max
                ? (paced, DecisionReason.ScaleUpLimit)
                : (Bounds.Max, DecisionReason.TooManyReplicas);
        if (stabilized < Least) return (Least, DecisionReason.TooFewReplicas);
        return (stabilized, stabilized > desired ? DecisionReason.Stabilized : DecisionReason.WithinRange);
    }
}

/// <param name="Desired">The most that any rule asked for, unclamped; null where no rule was asked.</param>
/// <param name="Stabilized">The most within the window; null where it did not come to that.</param>
/// <param name="Result">Replicas to have now.</param>
/// <param name="Reason">What decided.</param>
public readonly record struct Verdict(int? Desired, int? Stabilized, int Result, DecisionReason Reason);
