using Fulfillment.Autoscaling.Metrics;

namespace Fulfillment.Surge.Simulate;

/// <summary>
/// The backlog in Postgres and the shallow stream in front of the workers. Orders are counts with the second of their
/// arrival, first come first planned; how clients share the way is not modelled.
/// </summary>
internal sealed class VirtualQueue(string rule, long streamLength) : IScaleMetric
{
    // Past this many taken batches the list is shortened; before, taking one is moving an index.
    private const int CompactAt = 4_096;

    private readonly List<(double At, int Orders)> batches = [];
    private int first;

    internal int Postgres { get; private set; }
    internal int Waiting { get; private set; }
    internal int InFlight { get; private set; }
    internal int Total => Postgres + Waiting + InFlight;

    public string Name => rule;
    public double Target => streamLength;

    /// <summary>XLEN: entries are deleted when done.</summary>
    public ValueTask<MetricReading> ReadAsync(DateTimeOffset now, CancellationToken cancellation) =>
        ValueTask.FromResult<MetricReading>(new MetricReading.Value(Waiting + InFlight, Waiting + InFlight > 0));

    internal void Arrive(double at, int orders)
    {
        if (orders == 0) return;
        batches.Add((at, orders));
        Postgres += orders;
    }

    /// <summary>The relay: what is out, in flight included, is at most the depth.</summary>
    internal void Relay(double depth)
    {
        var moved = (int)Math.Clamp(depth - Waiting - InFlight, 0, Postgres);
        (Postgres, Waiting) = (Postgres - moved, Waiting + moved);
    }

    /// <summary>A worker takes a pool; each part of it is given with its arrival.</summary>
    internal void Take(int orders, Action<double, int> each)
    {
        (Waiting, InFlight) = (Waiting - orders, InFlight + orders);
        while (orders > 0)
        {
            var (at, count) = batches[first];
            var part = Math.Min(count, orders);
            each(at, part);
            orders -= part;
            if (part < count) batches[first] = (at, count - part);
            else first++;
        }
        if (first < CompactAt) return;
        batches.RemoveRange(0, first);
        first = 0;
    }

    internal void Planned(int orders) => InFlight -= orders;
}
