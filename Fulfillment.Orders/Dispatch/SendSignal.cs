using Npgsql;

namespace Fulfillment.Orders.Dispatch;

/// <summary>Asks Picking, through the relay, to give back the releases of an order that may still lie in its
/// queue.</summary>
internal static class SendSignal
{
    // The order row is locked: nobody numbers a signal at the same time. One question at a time is enough, and an open
    // cancel asks for all that a hold does. (The other way round the release comes back as Held, and is cancelled then;
    // a cancel says so sooner.)
    private const string SendSql = """
        INSERT INTO release_signals (client_id, order_id, release_no, signal_no, warehouse_id, kind, created_at,
            traceparent)
        SELECT r.client_id, r.order_id, r.release_no, coalesce(max(s.signal_no), 0) + 1, r.warehouse_id, $3, $4, $5
        FROM releases r LEFT JOIN release_signals s
            ON s.client_id = r.client_id AND s.order_id = r.order_id AND s.release_no = r.release_no
        WHERE r.client_id = $1 AND r.order_id = $2 AND r.state = 'Dispatched'
        GROUP BY r.client_id, r.order_id, r.release_no, r.warehouse_id
        HAVING count(s.signal_no) FILTER (WHERE s.answered_at IS NULL AND s.kind IN ($3, 'cancel')) = 0
        """;

    /// <summary>
    /// Adds a signal (cancel or hold) for each dispatched release of the order that has none open. The order row must
    /// be
    /// locked; call <see cref="DispatchSignal.Pulse"/> after the commit.
    /// </summary>
    internal static void SendSignals(
        this NpgsqlBatch batch, string clientId, Guid orderId, string kind, DateTimeOffset now, string? traceParent)
    {
        var send = new NpgsqlBatchCommand(SendSql)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = clientId },
                new NpgsqlParameter<Guid> { TypedValue = orderId },
                new NpgsqlParameter<string> { TypedValue = kind },
            },
        };
        send.Parameters.AddTime(now);
        send.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = traceParent });
        batch.BatchCommands.Add(send);
    }
}
