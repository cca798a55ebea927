namespace Fulfillment.Autoscaling.Control;

/// <summary>
/// The constants that Container Apps fixes and does not let one set, with the values it documents. They are options
/// only so that a run can be compressed; a compressed run says so.
/// </summary>
public sealed record AutoscalerOptions
{
    /// <summary>How often the horizontal pod autoscaler reads the metrics and decides. Default 15 s.</summary>
    public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Nothing scales below what was asked for within this time. Default 300 s.</summary>
    public TimeSpan StabilizationWindow { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>A metric this close to its target, as a share, changes nothing. Default 0.1.</summary>
    public double Tolerance { get; init; } = 0.1;

    /// <summary>One sync may multiply the replicas by this. Default 2.</summary>
    public int ScaleUpFactor { get; init; } = 2;

    /// <summary>One sync may always go to this many. Default 4.</summary>
    public int ScaleUpFloor { get; init; } = 4;

    /// <summary>A metric that takes longer to read is missing. Default 3 s, KEDA's HTTP and scaler timeout.</summary>
    public TimeSpan MetricTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The options for a run whose time is shortened by <paramref name="k"/>, 1 or more. The timeout stays: Redis
    /// does not answer faster for it.
    /// </summary>
    public AutoscalerOptions Compress(double k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        return this with { SyncPeriod = SyncPeriod / k, StabilizationWindow = StabilizationWindow / k };
    }
}
