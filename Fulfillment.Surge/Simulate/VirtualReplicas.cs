using Fulfillment.Autoscaling.Control;

namespace Fulfillment.Surge.Simulate;

/// <summary>
/// Replicas that exist as counts: starting, idle, busy, and busy for the last time. Scale-in takes those that are not
/// up yet, then idle ones; a busy one finishes its pool, as a worker does that is told to stop.
/// </summary>
internal sealed class VirtualReplicas(int count, double startupSeconds, Func<double> now) : IReplicaSet
{
    private readonly Queue<(double ReadyAt, int Count)> starting = new();
    private int notYetReady;

    public int SpecCount { get; private set; } = count;
    public int ReadyCount => SpecCount - notYetReady;
    internal int Idle { get; private set; } = count;
    internal int Draining { get; private set; }

    /// <summary>What is paid for: asked for, and finishing.</summary>
    internal int Paid => SpecCount + Draining;

    public ValueTask ScaleToAsync(int count, CancellationToken cancellation)
    {
        var more = count - SpecCount;
        SpecCount = count;
        if (more > 0) Add(more);
        else Remove(-more);
        return ValueTask.CompletedTask;
    }

    internal void StartUp()
    {
        while (starting.TryPeek(out var next) && next.ReadyAt <= now())
        {
            starting.Dequeue();
            notYetReady -= next.Count;
            Idle += next.Count;
        }
    }

    internal void TakePool() => Idle--;

    /// <summary>A pool is done; its replica is free, or gone if it was told to stop.</summary>
    internal void FinishPool()
    {
        if (Draining > 0) Draining--;
        else Idle++;
    }

    private void Add(int more)
    {
        notYetReady += more;
        starting.Enqueue((now() + startupSeconds, more));
    }

    private void Remove(int fewer)
    {
        var kept = new Stack<(double ReadyAt, int Count)>(starting);
        starting.Clear();
        while (fewer > 0 && kept.TryPop(out var youngest))
        {
            var gone = Math.Min(fewer, youngest.Count);
            (fewer, notYetReady) = (fewer - gone, notYetReady - gone);
            if (youngest.Count > gone) kept.Push((youngest.ReadyAt, youngest.Count - gone));
        }
        foreach (var batch in kept.Reverse()) starting.Enqueue(batch);
        var idle = Math.Min(fewer, Idle);
        Idle -= idle;
        Draining += fewer - idle;
    }
}
