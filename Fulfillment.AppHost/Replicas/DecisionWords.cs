using System.Globalization;
using Fulfillment.Autoscaling.Decisions;

namespace Fulfillment.AppHost.Replicas;

/// <summary>A decision of the autoscaler for somebody who does not know its loops.</summary>
internal static class DecisionWords
{
    /// <summary>What its rules read: "240 orders outstanding, 120 a replica".</summary>
    internal static string Reading(ScaleDecision decision) => string.Join("; ", decision.Metrics.Select(metric =>
    {
        var rule = metric.Rule.Replace('-', ' ');
        return metric.Usage is { } usage
            ? string.Create(CultureInfo.InvariantCulture, $"{usage:0.#} {rule}, {metric.Target:0.#} a replica")
            : $"{rule}: not read, {metric.Missing}";
    }));

    /// <summary>What came of it and why: "From 1 to 2 replicas: the work asks for it."</summary>
    internal static string Decided(ScaleDecision decision)
    {
        var (current, result) = (decision.Current, decision.Result);
        var what = current == result
            ? string.Create(CultureInfo.InvariantCulture, $"Stays at {result} {Replicas(result)}")
            : string.Create(CultureInfo.InvariantCulture, $"From {current} to {result} {Replicas(result)}");
        return $"{what}: {Because(decision.Reason)}.";
    }

    internal static string Because(DecisionReason reason) => reason switch
    {
        DecisionReason.WithinRange => "the work asks for it",
        DecisionReason.Stabilized => "fewer would do, but none goes until that has lasted",
        DecisionReason.ScaleUpLimit => "more are wanted than one step may add",
        DecisionReason.TooManyReplicas => "the work asks for more, this is the maximum",
        DecisionReason.TooFewReplicas => "the work asks for fewer, this is the minimum",
        DecisionReason.AboveMaximum => "more were there than the maximum",
        DecisionReason.BelowMinimum => "fewer were there than the minimum",
        DecisionReason.AutoscalerOff => "the app sleeps until there is work",
        DecisionReason.NoMetric => "the work could not be read, so nothing changes",
        DecisionReason.NoScaleInOnMissing => "part of the work could not be read, so none goes",
        DecisionReason.Activated => "there is work, the app wakes",
        DecisionReason.Active => "there is work and the app is awake",
        DecisionReason.Inactive => "there is no work",
        DecisionReason.CoolingDown => "there is no work, but not for long enough to sleep",
        DecisionReason.Deactivated => "there was no work for long enough, the app sleeps",
        DecisionReason.NotMade => "the queue did not answer when the rule was made, it is made later",
        DecisionReason.ReplicaSetFailed => "a replica refused; the same is asked at the next turn",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "No such reason."),
    };

    private static string Replicas(int count) => count == 1 ? "replica" : "replicas";
}
