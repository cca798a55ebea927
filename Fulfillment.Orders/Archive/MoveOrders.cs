using System.Data;
using Fulfillment.Orders.Dispatch;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.Leadership;
using Npgsql;

namespace Fulfillment.Orders.Archive;

/// <summary>One batch, in one transaction: lock what is over and has rested, write it as past, delete it.</summary>
internal static class MoveOrders
{
    /// <summary>Steps of <see cref="StopAt"/>: moved and not committed; committed and not reported.</summary>
    internal const string StopBeforeCommit = "Archive.BeforeCommit", StopAfterCommit = "Archive.AfterCommit";

    // What is over stays over, so what is true here is true under the lock. Somebody who works on one of them (a ship
    // or a cancel repeated, a hold lifted) keeps it for this time: nobody waits for the archiver's sake, and the
    // archiver, which takes orders by age and not by key, waits for nobody. Counts, since an anti-join may be planned
    // as one over all releases there are.
    private const string LockDueSql = """
        SELECT o.client_id, o.order_id FROM orders o
        WHERE (o.shipped_at IS NOT NULL OR o.cancelled_at IS NOT NULL)
              AND COALESCE(o.shipped_at, o.cancelled_at) <= $1
              AND 0 = (SELECT count(*) FROM releases r WHERE r.client_id = o.client_id AND r.order_id = o.order_id
                                                             AND r.state NOT IN ('Picked', 'Cancelled'))
              AND 0 = (SELECT count(*) FROM backorders b WHERE b.client_id = o.client_id AND b.order_id = o.order_id)
              AND 0 = (SELECT count(*) FROM release_signals s
                       WHERE s.client_id = o.client_id AND s.order_id = o.order_id AND s.answered_at IS NULL)
        ORDER BY COALESCE(o.shipped_at, o.cancelled_at), o.client_id, o.order_id LIMIT $2 FOR UPDATE OF o SKIP LOCKED
        """;

    // A statement after the lock, with a younger snapshot: it has the hold that was lifted just before. What the relay
    // kept for itself (tags, stream entries, trace) is left behind; all else is kept under the name of its column.
    internal const string WriteSql = """
        INSERT INTO past_orders (client_id, order_id, client_order_id, body_hash, idempotency_key, warehouse_id,
            service_level, allocation, ship_by, ship_to, placed_at, cancel_requested_at, cancelled_at, shipped_at,
            released_at_once, archived_at, work)
        SELECT o.client_id, o.order_id, o.client_order_id, o.body_hash, o.idempotency_key, o.warehouse_id,
            o.service_level, o.allocation, o.ship_by, o.ship_to, o.placed_at, o.cancel_requested_at, o.cancelled_at,
            o.shipped_at,
            EXISTS (SELECT FROM releases r WHERE r.client_id = o.client_id AND r.order_id = o.order_id
                AND r.release_no = 1 AND r.created_at = o.placed_at),
            $3,
            json_strip_nulls(json_build_object(
                'lines', (
                    SELECT json_agg(json_build_object('line_no', l.line_no, 'sku', l.sku, 'quantity', l.quantity,
                        'cancelled', nullif(l.cancelled, 0), 'shipped', nullif(l.shipped, 0)) ORDER BY l.line_no)
                    FROM order_lines l WHERE l.client_id = o.client_id AND l.order_id = o.order_id),
                'releases', (
                    SELECT json_agg(json_build_object('release_no', r.release_no, 'state', r.state,
                        'held', nullif(r.held, false), 'line_count', r.line_count, 'feed_version', r.feed_version,
                        'planned_at', r.planned_at, 'picked_at', r.picked_at, 'reason', r.reason)
                        ORDER BY r.release_no)
                    FROM releases r WHERE r.client_id = o.client_id AND r.order_id = o.order_id),
                'allocations', (
                    SELECT json_agg(json_build_object('release_no', a.release_no, 'line_no', a.line_no, 'sku', a.sku,
                        'quantity', a.quantity, 'picked', nullif(a.picked, 0), 'short', nullif(a.short, 0),
                        'cancelled', nullif(a.cancelled, 0)) ORDER BY a.release_no, a.line_no)
                    FROM allocations a WHERE a.client_id = o.client_id AND a.order_id = o.order_id),
                'holds', (
                    SELECT json_agg(json_build_object('name', h.name, 'reason', h.reason, 'put_at', h.put_at)
                        ORDER BY h.name)
                    FROM holds h WHERE h.client_id = o.client_id AND h.order_id = o.order_id),
                'signals', (
                    SELECT json_agg(json_build_object('release_no', s.release_no, 'signal_no', s.signal_no,
                        'kind', s.kind, 'created_at', s.created_at, 'answer', s.answer, 'answered_at', s.answered_at)
                        ORDER BY s.release_no, s.signal_no)
                    FROM release_signals s WHERE s.client_id = o.client_id AND s.order_id = o.order_id)))
        FROM unnest($1, $2) AS k (client_id, order_id)
        JOIN orders o ON o.client_id = k.client_id AND o.order_id = k.order_id
        """;

