using Fulfillment.Orders.TrackOrder;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.Leadership;
using Npgsql;
using StackExchange.Redis;

namespace Fulfillment.Orders.Dispatch;

/// <summary>
/// The active relay of one warehouse: moves releases from Postgres to the stream, fairly between the clients, and never
/// more of them than the workers could use. The steps and what a crash between them leaves behind:
/// (1) mark Dispatched and commit: rows without an entry, published when they are <c>RepublishAfter</c> old;
/// (2) append to the stream: the same, and Picking's inbox strikes the second copy; (3) store the entry ids.
/// </summary>
internal sealed partial class WarehouseRelay
{
    /// <summary>
    /// Steps of <see cref="StopAt"/>: releases are marked and not on the stream; on it, without their ids.
    /// </summary>
    internal const string StopBeforeAppend = "Relay.BeforeAppend", StopAfterAppend = "Relay.AfterAppend";

    private const int HeadsPerClientMin = 16;

    private const string ReadEpochSql = "SELECT epoch FROM fair_queues WHERE warehouse_id = $1";

    private const string WriteEpochSql = "UPDATE fair_queues SET epoch = $2 WHERE warehouse_id = $1";

    private const string EntrylessSql = """
        SELECT client_id, order_id, release_no, dispatched_at FROM releases r
        WHERE warehouse_id = $1 AND state = 'Dispatched' AND stream_entry IS NULL AND NOT EXISTS (
            SELECT FROM parked_releases p WHERE p.warehouse_id = r.warehouse_id AND p.client_id = r.client_id
            AND p.order_id = r.order_id AND p.release_no = r.release_no)
        ORDER BY start_tag, client_id, order_id, release_no
        """;

    private readonly string _warehouseId;
    private readonly Leader _leader;
    private readonly PickingStream _stream;
    private readonly LostEntries _lost;
    private readonly DispatchOptions _options;
    private readonly DispatchMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly StopAt _stopAt;
    private readonly ILogger _log;

    private FairQueue _queue = new(0, []);
    private string? _epoch;
    private DateTimeOffset _nextSweep;
    private int _entryless; // dispatched, not known to be on the stream: they are owed room there
    private int _clients = 1;

    internal WarehouseRelay(
        string warehouseId, Leader leader, IDatabase redis, DispatchOptions options,
        DispatchMetrics metrics, TimeProvider clock, StopAt stopAt, ILogger log)
    {
        // Due times, and what is old enough to be published again: a clock that is set must not move them.
        _clock = new SteadyClock(clock);
        (_warehouseId, _leader, _options, _metrics, _stopAt, _log) =
            (warehouseId, leader, options, metrics, stopAt, log);
        _stream = new PickingStream(redis, warehouseId, clock);
        _lost = new LostEntries(warehouseId, leader, _stream, clock);
    }

    /// <summary>What a round found, and so how soon the next one is worth while.</summary>
    internal enum Found
    {
        Work,
        Nothing,
        FullStream,
    }

    /// <summary>Reads what the last active relay committed. Before the first round.</summary>
    internal async Task LoadAsync(CancellationToken cancellation)
    {
        _queue = await Marking.LoadQueueAsync(_leader, _warehouseId, cancellation);
        await using var epoch = _leader.CreateCommand(ReadEpochSql);
        epoch.Parameters.Add(new NpgsqlParameter { Value = _warehouseId });
        _epoch = await epoch.ExecuteScalarAsync(cancellation) as string;
    }

