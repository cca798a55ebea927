using Fulfillment.ServiceDefaults.Outages;
using Npgsql;
using StackExchange.Redis;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// Plans releases one by one, each of which may be what makes planning fail, and sends to the dead letters what failed
/// too often by its own making.
/// </summary>
internal sealed partial class PlanAlone(
    PlanPool planPool, LoneFailures loneFailures, PickingTelemetry telemetry, ILogger<PlanAlone> log)
{
    private readonly Blame _blame = new();

    /// <param name="releases">In the order in which they are tried.</param>
    /// <param name="planned">Something was planned in this poll already: the store does what it should.</param>
    /// <param name="held">Their entries.</param>
    /// <param name="stopping">Ends it between two releases.</param>
    /// <param name="cancellation">Ends it between two steps.</param>
    /// <exception cref="BrokenStoreException">Different releases failed alike: none of them is to blame.</exception>
    internal async Task PlanAsync(
        IReadOnlyList<PooledRelease> releases, bool planned, HeldEntries held, CancellationToken stopping,
        CancellationToken cancellation)
    {
        var failed = new List<FailedAlone>();
        foreach (var release in releases)
        {
            if (stopping.IsCancellationRequested) break;
            var (went, failure) = await TryAsync(release, held, cancellation);
            planned |= went;
            if (failure is not null) failed.Add(failure);
        }

        if (planned) _blame.StoreWorks();
        else if (_blame.StoresFault(failed) is { } counted)
        {
            foreach (var (release, attempts) in counted)
                await loneFailures.TakeBackAsync(release, attempts, cancellation);
            var thrown = failed[^1].Thrown;
            throw new BrokenStoreException(
                $"{counted.Count} different releases failed alike ({failed[^1].How}): {FirstLine(thrown)}", thrown);
        }

        foreach (var one in failed) await CountAsync(one, held, cancellation);
    }

    private async Task<(bool Went, FailedAlone? Failed)> TryAsync(
        PooledRelease release, HeldEntries held, CancellationToken cancellation)
    {
        var (attempt, lastReason) = await loneFailures.BeginAsync(release.Key, cancellation);
        if (attempt > LoneFailures.FailuresMax)
        {
            await BuryAsync(release, lastReason, held, cancellation);
            return (false, null);
        }

        try
        {
            var waiting = await planPool.PlanAsync([release], backlogAge: null, cancellation);
            if (waiting.Count == 0) await loneFailures.ForgetAsync(release.Key, cancellation);
            else await loneFailures.TakeBackAsync(release.Key, 1, cancellation);
            if (waiting.Count == 0) await held.SettleAsync(release.EntryIds);
            else held.Leave(release.EntryIds);
            return (waiting.Count == 0, null);
        }
        catch (Exception thrown) when (IsStores(thrown))
        {
            // With the database gone this fails too, and one attempt too many is counted: the fifth still needs four
            // more.
            await loneFailures.TakeBackAsync(release.Key, 1, cancellation);
            // What it waits for may be locked for it alone: the others go on.
            if (!IsLocked(thrown)) throw;
            held.Leave(release.EntryIds);
            return (false, null);
        }
#pragma warning disable CA1031 // Whatever a release makes fail is counted against it, and must not end the worker.
        catch (Exception thrown)
#pragma warning restore CA1031
        {
            return (false, new FailedAlone(release, attempt, thrown));
        }
    }

    private async Task CountAsync(FailedAlone failed, HeldEntries held, CancellationToken cancellation)
    {
        var (release, attempt, thrown) = failed;
        ReleaseFailed(
            log, thrown, release.Message.OrderId, release.Message.ReleaseNo, attempt, LoneFailures.FailuresMax);
        await loneFailures.NoteAsync(release.Key, thrown.Message, cancellation);
        if (attempt == LoneFailures.FailuresMax) await BuryAsync(release, thrown.Message, held, cancellation);
        else held.Leave(release.EntryIds); // pending: it comes again when its claim time is over
    }

    private async Task BuryAsync(PooledRelease release, string reason, HeldEntries held, CancellationToken cancellation)
    {
        await loneFailures.BuryAsync(release, reason, cancellation);
        await loneFailures.ForgetAsync(release.Key, cancellation);
        telemetry.DeadLetters(1);
        await held.SettleAsync(release.EntryIds);
    }

    /// <summary>A lost or broken store, a lock, a crossing: nothing that a release has done.</summary>
    internal static bool IsStores(Exception thrown) =>
        StoreFault.StoreOf(thrown) is not null || StoreFault.IsCrossed(thrown)
        || thrown is RedisException or OperationCanceledException or BrokenStoreException;

    /// <summary>Somebody held what the statement needed for longer than it may wait.</summary>
    internal static bool IsLocked(Exception thrown) => thrown is PostgresException
    {
        SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled,
    };

    private static string FirstLine(Exception thrown) => thrown.Message.Split('\n', 2)[0];

    [LoggerMessage(1, LogLevel.Error, "Release {OrderId}/{ReleaseNo} failed alone, attempt {Attempt} of {AttemptsMax}")]
    private static partial void ReleaseFailed(ILogger log, Exception own, Guid orderId, int releaseNo, int attempt,
        int attemptsMax);
}
