namespace Fulfillment.Surge.Simulate;

/// <summary>Replicas over a run as an oracle would have set them, and what that would have meant.</summary>
/// <param name="StepSeconds">Distance of two entries.</param>
/// <param name="Replicas">Asked for at each step.</param>
/// <param name="ReplicaSeconds">Their sum over time.</param>
/// <param name="PeakBacklog">Orders waiting and in hand, by fluid arithmetic; 0 for perfect foresight.</param>
public sealed record OracleRun(
    double StepSeconds, IReadOnlyList<int> Replicas, double ReplicaSeconds, double PeakBacklog)
{
    internal static readonly OracleRun None = new(1, [], 0, 0);

    public double? ReplicasAt(double second) =>
        Replicas.Count == 0 ? null : Replicas[Math.Clamp((int)(second / StepSeconds), 0, Replicas.Count - 1)];
}

/// <summary>The two yardsticks of a scale rule. They are bounds for the eye, not plans: both are fluid.</summary>
public static class Oracles
{
    /// <summary>Replicas that keep up with a rate, never fewer than the minimum.</summary>
    public static int Demand(double ordersPerSecond, double replicaRate, int minReplicas) =>
        Math.Max(Math.Max(1, minReplicas), (int)Math.Ceiling(ordersPerSecond / replicaRate));

    /// <summary>Knows every rate in advance and starts each replica a start-up time before it is needed.</summary>
    internal static OracleRun PerfectForesight(SimulationSettings settings) => PerfectForesight(
        Rates(settings), settings.StepSeconds, settings.ReplicaRate, settings.Spec.MinReplicas,
        settings.StartupSeconds);

    /// <summary>
    /// The best that the platform's ramp allows to one who sees the surge when it comes: every sync it doubles while
    /// anything is short, up to the maximum; it is free to let go the moment nothing waits.
    /// </summary>
    internal static OracleRun Ramp(SimulationSettings settings) => Ramp(
        Rates(settings), settings.StepSeconds, settings.ReplicaRate,
        (settings.Spec.MinReplicas, settings.Spec.MaxReplicas),
        settings.StartupSeconds, settings.PoolOrdersMax, settings.Autoscaler);

    /// <inheritdoc cref="PerfectForesight(SimulationSettings)"/>
    public static OracleRun PerfectForesight(
        IReadOnlyList<double> rates, double stepSeconds, double replicaRate, int minReplicas, double startupSeconds)
    {
        var ahead = (int)Math.Ceiling(startupSeconds / stepSeconds);
        var replicas = new int[rates.Count];
        // The largest demand of the next start-up time, by a window that keeps candidates in falling order.
        var window = new LinkedList<int>();
        var demand = rates.Select(rate => Demand(rate, replicaRate, minReplicas)).ToArray();
        for (var index = rates.Count - 1; index >= 0; index--)
        {
            while (window.First is { } first && demand[first.Value] <= demand[index]) window.RemoveFirst();
            window.AddFirst(index);
            while (window.Last!.Value > index + ahead) window.RemoveLast();
            replicas[index] = demand[window.Last.Value];
        }
        return new(stepSeconds, replicas, replicas.Sum(count => count * stepSeconds), 0);
    }

    /// <inheritdoc cref="Ramp(SimulationSettings)"/>
    public static OracleRun Ramp(
        IReadOnlyList<double> rates, double stepSeconds, double replicaRate, (int Min, int Max) bounds,
        double startupSeconds, int poolOrdersMax, Autoscaling.Control.AutoscalerOptions options)
    {
        var replicas = new int[rates.Count];
        var starting = new Queue<(double ReadyAt, int Count)>();
        var (count, ready, backlog, peak) = (Math.Max(1, bounds.Min), Math.Max(1, bounds.Min), 0.0, 0.0);
        var (nextSync, came, steps) = (options.FirstSync.TotalSeconds, 0.0, 0);
        for (var index = 0; index < rates.Count; index++)
        {
            var now = index * stepSeconds;
            if (now >= nextSync)
            {
                nextSync += options.SyncPeriod.TotalSeconds;
                // It sees what has come since it last looked: a surge that began a moment ago is not a rate yet.
                var demand = Math.Min(bounds.Max, Demand(came / Math.Max(1, steps), replicaRate, bounds.Min));
                (came, steps) = (0, 0);
                var paced = Math.Min(bounds.Max, Math.Max(options.ScaleUpFloor, options.ScaleUpFactor * count));
                if (backlog > replicaRate * count * options.SyncPeriod.TotalSeconds && paced > count)
                {
                    starting.Enqueue((now + startupSeconds, paced - count));
                    count = paced;
                }
                else if (demand > count)
                {
                    var more = Math.Min(paced, demand) - count;
                    starting.Enqueue((now + startupSeconds, more));
                    count += more;
                }
                else if (backlog <= 0 && demand < count && starting.Count == 0) count = ready = demand;
            }
            (came, steps) = (came + rates[index], steps + 1);
            while (starting.TryPeek(out var next) && next.ReadyAt <= now) ready += starting.Dequeue().Count;
            backlog = Math.Max(0, backlog + ((rates[index] - (ready * replicaRate)) * stepSeconds));
            // Besides what waits, each busy replica has a pool in hand: no oracle plans an order before it has read it.
            peak = Math.Max(peak, backlog + (poolOrdersMax * Math.Min(ready, rates[index] / replicaRate)));
            replicas[index] = count;
        }
        return new(stepSeconds, replicas, replicas.Sum(replica => replica * stepSeconds), peak);
    }

    private static double[] Rates(SimulationSettings settings)
    {
        var steps = (int)Math.Ceiling(settings.Arrivals.Seconds / settings.StepSeconds);
        var rates = new double[steps];
        for (var step = 0; step < steps; step++) rates[step] = settings.Arrivals.RateAt(step * settings.StepSeconds);
        return rates;
    }
}
