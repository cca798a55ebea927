using System.Data.Common;
using Fulfillment.Picking.DeadLetters;
using Npgsql;
using StackExchange.Redis;

namespace Fulfillment.Picking.Intake;

/// <summary>What a poll suggests.</summary>
internal enum Poll
{
    Again,
    Idle,
}

/// <summary>
/// One worker of the warehouse's queue: gathers a pool, has it planned and committed, settles its entries.
/// </summary>
internal sealed partial class IntakeWorker(
    PickingQueue queue, PlanPool planPool, LoneFailures loneFailures, NpgsqlDataSource database,
    PickingSettings settings,
    PickingTelemetry telemetry, TimeProvider clock, ILogger<IntakeWorker> log)
{
    /// <summary>
    /// From this delivery on a release is planned alone: whatever ended the earlier ones may be its doing.
    /// </summary>
    internal const int AloneFromDelivery = 3;

    private DateTimeOffset _claimAt = DateTimeOffset.MinValue;

    /// <summary>
    /// Serves one pool. When it throws (a lost store) or <paramref name="stopping"/> fires, what was not planned is
    /// handed back, to be claimed by anybody at once.
    /// </summary>
    internal async Task<Poll> PollOnceAsync(CancellationToken stopping)
    {
        var deliveries = await GatherAsync(stopping);
        if (deliveries.Count == 0) return Poll.Idle;

        await using var held = new HeldEntries(queue, deliveries.Select(d => d.Entry.Id), settings.RenewEvery, clock);
        if (stopping.IsCancellationRequested) return Poll.Idle;
        // A commit under way is not cut off by a stop: its outcome would be unknown for no gain.
        await ServeAsync(deliveries, held, stopping, CancellationToken.None);
        return Poll.Again;
    }

    private async Task<IReadOnlyList<Delivery>> GatherAsync(CancellationToken stopping)
    {
        var pool = new List<Delivery>();
        var now = clock.GetUtcNow();
        if (now >= _claimAt)
        {
            _claimAt = now + settings.ClaimEvery;
            pool.AddRange(await queue.ClaimAsync(settings.PoolOrdersMax));
            if (pool.Count > 0) telemetry.Redeliveries(pool.Count);
        }

        var started = clock.GetTimestamp();
        while (pool.Count < settings.PoolOrdersMax)
        {
            var read = await queue.ReadAsync(settings.PoolOrdersMax - pool.Count);
            pool.AddRange(read.Select(e => new Delivery(e, 1)));
            if (pool.Count == 0 || clock.GetElapsedTime(started) >= settings.PoolWait
                || stopping.IsCancellationRequested) break;
            if (pool.Count < settings.PoolOrdersMax) await clock.DelayOrStopAsync(settings.QueueIdle, stopping);
        }

        return pool;
    }

    private async Task ServeAsync(
        IReadOnlyList<Delivery> deliveries, HeldEntries held, CancellationToken stopping,
        CancellationToken cancellation)
    {
        var arrivals = deliveries.Select(d => (Arrival: Arrival.Read(d.Entry, settings.WarehouseId), d.Count)).ToList();
        await SettleBrokenAsync([.. arrivals.Select(a => a.Arrival).OfType<Arrival.Broken>()], held, cancellation);

        // Before the releases: a cancel that came with its release spares the walk.
        var signals = arrivals.Select(a => a.Arrival).OfType<Arrival.Signal>().ToList();
        if (signals.Count > 0)
        {
            await SettleSignals.SettleAsync(database, settings.WarehouseId, signals, clock.GetUtcNow(), cancellation);
            await held.SettleAsync([.. signals.Select(s => s.Entry.Id)]);
        }

        var releases = arrivals.Where(a => a.Arrival is Arrival.Release)
            .GroupBy(a => ((Arrival.Release)a.Arrival).Key)
            .Select(g => (Release: Pooled([.. g.Select(a => (Arrival.Release)a.Arrival)]),
                Deliveries: g.Max(a => a.Count)))
            .ToList();
        var together = releases.Where(r => r.Deliveries < AloneFromDelivery).Select(r => r.Release).ToList();
        var alone = releases.Where(r => r.Deliveries >= AloneFromDelivery).Select(r => r.Release).ToList();
        var age = EffortLadder.AgeOf(together, deliveries.Count >= settings.PoolOrdersMax, clock.GetUtcNow());
        if (together.Count > 0 && !await PlanTogetherAsync(together, age, held, cancellation)) alone.AddRange(together);
        foreach (var release in alone)
        {
            if (stopping.IsCancellationRequested) return;
            await PlanAloneAsync(release, held, cancellation);
        }
    }

    private async Task SettleBrokenAsync(List<Arrival.Broken> broken, HeldEntries held, CancellationToken cancellation)
    {
        foreach (var message in broken)
        {
            await using (var connection = await database.OpenConnectionAsync(cancellation))
            {
                await using var transaction = await connection.BeginTransactionAsync(cancellation);
                await Burial.BuryAsync(
                    connection, transaction, settings.WarehouseId, clock.GetUtcNow(), [Letter.Of(message)],
                    cancellation);
                await transaction.CommitAsync(cancellation);
            }

            telemetry.DeadLetters(1);
            MessageBroken(log, (string)message.Entry.Id!, message.Reason);
            await held.SettleAsync([message.Entry.Id]);
        }
    }

    /// <summary>
    /// False when the pool failed by its own making: one of it is at fault, and each is to be tried alone.
    /// </summary>
    private async Task<bool> PlanTogetherAsync(
        List<PooledRelease> pool, TimeSpan backlogAge, HeldEntries held, CancellationToken cancellation)
    {
        try
        {
            await planPool.PlanAsync(pool, backlogAge, cancellation);
        }
        catch (Exception own) when (!IsInfrastructure(own))
        {
            PoolFailed(log, own, pool.Count);
            return false;
        }

        await held.SettleAsync([.. pool.SelectMany(r => r.EntryIds)]);
        return true;
    }

    private async Task PlanAloneAsync(PooledRelease release, HeldEntries held, CancellationToken cancellation)
    {
        var (attempt, lastReason) = await loneFailures.BeginAsync(release.Key, cancellation);
        if (attempt > LoneFailures.FailuresMax)
        {
            await BuryAsync(release, lastReason, held, cancellation);
            return;
        }

        try
        {
            await planPool.PlanAsync([release], backlogAge: null, cancellation);
        }
        catch (Exception own) when (!IsInfrastructure(own))
        {
            ReleaseFailed(log, own, release.Message.OrderId, release.Message.ReleaseNo, attempt,
                LoneFailures.FailuresMax);
            await loneFailures.NoteAsync(release.Key, own.Message, cancellation);
            if (attempt == LoneFailures.FailuresMax) await BuryAsync(release, own.Message, held, cancellation);
            else held.Leave(release.EntryIds); // pending: it comes again when its claim time is over
            return;
        }
        catch (Exception lost) when (IsInfrastructure(lost))
        {
            // With the database gone this fails too, and one attempt too many is counted: the fifth still needs four
            // more.
            await loneFailures.TakeBackAsync(release.Key, cancellation);
            throw;
        }

        await loneFailures.ForgetAsync(release.Key, cancellation);
        await held.SettleAsync(release.EntryIds);
    }

    private async Task BuryAsync(PooledRelease release, string reason, HeldEntries held, CancellationToken cancellation)
    {
        await loneFailures.BuryAsync(release, reason, cancellation);
        await loneFailures.ForgetAsync(release.Key, cancellation);
        telemetry.DeadLetters(1);
        await held.SettleAsync(release.EntryIds);
    }

    private static PooledRelease Pooled(IReadOnlyList<Arrival.Release> copies) =>
        new(copies[0].Message, copies[0].TraceParent, [.. copies.Select(c => c.Entry)]);

    /// <summary>A lost or overloaded store, a deadlock: nothing that a release has done.</summary>
    internal static bool IsInfrastructure(Exception thrown) => thrown switch
    {
        DbException database => database.IsTransient,
        RedisException or TimeoutException or OperationCanceledException => true,
        _ => false,
    };

    [LoggerMessage(1, LogLevel.Warning, "Entry {Entry} cannot be served and is in the dead letters: {Reason}")]
    private static partial void MessageBroken(ILogger log, string entry, string reason);

    [LoggerMessage(2, LogLevel.Error, "A pool of {Releases} releases failed; each is planned alone")]
    private static partial void PoolFailed(ILogger log, Exception own, int releases);

    [LoggerMessage(3, LogLevel.Error, "Release {OrderId}/{ReleaseNo} failed alone, attempt {Attempt} of {AttemptsMax}")]
    private static partial void ReleaseFailed(ILogger log, Exception own, Guid orderId, int releaseNo, int attempt,
        int attemptsMax);
}
