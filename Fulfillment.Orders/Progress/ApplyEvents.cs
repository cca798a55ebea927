using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.States;
using Fulfillment.ServiceDefaults;
using Npgsql;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// Events to be applied together, what stood in the cursor before them, and what it is to hold after them.
/// <paramref name="ParkMax"/>: releases that may be parked within a minute; one more stops the feed.
/// </summary>
internal sealed record Run(
    string WarehouseId, FeedCursor From, IReadOnlyList<FeedEvent> Events, bool Resuming, int ParkMax,
    DateTimeOffset Now, DateTimeOffset? CaughtUpAt = null, HeldBack? HeldBack = null)
{
    internal FeedCursor To => Events.Count == 0 ? From : FeedCursor.After(Events[^1]);
}

/// <summary>
/// Applies events of Picking and the cursor after them in one transaction, which makes them happen exactly once. Locks
/// as everybody does: orders, then releases, then stock, each in the order of its key.
/// </summary>
internal static class ApplyEvents
{
    /// <summary>
    /// Steps of <see cref="StopAt"/>: the events are written and not committed; committed and not reported.
    /// </summary>
    internal const string StopBeforeCommit = "Feed.BeforeCommit", StopAfterCommit = "Feed.AfterCommit";

    // The connection is any of the pool's, whose plans may be of the time when the tables were empty. Sequential scans
    // are never right here, and their penalty must not wake the JIT compiler.
    private const string SessionSql = """
        SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true),
               set_config('jit', 'off', true)
        """;

    private const string LockOrdersSql = """
        SELECT o.client_id, o.order_id, o.cancel_requested_at IS NOT NULL FROM orders o
        JOIN (SELECT DISTINCT client_id, order_id FROM unnest($1, $2) AS k(client_id, order_id)) k
            ON o.client_id = k.client_id AND o.order_id = k.order_id
        ORDER BY o.client_id, o.order_id FOR UPDATE OF o
        """;

    private const string LockReleasesSql = """
        SELECT r.client_id, r.order_id, r.release_no, r.state, r.feed_version FROM releases r
        JOIN (SELECT DISTINCT * FROM unnest($1, $2, $3) AS k(client_id, order_id, release_no)) k
            ON r.client_id = k.client_id AND r.order_id = k.order_id AND r.release_no = k.release_no
        WHERE r.warehouse_id = $4
        ORDER BY r.client_id, r.order_id, r.release_no FOR UPDATE OF r
        """;

    // Of an order that nobody knows no row could be locked: then it is this row where a retry and the reader meet.
    private const string LockParkedSql = """
        SELECT p.client_id, p.order_id, p.release_no, p.skipped_at IS NOT NULL FROM parked_releases p
        JOIN (SELECT DISTINCT * FROM unnest($1, $2, $3) AS k(client_id, order_id, release_no)) k
            ON p.client_id = k.client_id AND p.order_id = k.order_id AND p.release_no = k.release_no
        WHERE p.warehouse_id = $4
        ORDER BY p.client_id, p.order_id, p.release_no FOR UPDATE OF p
        """;

    private const string LinesSql = """
        SELECT a.client_id, a.order_id, a.release_no, a.line_no, a.sku, a.quantity - a.picked - a.short - a.cancelled,
               a.picked + a.short,
               (SELECT max(r.release_no) FROM releases r WHERE r.client_id = a.client_id AND r.order_id = a.order_id)
        FROM (SELECT DISTINCT * FROM unnest($1, $2, $3) AS k(client_id, order_id, release_no)) k
        JOIN allocations a ON a.client_id = k.client_id AND a.order_id = k.order_id AND a.release_no = k.release_no
        ORDER BY a.client_id, a.order_id, a.release_no, a.line_no
        """;

    /// <summary>
    /// Applies the run, all or none, and moves the cursor. <paramref name="refused"/>: parks its events for this fault
    /// instead, which the database has found in them.
    /// </summary>
    /// <exception cref="EventsRefusedException">One of them asks for what is not there; nothing is applied.</exception>
    /// <exception cref="FeedStoppedException">Too many releases would be parked; nothing is applied.</exception>
    /// <exception cref="CursorMovedException">Somebody else reads this feed; nothing is applied.</exception>
    internal static async Task<Effects> ApplyAsync(
        NpgsqlDataSource database, Run run, StopAt stopAt, CancellationToken cancellation, EventFault? refused = null)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var known = await LockAsync(connection, run.WarehouseId, run.Events, run.Resuming, cancellation);
        var effects = Effects.Of(run.Events, known, refused);