    private const string Moved =
        "USING unnest($1, $2) AS k (client_id, order_id) WHERE t.client_id = k.client_id AND t.order_id = k.order_id";

    private static readonly string[] DeleteSql =
    [
        $"DELETE FROM orders t {Moved}", $"DELETE FROM order_lines t {Moved}", $"DELETE FROM releases t {Moved}",
        $"DELETE FROM allocations t {Moved}", $"DELETE FROM holds t {Moved}", $"DELETE FROM release_signals t {Moved}",
    ];

    /// <summary>
    /// Moves at most <paramref name="ordersMax"/> orders that were over by <paramref name="overBefore"/>, oldest
    /// first; returns how many.
    /// </summary>
    internal static async Task<int> MoveAsync(
        Leader leader, DateTimeOffset overBefore, int ordersMax, DateTimeOffset now, StopAt stopAt,
        CancellationToken cancellation)
    {
        await using var transaction = await leader.BeginAsync(cancellation);
        var (clients, orders) = await LockDueAsync(transaction.Connection, overBefore, ordersMax, cancellation);
        if (orders.Length == 0) return 0;

        await using var batch = new NpgsqlBatch(transaction.Connection, transaction.Transaction);
        Add(WriteSql).AddTime(now);
        foreach (var sql in DeleteSql) Add(sql);
        await batch.ExecuteNonQueryAsync(cancellation);
        // Locked rows cannot go away. If one did, nothing of the batch must.
        var (written, deleted) = (batch.BatchCommands[0].RecordsAffected, batch.BatchCommands[1].RecordsAffected);
        if (written != orders.Length || deleted != orders.Length)
            throw new DataException($"{orders.Length} orders were locked, {written} written and {deleted} deleted.");
        stopAt.Reached(StopBeforeCommit);
        await transaction.CommitAsync(cancellation);
        stopAt.Reached(StopAfterCommit);
        return orders.Length;

        NpgsqlParameterCollection Add(string sql)
        {
            var command = new NpgsqlBatchCommand(sql)
            {
                Parameters =
                {
                    new NpgsqlParameter<string[]> { TypedValue = clients },
                    new NpgsqlParameter<Guid[]> { TypedValue = orders },
                },
            };
            batch.BatchCommands.Add(command);
            return command.Parameters;
        }
    }

    private static async Task<(string[] Clients, Guid[] Orders)> LockDueAsync(
        NpgsqlConnection connection, DateTimeOffset overBefore, int ordersMax, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(LockDueSql, connection);
        command.Parameters.AddTime(overBefore);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = ordersMax });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var (clients, orders) = (new List<string>(), new List<Guid>());
        while (await reader.ReadAsync(cancellation))
        {
            clients.Add(reader.GetString(0));
            orders.Add(reader.GetGuid(1));
        }

        return ([.. clients], [.. orders]);
    }
}
