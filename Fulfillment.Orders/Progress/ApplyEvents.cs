using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.States;
using Fulfillment.ServiceDefaults;
using Npgsql;
using NpgsqlTypes;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// Applies events of Picking and the cursor after them in one transaction, which makes them happen exactly once. Locks
/// as everybody does: orders, then releases, then stock, each in the order of its key.
/// </summary>
internal static class ApplyEvents
{
    internal const string Feed = "picking";

    /// <summary>
    /// Steps of <see cref="StopAt"/>: the events are written and not committed; committed and not reported.
    /// </summary>
    internal const string StopBeforeCommit = "Feed.BeforeCommit", StopAfterCommit = "Feed.AfterCommit";

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
        ORDER BY r.client_id, r.order_id, r.release_no FOR UPDATE OF r
        """;

    private const string OpenLinesSql = """
        SELECT a.client_id, a.order_id, a.release_no, a.line_no, a.sku, a.quantity - a.picked - a.short - a.cancelled,
               (SELECT max(r.release_no) FROM releases r WHERE r.client_id = a.client_id AND r.order_id = a.order_id)
        FROM (SELECT DISTINCT * FROM unnest($1, $2, $3) AS k(client_id, order_id, release_no)) k
        JOIN allocations a ON a.client_id = k.client_id AND a.order_id = k.order_id AND a.release_no = k.release_no
        WHERE a.quantity > a.picked + a.short + a.cancelled
        """;

    private const string ReadCursorSql = "SELECT cursor FROM feed_cursors WHERE feed = $1";

    private const string MoveCursorSql = """
        INSERT INTO feed_cursors (feed, cursor, applied, moved_at, caught_up_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (feed) DO UPDATE SET cursor = EXCLUDED.cursor, applied = feed_cursors.applied + EXCLUDED.applied,
            moved_at = EXCLUDED.moved_at, caught_up_at = COALESCE(EXCLUDED.caught_up_at, feed_cursors.caught_up_at)
        """;

    /// <summary>Where the last committed transaction left the feed.</summary>
    internal static async Task<FeedCursor> ReadCursorAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(ReadCursorSql, connection)
        {
            Parameters = { new() { Value = Feed } },
        };
        if (await command.ExecuteScalarAsync(cancellation) is not string text) return FeedCursor.Start;
        return FeedCursor.TryParse(text, out var cursor)
            ? cursor
            : throw new FeedStoppedException($"feed_cursors holds '{text}', which is no cursor");
    }

    /// <summary>
    /// Applies the events, all or none. <paramref name="caughtUpAt"/>: when the feed was asked, if this is all it had.
    /// </summary>
    /// <exception cref="FeedStoppedException">One of them does not fit; nothing is applied.</exception>
    internal static async Task<Effects> ApplyAsync(
        NpgsqlConnection connection, IReadOnlyList<FeedEvent> events, DateTimeOffset now, DateTimeOffset? caughtUpAt,
        StopAt stopAt, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var known = await LockAsync(connection, events, cancellation);
        var effects = Effects.Of(events, known);
        var cursor = new FeedCursor(events[^1].Xid, events[^1].Id);

        await using var batch = new NpgsqlBatch(connection, transaction);
        WriteEffects.AddTo(batch, effects, cursor, now);
        batch.BatchCommands.Add(MoveCursor(cursor, events.Count, now, caughtUpAt));
        await batch.ExecuteNonQueryAsync(cancellation);
        WriteEffects.CheckCounts(batch, effects);
        stopAt.Reached(StopBeforeCommit);
        await transaction.CommitAsync(cancellation);
        stopAt.Reached(StopAfterCommit);
        return effects;
    }

    /// <summary>The feed had nothing after the cursor when it was asked.</summary>
    internal static async Task StoreCaughtUpAsync(
        NpgsqlConnection connection, FeedCursor cursor, DateTimeOffset now, DateTimeOffset caughtUpAt,
        CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(MoveCursor(cursor, 0, now, caughtUpAt));
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlBatchCommand MoveCursor(
        FeedCursor cursor, long applied, DateTimeOffset now, DateTimeOffset? caughtUpAt)
    {
        var move = new NpgsqlBatchCommand(MoveCursorSql)
        {
            Parameters = { new() { Value = Feed }, new() { Value = cursor.ToString() }, new() { Value = applied } },
        };
        move.Parameters.AddTime(now);
        move.Parameters.Add(new NpgsqlParameter
        {
            Value = (object?)caughtUpAt?.UtcDateTime ?? DBNull.Value,
            NpgsqlDbType = NpgsqlDbType.TimestampTz,
        });
        return move;
    }

    private static async Task<Known> LockAsync(
        NpgsqlConnection connection, IReadOnlyList<FeedEvent> events, CancellationToken cancellation)
    {
        var keys = events.Select(KeyOf).ToList();
        var givenBack = events.Where(happened => happened.Kind is EventKinds.Cancelled or EventKinds.Held)
            .Select(KeyOf).ToList();
        await using var batch = new NpgsqlBatch(connection);
        var orders = new NpgsqlBatchCommand(LockOrdersSql);
        orders.Parameters.AddKeys(keys, releaseNumbers: false);
        batch.BatchCommands.Add(orders);
        foreach (var (sql, of) in ((string, List<ReleaseKey>)[])[(LockReleasesSql, keys), (OpenLinesSql, givenBack)])
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.AddKeys(of);
            batch.BatchCommands.Add(command);
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        return await ReadKnownAsync(reader, cancellation);
    }

    private static async Task<Known> ReadKnownAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var known = new Known();
        while (await reader.ReadAsync(cancellation))
        {
            known.Orders.Add(
                new ClientOrder(reader.GetString(0), reader.GetGuid(1)), new KnownOrder(reader.GetBoolean(2), 0));
        }

        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var key = new ReleaseKey(reader.GetString(0), reader.GetGuid(1), reader.GetInt32(2));
            known.Releases.Add(key, new KnownRelease(ReleaseStates.Parse(reader.GetString(3)), reader.GetInt32(4)));
        }

        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var key = new ReleaseKey(reader.GetString(0), reader.GetGuid(1), reader.GetInt32(2));
            if (!known.OpenLines.TryGetValue(key, out var lines)) known.OpenLines.Add(key, lines = []);
            lines.Add(new OpenLine(reader.GetInt32(3), reader.GetString(4), reader.GetInt32(5)));
            var order = new ClientOrder(key.ClientId, key.OrderId);
            known.Orders[order] = known.Orders[order] with { ReleaseNoMax = reader.GetInt32(6) };
        }

        return known;
    }

    private static ReleaseKey KeyOf(FeedEvent happened) => new(happened.ClientId, happened.OrderId, happened.ReleaseNo);
}