        await using var batch = new NpgsqlBatch(connection, transaction);
        WriteEffects.AddTo(batch, effects, $"feed:{run.WarehouseId}:{run.To.Xid}-{run.To.Id}", run.Now, run.Resuming);
        if (effects.Queued.Count > 0) ParkedReleases.AddTo(batch, effects, run);
        var move = FeedCursors.Move(
            run.WarehouseId, run.From, run.To, run.Events.Count, run.Now, run.CaughtUpAt, run.HeldBack);
        batch.BatchCommands.Add(move);
        await batch.ExecuteNonQueryAsync(cancellation);
        if (move.RecordsAffected != 1) throw new CursorMovedException(run.WarehouseId);
        WriteEffects.CheckCounts(batch, effects);
        if (effects.Parked.Count > 0) await ParkedReleases.CheckStormAsync(connection, run, cancellation);
        stopAt.Reached(StopBeforeCommit);
        await transaction.CommitAsync(cancellation);
        stopAt.Reached(StopAfterCommit);
        return effects;
    }

    /// <summary>There was nothing after the cursor: that, and what is held back, is all there is to write.</summary>
    /// <exception cref="CursorMovedException">Somebody else reads this feed.</exception>
    internal static async Task StayAsync(NpgsqlDataSource database, Run run, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(FeedCursors.Move(
            run.WarehouseId, run.From, run.From, 0, run.Now, run.CaughtUpAt, run.HeldBack));
        if (await batch.ExecuteNonQueryAsync(cancellation) != 1) throw new CursorMovedException(run.WarehouseId);
    }

    /// <summary>Locks what the events speak of, in the one order, and reads it; lines only where needed.</summary>
    internal static async Task<Known> LockAsync(
        NpgsqlConnection connection, string warehouseId, IReadOnlyList<FeedEvent> events, bool resuming,
        CancellationToken cancellation)
    {
        var keys = events.Select(Effects.KeyOf).ToList();
        var givenBack = events
            .Where(happened => happened.Kind is EventKinds.Cancelled or EventKinds.Held or EventKinds.Restored)
            .Select(Effects.KeyOf).ToList();
        return await LockAsync(connection, warehouseId, keys, givenBack, resuming, cancellation);
    }

    /// <inheritdoc cref="LockAsync(NpgsqlConnection, string, IReadOnlyList{FeedEvent}, bool, CancellationToken)"/>
    internal static async Task<Known> LockAsync(
        NpgsqlConnection connection, string warehouseId, List<ReleaseKey> keys, List<ReleaseKey> linesOf, bool resuming,
        CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new(SessionSql));
        var orders = new NpgsqlBatchCommand(LockOrdersSql);
        orders.Parameters.AddKeys(keys, releaseNumbers: false);
        batch.BatchCommands.Add(orders);
        foreach (var sql in (string[])[LockReleasesSql, LockParkedSql])
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.AddKeys(keys).Add(new() { Value = warehouseId });
            batch.BatchCommands.Add(command);
        }

        var lines = new NpgsqlBatchCommand(LinesSql);
        lines.Parameters.AddKeys(linesOf);
        batch.BatchCommands.Add(lines);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        return await ReadKnownAsync(reader, resuming, cancellation);
    }

    private static async Task<Known> ReadKnownAsync(
        NpgsqlDataReader reader, bool resuming, CancellationToken cancellation)
    {
        var known = new Known { Resuming = resuming };
        while (await reader.ReadAsync(cancellation))
        {
            known.Orders.Add(
                new ClientOrder(reader.GetString(0), reader.GetGuid(1)), new KnownOrder(reader.GetBoolean(2), 0));
        }

        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            known.Releases.Add(
                KeyIn(reader), new KnownRelease(ReleaseStates.Parse(reader.GetString(3)), reader.GetInt32(4)));
        }

        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) known.Parked.Add(KeyIn(reader), reader.GetBoolean(3));

        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var key = KeyIn(reader);
            if (!known.Lines.TryGetValue(key, out var lines)) known.Lines.Add(key, lines = []);
            lines.Add(new KnownLine(reader.GetInt32(3), reader.GetString(4), reader.GetInt32(5), reader.GetInt32(6)));
            var order = ClientOrder.Of(key);
            if (known.Orders.TryGetValue(order, out var found))
                known.Orders[order] = found with { ReleaseNoMax = reader.GetInt32(7) };
        }

        return known;
    }

    private static ReleaseKey KeyIn(NpgsqlDataReader row) => new(row.GetString(0), row.GetGuid(1), row.GetInt32(2));
}
