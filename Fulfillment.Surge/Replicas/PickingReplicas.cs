using Fulfillment.Autoscaling.Control;
using Fulfillment.Hosting;
using Fulfillment.Surge.Embedded;

namespace Fulfillment.Surge.Replicas;

/// <summary>
/// Picking's replicas as real processes. A new one starts without a limit and gets its CPU share when it is healthy;
/// one too many is told to stop (SIGTERM) and left to drain.
/// </summary>
internal sealed class PickingReplicas : IReplicaSet, IAsyncDisposable
{
    internal static readonly TimeSpan DrainGrace = TimeSpan.FromSeconds(30);

    private readonly EmbeddedSystem _system;
    private readonly CpuShares _shares;
    private readonly double? _cores;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _gate = new();
    private readonly List<Replica> _kept = [];
    private readonly List<Replica> _draining = [];
    private readonly List<Task> _errands = [];
    private readonly List<TimeSpan> _startups = [];
    private double _cpuSecondsOfGone;
    private bool _unlimited;

    /// <param name="system">Its Picking processes of now are the first replicas.</param>
    /// <param name="shares">Enforces the share.</param>
    /// <param name="cores">Of each replica; null for no limit.</param>
    /// <param name="clock">Measures start-ups.</param>
    internal PickingReplicas(EmbeddedSystem system, CpuShares shares, double? cores, TimeProvider clock)
    {
        (_system, _shares, _cores, _clock) = (system, shares, cores, clock);
        foreach (var child in system.Picking)
        {
            var replica = new Replica(child, clock.GetTimestamp()) { Ready = true };
            _kept.Add(replica);
            Confine(replica);
            MarkReady(replica);
        }
    }

    private sealed class Replica(Child child, long bornAt)
    {
        internal Child Child => child;
        internal long BornAt => bornAt;
        internal int Pid { get; set; }
        internal bool Ready { get; set; }

        /// <summary>What its start cost; planning is counted from here.</summary>
        internal double CpuAtReady { get; set; }

        internal Task Starting { get; set; } = Task.CompletedTask;

        /// <summary>Ends the wait of one that is told to stop before it is up.</summary>
        internal CancellationTokenSource Leaving { get; } = new();

        internal double CpuSinceReady => Math.Max(0, (CpuClock.SecondsOf(Pid) ?? 0) - CpuAtReady);
    }

    public int SpecCount
    {
        get { lock (_gate) return _kept.Count; }
    }

    public int ReadyCount
    {
        get { lock (_gate) return _kept.Count(replica => replica is { Ready: true, Child.Running: true }); }
    }

    /// <summary>Told to stop and not gone yet: they are paid for, and do nothing new.</summary>
    internal int DrainingCount
    {
        get { lock (_gate) return _draining.Count; }
    }

    /// <summary>Replicas that were killed because they had not drained after <see cref="DrainGrace"/>.</summary>
    internal int KilledDraining { get; private set; }

    /// <summary>From asked for to healthy, of each that came up.</summary>
    internal IReadOnlyList<TimeSpan> Startups
    {
        get { lock (_gate) return [.. _startups]; }
    }

    /// <summary>CPU that all replicas, those that are gone too, have used since they were ready.</summary>
    internal double CpuSeconds
    {
        get
        {
            lock (_gate)
                return _cpuSecondsOfGone + _kept.Where(one => one.Ready).Sum(one => one.CpuSinceReady);
        }
    }

    public ValueTask ScaleToAsync(int count, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        lock (_gate)
        {
            _errands.RemoveAll(errand => errand.IsCompletedSuccessfully);
            while (_kept.Count < count) Add();
            while (_kept.Count > count) Remove();
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Lifts every share: the measured time is over and what is left is only to be brought to rest.</summary>
    internal void Unlimit()
    {
        lock (_gate)
        {
            _unlimited = true;
            foreach (var replica in _kept.Concat(_draining)) _shares.Limit(replica.Child.Name, null);
        }
    }

    /// <summary>Returns when every replica asked for is ready.</summary>
    internal async Task WaitUntilReadyAsync(CancellationToken cancellation)
    {
        Task[] errands;
        lock (_gate) errands = [.. _errands];
        await Task.WhenAll(errands).WaitAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        Task[] errands;
        lock (_gate) errands = [.. _errands];
        await Task.WhenAll(errands);
        _ending.Dispose();
    }

    private void Add()
    {
        var replica = new Replica(_system.BearPicking(), _clock.GetTimestamp());
        _kept.Add(replica);
        replica.Starting = Task.Run(() => StartAsync(replica));
        _errands.Add(replica.Starting);
    }

    private async Task StartAsync(Replica replica)
    {
        try
        {
            using var given = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token, replica.Leaving.Token);
            given.Token.ThrowIfCancellationRequested();
            await replica.Child.StartAsync();
            Confine(replica);
            await _system.WaitUntilHealthyAsync(replica.Child, given.Token);
        }
        catch (Exception ended) when (ended is HostingException or OperationCanceledException
            or InvalidOperationException)
        {
            // Told to stop before it was up; if it fell by itself its log says why, and the floor misses it.
            return;
        }

        lock (_gate)
        {
            if (!_kept.Contains(replica)) return;
            MarkReady(replica);
            _startups.Add(_clock.GetElapsedTime(replica.BornAt));
        }
    }

    private void MarkReady(Replica replica)
    {
        if (!_unlimited) _shares.Limit(replica.Child.Name, _cores);
        replica.CpuAtReady = CpuClock.SecondsOf(replica.Pid) ?? 0;
        replica.Ready = true;
    }

    private void Confine(Replica replica)
    {
        replica.Pid = replica.Child.Pid ?? 0;
        _shares.Join(replica.Child.Name, replica.Pid);
    }

    // Those not up yet first, then the youngest, as Kubernetes ranks them.
    private void Remove()
    {
        var least = _kept.FindLastIndex(replica => !replica.Ready);
        var leaving = _kept[least >= 0 ? least : _kept.Count - 1];
        _kept.Remove(leaving);
        _draining.Add(leaving);
        leaving.Leaving.Cancel();
        _errands.Add(Task.Run(() => DrainAsync(leaving)));
    }

    private async Task DrainAsync(Replica leaving)
    {
        await leaving.Starting;
        var used = 0.0;
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        var watch = WatchCpuAsync(leaving, seconds => used = seconds, watching.Token);
        var obeyed = await leaving.Child.StopAsync(DrainGrace);
        await watching.CancelAsync();
        await watch;
        lock (_gate)
        {
            _draining.Remove(leaving);
            _cpuSecondsOfGone += used;
            if (!obeyed) KilledDraining++;
        }

        leaving.Leaving.Dispose();
        _shares.Sweep();
    }

    // The kernel forgets a process's account with the process: the last reading before its end is kept.
    private async Task WatchCpuAsync(Replica leaving, Action<double> note, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                if (leaving.Ready && CpuClock.SecondsOf(leaving.Pid) is not null) note(leaving.CpuSinceReady);
                await Task.Delay(TimeSpan.FromMilliseconds(50), _clock, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // It is gone.
        }
    }
}
