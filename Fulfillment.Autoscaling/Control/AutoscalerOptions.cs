namespace Fulfillment.Autoscaling.Control;

/// <summary>
/// The constants that Container Apps fixes and does not let one set, with the values it documents or that its engine
/// was seen to have. They are options only so that a run can be compressed; a compressed run says so.
/// </summary>
public sealed record AutoscalerOptions
{
    /// <summary>From the making of the rule to the first sync. Default 15 s.</summary>
    public TimeSpan FirstSync { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How often the horizontal pod autoscaler reads the metrics and decides. Default 15.01 s: the pause is 15 s, and
    /// the work before it takes a hundredth. So a recommendation is gone after 20 syncs; at exactly 15 s it would count
    /// in 21.
    /// </summary>
    public TimeSpan SyncPeriod { get; init; } = TimeSpan.FromSeconds(15.01);

    /// <summary>Nothing scales below what was asked for within this time. Default 300 s.</summary>
    public TimeSpan StabilizationWindow { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>A metric this close to its target, as a share, changes nothing. Default 0.1.</summary>
    public double Tolerance { get; init; } = 0.1;

    /// <summary>One sync may multiply the replicas by this. Default 2.</summary>
    public int ScaleUpFactor { get; init; } = 2;

    /// <summary>One sync may always go to this many. Default 4.</summary>
    public int ScaleUpFloor { get; init; } = 4;

    /// <summary>
    /// A metric that takes longer to read is missing. Default 3 s, the read time-out of go-redis, which KEDA leaves as
    /// it is (5 s to connect, three retries: a dead Redis holds a turn of the cloud for 2 to 12 s, which the desk
    /// spares itself).
    /// </summary>
    public TimeSpan MetricTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The pause after the first failed making of a rule's autoscaler; it doubles up to <see cref="MakingPauseMax"/>
    /// (controller-runtime's rate limiter). Default 5 ms.
    /// </summary>
    public TimeSpan MakingPause { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>Default 1,000 s.</summary>
    public TimeSpan MakingPauseMax { get; init; } = TimeSpan.FromSeconds(1_000);

    /// <summary>
    /// How long a failed making takes where Redis refuses: four pings of five dials each. Default 2.15 s, as seen.
    /// </summary>
    public TimeSpan FailedMaking { get; init; } = TimeSpan.FromSeconds(2.15);

    /// <summary>Which releases are imitated.</summary>
    public EngineVersions Versions { get; init; } = EngineVersions.Recorded;

    /// <summary>
    /// The options for a run whose time is shortened by <paramref name="k"/>, 1 or more. The timeout stays: Redis
    /// does not answer faster for it.
    /// </summary>
    public AutoscalerOptions Compress(double k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        return this with
        {
            FirstSync = FirstSync / k,
            SyncPeriod = SyncPeriod / k,
            StabilizationWindow = StabilizationWindow / k,
            MakingPause = MakingPause / k,
            MakingPauseMax = MakingPauseMax / k,
            FailedMaking = FailedMaking / k,
        };
    }
}
