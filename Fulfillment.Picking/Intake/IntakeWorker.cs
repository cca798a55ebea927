using Fulfillment.Picking.DeadLetters;
using Npgsql;

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
    PickingQueue queue, PlanPool planPool, PlanAlone planAlone, NpgsqlDataSource database,
    PickingSettings settings,
    PickingTelemetry telemetry, TimeProvider clock, ILogger<IntakeWorker> log)
{
    /// <summary>
    /// From this delivery on a release is planned alone: whatever ended the earlier ones may be its doing.
    /// </summary>
    internal const int AloneFromDelivery = 3;

    private long? _claimedAt;

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
        try
        {
            // A commit under way is not cut off by a stop: its outcome would be unknown for no gain.
            await ServeAsync(deliveries, held, stopping, CancellationToken.None);
            return Poll.Again;
        }
        catch (Exception late) when (PlanAlone.IsLocked(late))
        {
            // One of them may be all that it waits for. The third delivery finds out which: each is planned alone.
            held.CountDelivery();
            throw;
        }
    }

    private async Task<IReadOnlyList<Delivery>> GatherAsync(CancellationToken stopping)
    {
        var pool = new List<Delivery>();
        // By a clock that nobody sets.
        if (_claimedAt is not { } at || clock.GetElapsedTime(at) >= settings.ClaimEvery)
        {
            _claimedAt = clock.GetTimestamp();
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
        var knownSince = clock.GetUtcNow() - settings.ReleaseAgeMax;
        var arrivals = deliveries
            .Select(d => (Arrival: Arrival.Read(d.Entry, settings.WarehouseId, knownSince), d.Count)).ToList();
        await SettleBrokenAsync([.. arrivals.Select(a => a.Arrival).OfType<Arrival.Broken>()], held, cancellation);

        // Before the releases: a cancel that came with its release spares the walk.
        var signals = arrivals.Select(a => a.Arrival).OfType<Arrival.Signal>().ToList();
        if (signals.Count > 0)
        {
            var waiting = await SettleSignals.SettleAsync(
                database, settings.WarehouseId, signals, clock.GetUtcNow(), cancellation);
            var left = signals.Where(signal => waiting.Contains(signal.Key)).Select(signal => signal.Entry.Id).ToList();
            held.Leave([.. left]);
            await held.SettleAsync([.. signals.Select(signal => signal.Entry.Id).Except(left)]);
        }

        var releases = arrivals.Where(a => a.Arrival is Arrival.Release)
            .GroupBy(a => ((Arrival.Release)a.Arrival).Key)
            .Select(g => (Release: Pooled([.. g.Select(a => (Arrival.Release)a.Arrival)]),
                Deliveries: g.Max(a => a.Count)))
            .ToList();
        var together = releases.Where(r => r.Deliveries < AloneFromDelivery).Select(r => r.Release).ToList();
        var alone = releases.Where(r => r.Deliveries >= AloneFromDelivery).Select(r => r.Release).ToList();
        var age = EffortLadder.AgeOf(together, deliveries.Count >= settings.PoolOrdersMax, clock.GetUtcNow());
        var planned = together.Count == 0 ? 0 : await PlanTogetherAsync(together, age, held, cancellation);
        if (planned is null) alone.AddRange(together);
        await planAlone.PlanAsync(alone, planned > 0, held, stopping, cancellation);
    }

    private async Task SettleBrokenAsync(List<Arrival.Broken> broken, HeldEntries held, CancellationToken cancellation)
    {
        foreach (var message in broken)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(cancellation);
                await using var transaction = await connection.BeginTransactionAsync(cancellation);
                await Burial.BuryAsync(
                    connection, transaction, settings.WarehouseId, clock.GetUtcNow(), [Letter.Of(message)],
                    cancellation);
                await transaction.CommitAsync(cancellation);
            }
            catch (PostgresException locked) when (PlanAlone.IsLocked(locked))
            {
                held.Leave([message.Entry.Id]); // somebody is writing of that release: it comes again
                continue;
            }

            telemetry.DeadLetters(1);
            MessageBroken(log, (string)message.Entry.Id!, message.Reason);
            await held.SettleAsync([message.Entry.Id]);
        }
    }

    /// <summary>
    /// How many are known to the database now; null when the pool failed by its own making: one of it is at fault, and
    /// each is to be tried alone.
    /// </summary>
    private async Task<int?> PlanTogetherAsync(
        List<PooledRelease> pool, TimeSpan backlogAge, HeldEntries held, CancellationToken cancellation)
    {
        IReadOnlySet<ReleaseId> waiting;
        try
        {
            waiting = await planPool.PlanAsync(pool, backlogAge, cancellation);
        }
        catch (Exception own) when (!PlanAlone.IsStores(own))
        {
            PoolFailed(log, pool.Count, own.Message.Split('\n', 2)[0]);
            return null;
        }

        // What somebody else is writing of comes again after the claim time.
        held.Leave([.. pool.Where(r => waiting.Contains(r.Key)).SelectMany(r => r.EntryIds)]);
        await held.SettleAsync([.. pool.Where(r => !waiting.Contains(r.Key)).SelectMany(r => r.EntryIds)]);
        return pool.Count - waiting.Count;
    }

    private static PooledRelease Pooled(IReadOnlyList<Arrival.Release> copies) =>
        new(copies[0].Message, copies[0].TraceParent, [.. copies.Select(c => c.Entry)]);

    [LoggerMessage(1, LogLevel.Warning, "Entry {Entry} cannot be served and is in the dead letters: {Reason}")]
    private static partial void MessageBroken(ILogger log, string entry, string reason);

    [LoggerMessage(2, LogLevel.Error, "A pool of {Releases} releases failed; each is planned alone: {Problem}")]
    private static partial void PoolFailed(ILogger log, int releases, string problem);
}
