using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fulfillment.ServiceDefaults.Leadership;

/// <summary>
/// Work that one replica at a time does; the others stand by. One connection of the process holds the locks of all its
/// names and beats for them; one who stands by holds none, and reads the beats. A holder that is late (frozen, cut off)
/// is ended by whoever misses it. None of this decides who may write: the fence does, in each transaction.
/// </summary>
/// <param name="locks">Connects straight to the server, past any pooler: a lock lives as long as its session.</param>
/// <param name="leaders">The pool the leaders work through.</param>
/// <param name="options">The times.</param>
/// <param name="metrics">Who leads.</param>
/// <param name="clock">For pauses and turns; beats go by the database's clock.</param>
/// <param name="log">Tells who leads.</param>
public sealed partial class Leaderships(
    NpgsqlDataSource locks, NpgsqlDataSource leaders, LeadershipOptions options, LeadershipMetrics metrics,
    TimeProvider clock, ILogger<Leaderships> log) : BackgroundService
{
    private static readonly TimeSpan LeaveWithin = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, Candidate> _candidates = new(StringComparer.Ordinal);
    private readonly string _holder = $"{Environment.MachineName}/{Environment.ProcessId}/{Guid.NewGuid():N}";
    private TaskCompletionSource _changed = NewChange();
    private LockConnection? _connection;
    private bool _away;

    /// <summary>
    /// Runs <paramref name="active"/> whenever this process leads <paramref name="name"/>, and again after it failed,
    /// until cancelled. It finishes turns (<see cref="Leader.TurnFinished"/>) or rests, and ends soon after its token.
    /// </summary>
    /// <exception cref="InvalidOperationException">The process runs this name already.</exception>
    public async Task RunAsync(
        string name, Func<Leader, CancellationToken, Task> active, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(active);
        var candidate = new Candidate(name, clock);
        if (!_candidates.TryAdd(name, candidate)) throw new InvalidOperationException($"{name} is run already.");
        metrics.Set(name, active: false);
        Changed();
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                var (leader, lost) = await candidate.ElectedAsync(cancellation);
                using (var ending = CancellationTokenSource.CreateLinkedTokenSource(lost, cancellation))
                    await LeadAsync(leader, active, ending.Token);
                candidate.Ended();
                Changed();
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Told to stop while it stood by.
        }
        finally
        {
            candidate.Withdraw();
            Changed();
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var changed = Volatile.Read(ref _changed);
            try
            {
                await TurnAsync(stoppingToken);
                if (_away) IsBack(log);
                _away = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception lost) when (lost is DbException or TimeoutException or InvalidOperationException)
            {
                if (!_away) IsAway(log, lost.Message);
                _away = true;
                await LoseAllAsync();
            }

            await Task.WhenAny(changed.Task, Task.Delay(options.BeatEvery, clock, stoppingToken));
            if (changed.Task.IsCompleted) Interlocked.CompareExchange(ref _changed, NewChange(), changed);
        }

        await LeaveAsync();
    }

    /// <summary>One turn: gives up what is over or hung, beats for the rest, takes what nobody beats for.</summary>
    private async Task TurnAsync(CancellationToken cancellation)
    {
        var candidates = _candidates.Values.ToList();
        foreach (var gone in candidates.Where(candidate => candidate.Withdrawn && candidate.Held is null)) Forget(gone);
        await GiveUpAsync(candidates, cancellation);
        await BeatAsync(candidates, cancellation);
        var standing = candidates.Where(candidate => candidate.MayStand(options.RetryDelay)).ToList();
        if (standing.Count > 0) await StandAsync(standing, cancellation);
        if (_connection is null || candidates.Exists(candidate => candidate.Held is not null)) return;
        await _connection.DisposeAsync();
        _connection = null;
    }

    private async Task GiveUpAsync(List<Candidate> candidates, CancellationToken cancellation)
    {
        var over = candidates.Where(candidate => candidate.IsOver).ToList();
        foreach (var hung in candidates.Where(candidate => candidate.Held?.Turn > options.TurnMax))
        {
            LetGo(log, hung.Name, options.TurnMax);
            metrics.LetGo(hung.Name);
            over.Add(hung);
        }

        var held = over.Select(candidate => candidate.Held).OfType<Leader>().ToList();
        if (held.Count > 0) await _connection!.VacateAsync(held, cancellation);
        foreach (var candidate in over)
        {
            await candidate.LoseAsync();
            metrics.Set(candidate.Name, active: false);
            if (candidate.Withdrawn) Forget(candidate);
        }
    }

    private async Task BeatAsync(List<Candidate> candidates, CancellationToken cancellation)
    {
        var held = candidates.Select(candidate => candidate.Held).OfType<Leader>().ToList();
        if (held.Count == 0) return;
        var ours = await _connection!.BeatAsync(held, cancellation);
        foreach (var candidate in candidates.Where(of => of.Held is not null && !ours.Contains(of.Name)))
        {
            Deposed(log, candidate.Name);
            await candidate.LoseAsync();
            metrics.Set(candidate.Name, active: false);
        }
    }

    private async Task StandAsync(List<Candidate> standing, CancellationToken cancellation)
    {
        var names = standing.ConvertAll(candidate => candidate.Name).ToArray();
        var missed = await LockConnection.FindMissedAsync(
            _connection, leaders, names, options.MissedAfter, cancellation);
        if (missed.Length == 0) return;
        _connection ??= await LockConnection.OpenAsync(locks, _holder, cancellation);
        var fences = await _connection.TakeAsync(missed, cancellation);
        if (fences.Count < missed.Length)
        {
            var left = Array.FindAll(missed, name => !fences.ContainsKey(name));
            var ended = await _connection.DeposeAsync(left, options.LateAfter, cancellation);
            if (ended > 0)
            {
                DeposedOthers(log, ended, string.Join(", ", left));
                metrics.Deposed(ended);
                Changed(); // their locks are free in a moment
            }
        }

        if (fences.Count == 0) return;
        Leads(log, string.Join(", ", fences.Keys));
        foreach (var candidate in standing)
        {
            if (!fences.TryGetValue(candidate.Name, out var fence)) continue;
            candidate.Elect(new Leader(candidate.Name, fence, leaders, clock));
            metrics.Set(candidate.Name, active: true);
        }
    }

    private async Task LeadAsync(
        Leader leader, Func<Leader, CancellationToken, Task> active, CancellationToken ending)
    {
        try
        {
            await active(leader, ending);
        }
        catch (Exception) when (ending.IsCancellationRequested)
        {
            // It was told to end.
        }
        catch (PostgresException deposed) when (deposed.SqlState == Leader.DeposedState)
        {
            Deposed(log, leader.Name);
        }
        catch (DbException away)
        {
            LostDatabase(log, leader.Name, away.Message);
        }
#pragma warning disable CA1031 // The leader must outlive a bug in one turn of it; the log and the backlog tell.
        catch (Exception failure)
        {
            Failed(log, leader.Name, failure);
        }
#pragma warning restore CA1031
    }

    private async Task LoseAllAsync()
    {
        foreach (var candidate in _candidates.Values.Where(candidate => candidate.Held is not null))
        {
            await candidate.LoseAsync();
            metrics.Set(candidate.Name, active: false);
        }

        if (_connection is null) return;
        await _connection.DisposeAsync();
        _connection = null;
    }

    private async Task LeaveAsync()
    {
        var held = _candidates.Values.Select(candidate => candidate.Held).OfType<Leader>().ToList();
        try
        {
            using var within = new CancellationTokenSource(LeaveWithin, clock);
            if (_connection is not null && held.Count > 0) await _connection.VacateAsync(held, within.Token);
        }
        catch (Exception lost) when (lost is DbException or OperationCanceledException or InvalidOperationException)
        {
            // They are free when the connection is closed, and missed two beats later.
        }

        await LoseAllAsync();
    }

    private void Forget(Candidate candidate)
    {
        _candidates.TryRemove(new KeyValuePair<string, Candidate>(candidate.Name, candidate));
        metrics.Forget(candidate.Name);
    }

    private void Changed() => Volatile.Read(ref _changed).TrySetResult();

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(1, LogLevel.Information, "This replica is the active one for {Names}")]
    private static partial void Leads(ILogger log, string names);

    [LoggerMessage(2, LogLevel.Warning, "{Name} stood down, another replica leads by now")]
    private static partial void Deposed(ILogger log, string name);

    [LoggerMessage(3, LogLevel.Warning, "{Name} stood down, the database failed: {Problem}")]
    private static partial void LostDatabase(ILogger log, string name, string problem);

    [LoggerMessage(4, LogLevel.Error, "{Name} failed and will be tried again")]
    private static partial void Failed(ILogger log, string name, Exception failure);

    [LoggerMessage(5, LogLevel.Error, "{Name} has not finished a turn in {TurnMax} and lets go")]
    private static partial void LetGo(ILogger log, string name, TimeSpan turnMax);

    [LoggerMessage(6, LogLevel.Warning, "{Sessions} sessions of a late replica were ended, it had {Names}")]
    private static partial void DeposedOthers(ILogger log, long sessions, string names);

    [LoggerMessage(7, LogLevel.Warning, "This replica leads nothing, the database does not answer: {Problem}")]
    private static partial void IsAway(ILogger log, string problem);

    [LoggerMessage(8, LogLevel.Information, "The database answers again")]
    private static partial void IsBack(ILogger log);
}