    /// <summary>Rounds until cancelled or until Postgres is lost. Redis may come and go.</summary>
    internal async Task RunAsync(DispatchSignal signal, CancellationToken cancellation)
    {
        await LoadAsync(cancellation);
        var redisAway = false;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var pulse = signal.Next;
            try
            {
                var found = await RoundAsync(cancellation);
                if (redisAway) RedisIsBack(_log, _warehouseId);
                redisAway = false;
                _leader.TurnFinished();
                if (found == Found.FullStream) await _leader.RestAsync(_options.FullDelay, cancellation);
                else if (found == Found.Nothing) await _leader.RestAsync(Task.WhenAny(pulse, IdleAsync(cancellation)));
            }
            catch (Exception away) when (PickingStream.IsAway(away) && !cancellation.IsCancellationRequested)
            {
                if (!redisAway) RedisIsAway(_log, _warehouseId, away.Message.Split('\n')[0]);
                redisAway = true;
                await _leader.RestAsync(_options.RetryDelay, cancellation);
            }
        }
    }

    /// <summary>Signals, then what was lost, then new releases as far as there is room.</summary>
    internal async Task<Found> RoundAsync(CancellationToken cancellation)
    {
        var now = _clock.GetUtcNow();
        var (epoch, depth, liveWorkers) = await _stream.LookAsync();
        _metrics.Depth(_warehouseId, depth);
        if (epoch is null || epoch != _epoch)
        {
            await RecoverAsync(now, cancellation);
            return Found.Work;
        }

        if (await PublishSignalsAsync(now, cancellation)) return Found.Work;
        if (now >= _nextSweep)
        {
            await SweepAsync(now, cancellation);
            return Found.Work; // what it published has taken room
        }

        var room = (int)Math.Min(_options.DepthMax(liveWorkers) - depth - _entryless, _options.BatchMax);
        return room > 0 ? await DispatchAsync(room, now, cancellation) : Found.FullStream;
    }

    private async Task<Found> DispatchAsync(int room, DateTimeOffset now, CancellationToken cancellation)
    {
        var perClient = Math.Clamp(2 * room / _clients, Math.Min(HeadsPerClientMin, room), room);
        var clients = await WaitingReleases.ReadHeadsAsync(
            _leader, _warehouseId, now + _options.LeadTime, perClient, cancellation);
        _clients = Math.Max(1, clients.Count);
        if (clients.Count == 0) return Found.Nothing;

        var next = _queue.Order(clients, room);
        var marked = await Marking.MarkAsync(_leader, _warehouseId, _queue, next, now, cancellation);
        _entryless += marked.Count;
        await PublishAsync(marked.ConvertAll(release => release.Key), now, cancellation);
        return Found.Work;
    }

    /// <summary>
    /// Publishes releases that are dispatched and without an entry; those of unknown outcome stay so.
    /// </summary>
    private async Task PublishAsync(
        IReadOnlyList<ReleaseKey> releases, DateTimeOffset now, CancellationToken cancellation)
    {
        var messages = await ReleaseMessages.ReadAsync(_leader, _warehouseId, releases, cancellation);
        _stopAt.Reached(StopBeforeAppend);
        var (entries, failure) = await _stream.AppendAsync(messages);
        _stopAt.Reached(StopAfterAppend);
        var published = messages.Zip(entries).Where(sent => sent.Second is not null)
            .Select(sent => (sent.First.Key, sent.Second!)).ToList();
        if (published.Count > 0) await ReleaseMessages.StoreEntriesAsync(_leader, published, now, cancellation);
        _leader.TurnFinished();
        _entryless -= published.Count;
        _metrics.Published(_warehouseId, published.Count);
        if (OrderTrace.IsSeen)
            foreach (var (message, _) in messages.Zip(entries).Where(sent => sent.Second is not null))
                OrderTrace.Step(OrderTrace.Dispatched, message.Key.OrderId, message.TraceParent, now);
        if (failure is null) return;
        _nextSweep = now;
        throw new RedisException("The stream could not be written", failure);
    }

    private async Task<bool> PublishSignalsAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var signals = await OpenSignals.ReadUnpublishedAsync(_leader, _warehouseId, cancellation);
        if (signals.Count == 0) return false;
        var (entries, failure) = await _stream.AppendAsync(signals);
        var published = signals.Zip(entries).Where(sent => sent.Second is not null)
            .Select(sent => (sent.First, sent.Second!)).ToList();
        if (published.Count > 0) await OpenSignals.StoreEntriesAsync(_leader, published, now, cancellation);
        _metrics.Published(_warehouseId, published.Count);
        return failure is null ? true : throw new RedisException("The stream could not be written", failure);
    }

    private async Task SweepAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await _lost.LookAsync(now - _options.RepublishAfter, cancellation);
        await PublishEntrylessAsync(now, now - _options.RepublishAfter, cancellation);
        var soon = _entryless > 0 && _options.RepublishAfter < _options.SweepInterval;
        _nextSweep = now + (soon ? _options.RepublishAfter : _options.SweepInterval);
    }

    /// <summary>
    /// The stream is not the one that was written: everything unreported is published again, oldest tag first, before
    /// new work. The new epoch is made known last, so that a crash in here does it all again.
    /// </summary>
    private async Task RecoverAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        StreamLost(_log, _warehouseId);
        await _lost.ForgetAllGoneAsync(cancellation);
        while (await PublishSignalsAsync(now, cancellation)) { }
        await PublishEntrylessAsync(now, DateTimeOffset.MaxValue, cancellation);
        var epoch = Guid.CreateVersion7(now).ToString("N");
        await using var write = _leader.CreateBatch();
        write.BatchCommands.Add(new NpgsqlBatchCommand(WriteEpochSql)
        {
            Parameters = { new() { Value = _warehouseId }, new() { Value = epoch } },
        });
        await write.ExecuteNonQueryAsync(cancellation);
        await _stream.PutEpochAsync(epoch);
        _epoch = epoch;
    }

    private async Task PublishEntrylessAsync(
        DateTimeOffset now, DateTimeOffset dispatchedBefore, CancellationToken cancellation)
    {
        var entryless = await ReadEntrylessAsync(cancellation);
        _entryless = entryless.Count;
        var due = entryless.Where(release => release.DispatchedAt <= dispatchedBefore).Select(release => release.Key);
        foreach (var releases in due.Chunk(_options.BatchMax))
        {
            Republishing(_log, _warehouseId, releases.Length);
            await PublishAsync(releases, now, cancellation);
            _metrics.Republished(_warehouseId, releases.Length);
        }
    }

    private async Task<List<(ReleaseKey Key, DateTimeOffset DispatchedAt)>> ReadEntrylessAsync(
        CancellationToken cancellation)
    {
        await using var command = _leader.CreateCommand(EntrylessSql);
        command.Parameters.Add(new NpgsqlParameter { Value = _warehouseId });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var entryless = new List<(ReleaseKey, DateTimeOffset)>();
        while (await reader.ReadAsync(cancellation))
        {
            var key = new ReleaseKey(reader.GetString(0), reader.GetGuid(1), reader.GetInt32(2));
            entryless.Add((key, reader.GetDateTime(3)));
        }

        return entryless;
    }

    private Task IdleAsync(CancellationToken cancellation) => Task.Delay(_options.IdleDelay, _clock, cancellation);

    [LoggerMessage(1, LogLevel.Warning, "Warehouse {WarehouseId}: Redis is away, releases wait in Postgres: {Problem}")]
    private static partial void RedisIsAway(ILogger log, string warehouseId, string problem);

    [LoggerMessage(2, LogLevel.Information, "Warehouse {WarehouseId}: Redis is back")]
    private static partial void RedisIsBack(ILogger log, string warehouseId);

    [LoggerMessage(3, LogLevel.Warning,
        "Warehouse {WarehouseId}: the stream is new or was lost, what is unreported is published again")]
    private static partial void StreamLost(ILogger log, string warehouseId);

    [LoggerMessage(4, LogLevel.Information, "Warehouse {WarehouseId}: publishing {Count} releases that stand nowhere")]
    private static partial void Republishing(ILogger log, string warehouseId, int count);
}
