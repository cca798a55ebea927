namespace Fulfillment.Autoscaling.Rules;

/// <summary>How one app scales: the object that the deployment's <c>scale</c> block is made of.</summary>
/// <param name="App">The key in the file, e.g. <c>picking</c>.</param>
/// <param name="MinReplicas">0 to <paramref name="MaxReplicas"/>; 0 lets the app sleep.</param>
/// <param name="MaxReplicas">1 to <see cref="ReplicasMax"/>.</param>
/// <param name="PollingInterval">How often KEDA looks whether anything is active; it drives 0 to 1 only.</param>
/// <param name="CooldownPeriod">How long nothing must be active before 1 goes to 0.</param>
/// <param name="Rules">At least one; the one that asks for most replicas wins.</param>
public sealed record ScaleSpec(
    string App, int MinReplicas, int MaxReplicas, TimeSpan PollingInterval, TimeSpan CooldownPeriod,
    IReadOnlyList<ScaleRule> Rules)
{
    /// <summary>Container Apps' limit for one app.</summary>
    public const int ReplicasMax = 1_000;

    /// <summary>The spec for a run whose time is shortened by <paramref name="k"/>.</summary>
    public ScaleSpec Compress(double k) =>
        this with { PollingInterval = PollingInterval / k, CooldownPeriod = CooldownPeriod / k };

    /// <summary>
    /// What is wrong between the rules and the planner's pool; empty when they fit. A stream kept shorter than a
    /// pool starves the pools, and the entries in workers' hands then drive the scale: replicas ask for replicas.
    /// </summary>
    public IReadOnlyList<string> FaultsAgainstPool(int poolOrdersMax) =>
        [.. Rules.OfType<RedisStreamsRule>()
            .Where(rule => rule.Measure == StreamMeasure.Length && rule.Target < poolOrdersMax)
            .Select(rule => $"{App}/{rule.Name}/streamLength: {rule.Target} is less than the {poolOrdersMax} orders "
                + "that one pool takes; one replica's pool would look like work for several.")];
}

/// <summary>One KEDA trigger.</summary>
public abstract record ScaleRule(string Name);

/// <summary>KEDA's <c>redis-streams</c>. What is measured follows from which keys are there.</summary>
/// <param name="Name">Unique in its app.</param>
/// <param name="Stream">The stream's key, e.g. <c>picking:main:orders</c>.</param>
/// <param name="Measure">What counts as work.</param>
/// <param name="ConsumerGroup">Null exactly when <paramref name="Measure"/> is the length.</param>
/// <param name="Target">Entries a replica.</param>
/// <param name="ActivationLagCount">More than this is active.</param>
/// <param name="DatabaseIndex">The Redis database.</param>
/// <param name="EnableTls">How the cloud connects; the desk's connection says it by itself.</param>
public sealed record RedisStreamsRule(
    string Name, string Stream, StreamMeasure Measure, string? ConsumerGroup, long Target,
    long ActivationLagCount = 0, int DatabaseIndex = 0, bool EnableTls = false) : ScaleRule(Name);

public enum StreamMeasure
{
    /// <summary>XLEN: waiting and in flight, where entries are deleted when done. The deployed rule.</summary>
    Length,

    /// <summary>XPENDING: delivered and not acknowledged.</summary>
    Pending,

    /// <summary>XINFO GROUPS lag: not delivered. Goes blind when entries are deleted out of order.</summary>
    Lag,
}

/// <summary>KEDA's <c>cron</c>: so many replicas inside a window that comes again and again.</summary>
public sealed record CronRule(string Name, CronWindow Window, int DesiredReplicas) : ScaleRule(Name);
