using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Metrics;
using Fulfillment.Autoscaling.Rules;

namespace Fulfillment.Surge.Simulate;

/// <summary>
/// The system in virtual time: the same controller as everywhere over counted replicas and a counted queue. Arrivals
/// and the relay go step by step; pools begin and end at their own moments.
/// </summary>
internal sealed class Simulation
{
    private readonly SimulationSettings settings;
    private readonly VirtualClock clock;
    private readonly VirtualQueue queue;
    private readonly VirtualReplicas replicas;
    private readonly Autoscaler? autoscaler;
    private readonly SimulationRecord record;
    private readonly ArrivalNoise noise;
    private readonly PriorityQueue<int, double> pools = new();
    private readonly ForecastMetric? forecast;
    private double? oldestWaitsSince;

    private Simulation(SimulationSettings settings)
    {
        this.settings = settings;
        clock = new(settings.Start);
        noise = new(settings.Seed);
        var spec = settings.Spec;
        replicas = new(settings.FixedReplicas ?? spec.MinReplicas, settings.StartupSeconds, () => clock.Seconds);
        queue = new(spec.Rules.OfType<RedisStreamsRule>().First().Name, settings.StreamLength);
        record = new(settings);
        if (settings.FixedReplicas is not null) return;
        if (settings.Forecast) forecast = new(settings);
        IReadOnlyList<IScaleMetric> metrics =
            [queue, .. spec.Rules.OfType<CronRule>().Select(rule => new CronMetric(rule)),
             .. forecast is null ? Array.Empty<IScaleMetric>() : [forecast]];
        autoscaler = new(spec, replicas, metrics, settings.Autoscaler, clock, record.Decisions);
    }

    /// <summary>Runs to the end. Throws <see cref="ArgumentException"/> on settings that cannot be run.</summary>
    internal static SimulationRecord Run(SimulationSettings settings, CancellationToken cancellation)
    {
        if (settings.Fault is { } fault) throw new ArgumentException(fault, nameof(settings));
        return new Simulation(settings).Run(cancellation);
    }

    private SimulationRecord Run(CancellationToken cancellation)
    {
        var due = settings.Start;
        var steps = (long)Math.Ceiling(settings.Arrivals.Seconds / settings.StepSeconds);
        for (var step = 0L; step < steps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            var now = step * settings.StepSeconds;
            FinishPools(now);
            clock.Seconds = now;
            replicas.StartUp();
            var mean = settings.Arrivals.RateAt(now) * settings.StepSeconds;
            var orders = settings.Arrivals.Noisy ? noise.Poisson(mean) : noise.Carry(mean);
            queue.Arrive(now, orders);
            forecast?.Observe(now, orders);
            queue.Relay(Depth(replicas.ReadyCount));
            BeginPools(now);
            due = StepUpTo(now, due, cancellation);
            record.Sample(now, orders, queue, replicas);
        }
        record.ForecastError = forecast?.Error;
        return record.Close();
    }

    private double Depth(int liveWorkers) =>
        settings.StreamLength * Math.Max(settings.DepthFloor, settings.DepthFactor * liveWorkers);

    // The loops turn at their own instants, not at the next whole step: 20 syncs take a little more than the window.
    private DateTimeOffset StepUpTo(double now, DateTimeOffset due, CancellationToken cancellation)
    {
        while (autoscaler is not null && due <= settings.Start.AddSeconds(now))
        {
            clock.Seconds = Math.Max(0, (due - settings.Start).TotalSeconds);
            due = Step(autoscaler, cancellation);
        }
        clock.Seconds = now;
        return due;
    }

    // Everything virtual answers at once, so the controller's step has always ended when it returns.
    private static DateTimeOffset Step(Autoscaler autoscaler, CancellationToken cancellation)
    {
        var step = autoscaler.StepAsync(cancellation);
        return step.IsCompleted
            ? step.Result
            : throw new InvalidOperationException("The controller waited inside a simulation.");
    }

    private void FinishPools(double until)
    {
        while (pools.TryPeek(out var orders, out var at) && at <= until)
        {
            pools.Dequeue();
            clock.Seconds = at;
            queue.Planned(orders);
            replicas.FinishPool();
            BeginPools(at);
        }
    }

    /// <summary>
    /// Full pools begin at once. A thin one waits for more, and is then divided among all who are free: several idle
    /// workers on a short stream get short pools.
    /// </summary>
    private void BeginPools(double now)
    {
        while (replicas.Idle > 0 && queue.Waiting >= settings.PoolOrdersMax) Begin(now, settings.PoolOrdersMax);
        if (queue.Waiting == 0 || replicas.Idle == 0)
        {
            oldestWaitsSince = null;
            return;
        }
        oldestWaitsSince ??= now;
        if (now - oldestWaitsSince < settings.PoolWaitSeconds) return;
        while (replicas.Idle > 0 && queue.Waiting > 0) Begin(now, Share(queue.Waiting, replicas.Idle));
        oldestWaitsSince = null;
    }

    private static int Share(int orders, int workers) => (orders + workers - 1) / workers;

    private void Begin(double now, int orders)
    {
        var end = now + settings.Cost.Seconds(orders);
        queue.Take(orders, (arrived, part) => record.Confirmed(arrived, end + settings.FeedSeconds, part));
        replicas.TakePool();
        pools.Enqueue(orders, end);
    }
}

/// <summary>Turns mean rates into whole orders.</summary>
internal sealed class ArrivalNoise(long seed)
{
    private const double NormalFrom = 30;
    private readonly Random random = new((int)(seed ^ (seed >> 32)));
    private double carried;

    /// <summary>Poisson by multiplying uniforms (Knuth), by the normal curve where the mean is large.</summary>
    internal int Poisson(double mean)
    {
        if (mean <= 0) return 0;
        if (mean > NormalFrom) return (int)Math.Max(0, Math.Round(mean + (Math.Sqrt(mean) * Normal())));
        var (limit, product, count) = (Math.Exp(-mean), random.NextDouble(), 0);
        while (product > limit)
        {
            product *= random.NextDouble();
            count++;
        }
        return count;
    }

    /// <summary>No noise: fractions are carried until they make an order.</summary>
    internal int Carry(double mean)
    {
        carried += mean;
        var whole = (int)carried;
        carried -= whole;
        return whole;
    }

    private double Normal() =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
