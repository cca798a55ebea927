using System.Text.Json.Serialization;

namespace Fulfillment.Autoscaling.Decisions;

/// <summary>One turn of one loop, with everything that it was decided from.</summary>
/// <param name="At">When.</param>
/// <param name="Loop">Which loop.</param>
/// <param name="Metrics">What the rules read.</param>
/// <param name="Current">Replicas asked for before.</param>
/// <param name="Ready">Replicas that took work before.</param>
/// <param name="Desired">The most that any rule asked for, unclamped.</param>
/// <param name="Stabilized">The most that was asked for within the window.</param>
/// <param name="Result">Replicas asked for after.</param>
/// <param name="Reason">What decided.</param>
public sealed record ScaleDecision(
    DateTimeOffset At, ScaleLoop Loop, IReadOnlyList<MetricOfDecision> Metrics, int Current, int Ready,
    int? Desired, int? Stabilized, int Result, DecisionReason Reason);

/// <param name="Rule">The rule's name.</param>
/// <param name="Target">Units a replica.</param>
/// <param name="Usage">What was read; null when nothing was.</param>
/// <param name="Missing">Why nothing was read.</param>
public sealed record MetricOfDecision(string Rule, double Target, double? Usage, string? Missing);

[JsonConverter(typeof(JsonStringEnumConverter<ScaleLoop>))]
public enum ScaleLoop
{
    /// <summary>Between 1 and the maximum, every sync.</summary>
    HorizontalPodAutoscaler,

    /// <summary>Between 0 and 1, and up to the minimum, every poll.</summary>
    Activation,

    /// <summary>The making of the autoscaler, until it succeeds.</summary>
    Making,
}

[JsonConverter(typeof(JsonStringEnumConverter<DecisionReason>))]
public enum DecisionReason
{
    /// <summary>What the metrics ask for.</summary>
    WithinRange,

    /// <summary>More was asked for within the window: no scale-in yet.</summary>
    Stabilized,

    /// <summary>More is wanted than one sync may add.</summary>
    ScaleUpLimit,

    /// <summary>More is wanted than the maximum.</summary>
    TooManyReplicas,

    /// <summary>Fewer are wanted than the minimum.</summary>
    TooFewReplicas,

    /// <summary>More are there than the maximum.</summary>
    AboveMaximum,

    /// <summary>Fewer are there than the minimum.</summary>
    BelowMinimum,

    /// <summary>No replica: the horizontal pod autoscaler is off until the activation loop wakes the app.</summary>
    AutoscalerOff,

    /// <summary>No rule could be read: the last decision holds.</summary>
    NoMetric,

    /// <summary>A rule could not be read and the others ask for fewer: the last decision holds.</summary>
    NoScaleInOnMissing,

    /// <summary>From none to the minimum.</summary>
    Activated,

    /// <summary>Something is active, and the app is awake.</summary>
    Active,

    /// <summary>Nothing is active, and there is nothing to put to sleep.</summary>
    Inactive,

    /// <summary>Nothing is active, but not for long enough.</summary>
    CoolingDown,

    /// <summary>To none.</summary>
    Deactivated,

    /// <summary>A store of the rules did not answer when the rule was made: there is no autoscaler yet.</summary>
    NotMade,

    /// <summary>The replica set refused; the same is asked again at the next turn.</summary>
    ReplicaSetFailed,
}
