namespace Fulfillment.ServiceDefaults.Leadership;

/// <summary>One name this process would lead. Its runner waits to be elected; the keeper of the locks elects.</summary>
#pragma warning disable CA1001 // Its token has no timer and no links: there is nothing to dispose of.
internal sealed class Candidate(string name, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource<(Leader, CancellationToken)> _election = NewElection();
    private CancellationTokenSource? _lost;
    private bool _running;
    private long? _endedAt;

    internal string Name => name;

    /// <summary>Set while this process holds the lock.</summary>
    internal Leader? Held { get; private set; }

    /// <summary>Its runner has gone: it is to be forgotten once the lock is given up.</summary>
    internal bool Withdrawn { get; private set; }

    /// <summary>The lock is held and the loop has ended: to be given up.</summary>
    internal bool IsOver
    {
        get
        {
            lock (_lock) return Held is not null && !_running;
        }
    }

    /// <summary>Not while its loop runs, nor soon after it ended: another replica may do better.</summary>
    internal bool MayStand(TimeSpan standBack)
    {
        lock (_lock)
        {
            return Held is null && !_running && !Withdrawn
                && (_endedAt is not { } ended || clock.GetElapsedTime(ended) >= standBack);
        }
    }

    /// <summary>Waits to be elected. The token is cancelled when the lock is lost.</summary>
    internal Task<(Leader Leader, CancellationToken Lost)> ElectedAsync(CancellationToken cancellation)
    {
        lock (_lock) return _election.Task.WaitAsync(cancellation);
    }

    internal void Elect(Leader leader)
    {
        lock (_lock)
        {
            _lost = new CancellationTokenSource();
            (Held, _running) = (leader, !Withdrawn);
            _election.SetResult((leader, _lost.Token));
        }
    }

    /// <summary>The lock is gone, or given up. The loop is told, and may take its time to end.</summary>
    internal Task LoseAsync()
    {
        lock (_lock)
        {
            Held = null;
            return _lost?.CancelAsync() ?? Task.CompletedTask;
        }
    }

    /// <summary>The loop has ended.</summary>
    internal void Ended()
    {
        lock (_lock)
        {
            (_running, _endedAt) = (false, clock.GetTimestamp());
            _election = NewElection();
        }
    }

    /// <summary>The runner goes. Elected at this moment, it is given up like a loop that ended.</summary>
    internal void Withdraw()
    {
        lock (_lock) (Withdrawn, _running) = (true, false);
    }

    private static TaskCompletionSource<(Leader, CancellationToken)> NewElection() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);
}
