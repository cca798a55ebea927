using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Rules;

namespace Fulfillment.Surge.Simulate;

/// <summary>Everything a simulated run depends on; the same settings and seed give the same run.</summary>
public sealed record SimulationSettings
{
    public required ScaleSpec Spec { get; init; }
    public required Arrivals Arrivals { get; init; }
    public AutoscalerOptions Autoscaler { get; init; } = new();
    public PlannerCost Cost { get; init; } = new();

    /// <summary>Seeds the arrivals' noise.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The virtual clock's first moment; cron rules go by it.</summary>
    public DateTimeOffset Start { get; init; } = new(2026, 11, 27, 0, 0, 0, TimeSpan.Zero);

    /// <summary>A forecast of the arrivals asks for replicas too, beside the rules.</summary>
    public bool Forecast { get; init; }

    /// <summary>Null: the rules decide. A number: so many replicas from beginning to end.</summary>
    public int? FixedReplicas { get; init; }

    /// <summary>Orders one plan looks at.</summary>
    public int PoolOrdersMax { get; init; } = 120;

    /// <summary>How long a worker waits for a fuller pool.</summary>
    public double PoolWaitSeconds { get; init; } = 2;

    /// <summary>From asking for a replica to its first pool: image, runtime, connections.</summary>
    public double StartupSeconds { get; init; } = 20;

    /// <summary>From the plan's commit to the brand being told.</summary>
    public double FeedSeconds { get; init; } = 1;

    /// <summary>The granularity of arrivals and of the relay.</summary>
    public double StepSeconds { get; init; } = 1;

    /// <summary>The relay keeps the stream at most this many streamLengths deep for each live worker.</summary>
    public double DepthFactor { get; init; } = 2;

    /// <summary>And at least this many streamLengths, however few live.</summary>
    public double DepthFloor { get; init; } = 4;

    public ConnectionLimits Connections { get; init; } = new();
    public Prices Prices { get; init; } = new();

    /// <summary>Entries of one replica by the stream rule; also sets how deep the relay fills the stream.</summary>
    public long StreamLength => Spec.Rules.OfType<RedisStreamsRule>().First().Target;

    /// <summary>Orders a second that one replica plans from full pools.</summary>
    public double ReplicaRate => PoolOrdersMax / Cost.Seconds(PoolOrdersMax);

    internal string? Fault => this switch
    {
        { PoolOrdersMax: < 1 } => "A pool holds at least one order.",
        { StepSeconds: <= 0 or > 1 } => "A step is above 0 and at most 1 s.",
        { Cost.Quota: <= 0 } => "A replica needs a CPU quota above 0.",
        { Cost.SecondsPerOrder: < 0 } or { Cost.SecondsPerPool: < 0 } => "Planning cannot cost less than nothing.",
        _ when Cost.Seconds(1) <= 0 => "Planning must cost something.",
        _ when !Spec.Rules.OfType<RedisStreamsRule>().Any() => "The rules name no stream.",
        _ => Spec.FaultsAgainstPool(PoolOrdersMax) is [var first, ..] ? first : null,
    };
}

/// <summary>CPU seconds of a pool: a part of its own, a part an order, a part that grows with the square.</summary>
public sealed record PlannerCost(
    double SecondsPerPool = 0.1, double SecondsPerOrder = 0.05, double SecondsPerOrderSquared = 0, double Quota = 0.5)
{
    /// <summary>Seconds a replica of <see cref="Quota"/> cores takes for a pool.</summary>
    public double Seconds(int orders) =>
        (SecondsPerPool + (SecondsPerOrder * orders) + (SecondsPerOrderSquared * orders * orders)) / Quota;
}

/// <summary>What each replica holds of Postgres' connections.</summary>
public sealed record ConnectionLimits(
    int PickingPool = 2, int OrdersPool = 16, int OrdersReplicas = 2, int Reserved = 13, int MaxConnections = 400)
{
    public int Needed(int pickingReplicas) =>
        (pickingReplicas * PickingPool) + (OrdersReplicas * OrdersPool) + Reserved;

    /// <summary>Picking replicas that fit without a pooler.</summary>
    public int ReplicasMax => Math.Max(0, (MaxConnections - Reserved - (OrdersReplicas * OrdersPool)) / PickingPool);
}

/// <summary>Stated, not looked up: put in what your contract says. The default is half a core and 1 GiB.</summary>
public sealed record Prices(double ReplicaSecond = 0.000015, string Currency = "USD");
