using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.States;
using Npgsql;
using NpgsqlTypes;

namespace Fulfillment.Orders.Progress;

/// <summary>Writes <see cref="Effects"/>, one statement a table, whatever the number of events.</summary>
internal static class WriteEffects
{
    // planned_at is when the tour became known here: that is the confirmation a brand can be given.
    private const string ReleasesSql = """
        UPDATE releases r SET state = k.state, feed_version = k.version, feed_at = k.at,
            reason = COALESCE(k.reason, r.reason),
            planned_at = CASE WHEN k.planned_at IS NULL THEN r.planned_at ELSE $10 END,
            picked_at = COALESCE(k.picked_at, r.picked_at)
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
            AS k(client_id, order_id, release_no, state, version, at, reason, planned_at, picked_at)
        WHERE r.client_id = k.client_id AND r.order_id = k.order_id AND r.release_no = k.release_no
        """;

    private const string AllocationsSql = """
        UPDATE allocations a SET picked = a.picked + k.picked, short = a.short + k.short,
                                 cancelled = a.cancelled + k.cancelled
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
            AS k(client_id, order_id, release_no, line_no, sku, picked, short, cancelled)
        WHERE a.client_id = k.client_id AND a.order_id = k.order_id AND a.release_no = k.release_no
              AND a.line_no = k.line_no AND a.sku = k.sku
        """;

    private const string LockStockSql = """
        SELECT 1 FROM stock s JOIN unnest($1, $2) AS k(client_id, sku) ON s.client_id = k.client_id AND s.sku = k.sku
        ORDER BY s.client_id, s.sku FOR UPDATE OF s
        """;

    // Every unit named here was reserved: picked leaves the shelf, short may be somewhere, freed can be sold again.
    private const string StockSql = """
        UPDATE stock s SET on_hand = s.on_hand - k.picked, missing = s.missing + k.short,
                           reserved = s.reserved - k.picked - k.short - k.freed
        FROM unnest($1, $2, $3, $4, $5) AS k(client_id, sku, picked, short, freed)
        WHERE s.client_id = k.client_id AND s.sku = k.sku
        """;

    private const string LedgerSql = """
        INSERT INTO stock_ledger (client_id, sku, on_hand_change, missing_change, reason, reference, at)
        SELECT k.client_id, k.sku, change.on_hand, change.missing, change.reason, $5, $6
        FROM unnest($1, $2, $3, $4) AS k(client_id, sku, picked, short)
        CROSS JOIN LATERAL (VALUES (-k.picked, 0, 'Picked'), (0, k.short, 'Short')) AS change(on_hand, missing, reason)
        WHERE change.on_hand <> 0 OR change.missing <> 0
        """;

    private const string BackordersSql = """
        INSERT INTO backorders (client_id, sku, ship_by, order_id, line_no, quantity)
        SELECT k.client_id, k.sku, o.ship_by, k.order_id, k.line_no, k.quantity
        FROM unnest($1, $2, $3, $4, $5) AS k(client_id, order_id, line_no, sku, quantity)
        JOIN orders o ON o.client_id = k.client_id AND o.order_id = k.order_id
        ON CONFLICT (client_id, order_id, line_no) DO UPDATE SET quantity = backorders.quantity + EXCLUDED.quantity
        """;

    private const string CancelledLinesSql = """
        UPDATE order_lines l SET cancelled = l.cancelled + k.quantity
        FROM unnest($1, $2, $3, $4) AS k(client_id, order_id, line_no, quantity)
        WHERE l.client_id = k.client_id AND l.order_id = k.order_id AND l.line_no = k.line_no
        """;

    // A cancel is answered as a cancel, a hold as a hold: another answer is to a signal that we did not send.
    private const string AnswersSql = """
        UPDATE release_signals s SET answer = k.answer, answered_at = k.at
        FROM unnest($1, $2, $3, $4, $5, $6) AS k(client_id, order_id, release_no, signal_no, answer, at)
        WHERE s.client_id = k.client_id AND s.order_id = k.order_id AND s.release_no = k.release_no
              AND s.signal_no = k.signal_no
              AND s.kind = CASE WHEN k.answer IN ('Held', 'HoldRefused') THEN 'hold' ELSE 'cancel' END
        """;

    // Signals that were sent before this database was restored, and are forgotten here.
    private const string ForgottenSignalsSql = """
        INSERT INTO release_signals (client_id, order_id, release_no, signal_no, warehouse_id, kind, created_at)
        SELECT k.client_id, k.order_id, k.release_no, k.signal_no, r.warehouse_id,
               CASE WHEN k.answer IN ('Held', 'HoldRefused') THEN 'hold' ELSE 'cancel' END, k.at
        FROM unnest($1, $2, $3, $4, $5, $6) AS k(client_id, order_id, release_no, signal_no, answer, at)
        JOIN releases r ON r.client_id = k.client_id AND r.order_id = k.order_id AND r.release_no = k.release_no
        ON CONFLICT DO NOTHING
        """;

    // Releases and lines are written before this: an order is cancelled when all of it is, whether its brand asked for
    // that (and may be forgotten to have) or a person decided so about what was parked.
    private const string CancelledOrdersSql = """
        UPDATE orders o SET cancelled_at = $3, cancel_requested_at = COALESCE(o.cancel_requested_at, $3)
        FROM unnest($1, $2) AS k(client_id, order_id)
        WHERE o.client_id = k.client_id AND o.order_id = k.order_id AND o.cancelled_at IS NULL
              AND (o.cancel_requested_at IS NOT NULL
                   OR NOT EXISTS (SELECT FROM order_lines l WHERE l.client_id = o.client_id
                                  AND l.order_id = o.order_id AND l.cancelled < l.quantity))
              AND NOT EXISTS (SELECT 1 FROM releases r WHERE r.client_id = o.client_id AND r.order_id = o.order_id
                                                             AND r.state <> 'Cancelled')
        """;

    // The allocations are written before this: of what is picked, nothing is open.
    private const string ClosedSql = """
        SELECT count(*) FROM unnest($1, $2, $3) AS k(client_id, order_id, release_no)
        JOIN allocations a ON a.client_id = k.client_id AND a.order_id = k.order_id AND a.release_no = k.release_no
        WHERE a.quantity > a.picked + a.short + a.cancelled HAVING count(*) > 0
        """;

    /// <summary>
    /// Adds the statements; <paramref name="reference"/> is what the ledger says of them. What
    /// <paramref name="resuming"/> finds answered and never asked is taken as asked.
    /// </summary>
    internal static void AddTo(
        NpgsqlBatch batch, Effects effects, string reference, DateTimeOffset now, bool resuming)
    {
        if (effects.Releases.Count == 0) return;
        AddReleases(batch, [.. effects.Releases], now);
        if (effects.Lines.Count > 0) AddLines(batch, [.. effects.Lines]);
        if (effects.Closed.Count > 0) Add(batch, ClosedSql).AddKeys([.. effects.Closed]);
        if (effects.Stock.Count > 0) AddStock(batch, [.. effects.Stock], reference, now);
        if (effects.Backorders.Count > 0) AddBackorders(batch, [.. effects.Backorders]);
        if (effects.CancelledLines.Count > 0) AddCancelledLines(batch, [.. effects.CancelledLines]);
        if (effects.Moves.Count > 0) batch.AddMoves(effects.Moves, now);
        if (effects.Answers.Count > 0 && resuming) AddAnswers(Add(batch, ForgottenSignalsSql), effects.Answers);
        if (effects.Answers.Count > 0) AddAnswers(Add(batch, AnswersSql), effects.Answers);
        if (effects.CancelledOrders.Count == 0) return;
        var cancelled = Add(batch, CancelledOrdersSql);
        AddOrders(cancelled, [.. effects.CancelledOrders]);
        cancelled.AddTime(now);
    }

    /// <summary>
    /// An event that names a line, a SKU or a signal that we never sent would be lost in a join.
    /// </summary>
    /// <exception cref="EventsRefusedException">Some event does.</exception>
    internal static void CheckCounts(NpgsqlBatch batch, Effects effects)
    {
        foreach (NpgsqlBatchCommand command in batch.BatchCommands)
        {
            var expected = command.CommandText switch
            {
                ReleasesSql => effects.Releases.Count,
                AllocationsSql => effects.Lines.Count,
                StockSql => effects.Stock.Count,
                CancelledLinesSql => effects.CancelledLines.Count,
                AnswersSql => effects.Answers.Count,
                ClosedSql => 0, // rows that it finds
                _ => command.RecordsAffected,
            };
            var found = command.CommandText == ClosedSql ? (int)command.Rows : command.RecordsAffected;
            if (found == expected) continue;
            throw new EventsRefusedException(
                command.CommandText switch
                {
                    ReleasesSql => "a release that is not there",
                    AllocationsSql => "a line that was not sent",
                    StockSql => "a SKU that is not kept",
                    AnswersSql => "an answer to a signal that was not sent",
                    ClosedSql => "picked, but not all of its lines are accounted for",
                    _ => "a line that the order does not have",
                });
        }
    }

    private static void AddReleases(
        NpgsqlBatch batch, List<KeyValuePair<ReleaseKey, ReleaseChange>> releases, DateTimeOffset now)
    {
        var to = Add(batch, ReleasesSql);
        to.AddKeys(releases.ConvertAll(release => release.Key));
        to.AddArray(NpgsqlDbType.Text, releases, release => ReleaseStates.Name(release.Value.State));
        to.AddArray(NpgsqlDbType.Integer, releases, release => release.Value.Version);
        to.AddArray(NpgsqlDbType.TimestampTz, releases, release => release.Value.At.UtcDateTime);
        to.AddArray(NpgsqlDbType.Text, releases, release => release.Value.Reason);
        to.AddArray(NpgsqlDbType.TimestampTz, releases, release => release.Value.PlannedAt?.UtcDateTime);
        to.AddArray(NpgsqlDbType.TimestampTz, releases, release => release.Value.PickedAt?.UtcDateTime);
        to.AddTime(now);
    }

    private static void AddLines(
        NpgsqlBatch batch, List<KeyValuePair<(ReleaseKey Release, int LineNo), LineChange>> lines)
    {
        var to = Add(batch, AllocationsSql);
        to.AddKeys(lines.ConvertAll(line => line.Key.Release));
        to.AddArray(NpgsqlDbType.Integer, lines, line => line.Key.LineNo);
        to.AddArray(NpgsqlDbType.Text, lines, line => line.Value.Sku);
        to.AddArray(NpgsqlDbType.Integer, lines, line => line.Value.Picked);
        to.AddArray(NpgsqlDbType.Integer, lines, line => line.Value.Short);
        to.AddArray(NpgsqlDbType.Integer, lines, line => line.Value.Cancelled);
    }

    private static void AddStock(
        NpgsqlBatch batch, List<KeyValuePair<(string ClientId, string Sku), StockChange>> stock, string reference,
        DateTimeOffset now)
    {
        AddSkus(Add(batch, LockStockSql));
        var update = Add(batch, StockSql);
        AddSkus(update);
        AddPickedAndShort(update);
        update.AddArray(NpgsqlDbType.Bigint, stock, sku => sku.Value.Freed);
        var ledger = Add(batch, LedgerSql);
        AddSkus(ledger);
        AddPickedAndShort(ledger);
        ledger.Add(new NpgsqlParameter { Value = reference });
        ledger.AddTime(now);

        void AddSkus(NpgsqlParameterCollection to)
        {
            to.AddArray(NpgsqlDbType.Text, stock, sku => sku.Key.ClientId);
            to.AddArray(NpgsqlDbType.Text, stock, sku => sku.Key.Sku);
        }

        void AddPickedAndShort(NpgsqlParameterCollection to)
        {
            to.AddArray(NpgsqlDbType.Bigint, stock, sku => sku.Value.Picked);
            to.AddArray(NpgsqlDbType.Bigint, stock, sku => sku.Value.Short);
        }
    }

    private static void AddBackorders(
        NpgsqlBatch batch, List<KeyValuePair<(ClientOrder Order, int LineNo), Missed>> backorders)
    {
        var to = Add(batch, BackordersSql);
        AddOrders(to, backorders.ConvertAll(line => line.Key.Order));
        to.AddArray(NpgsqlDbType.Integer, backorders, line => line.Key.LineNo);
        to.AddArray(NpgsqlDbType.Text, backorders, line => line.Value.Sku);
        to.AddArray(NpgsqlDbType.Integer, backorders, line => line.Value.Quantity);
    }

    private static void AddCancelledLines(
        NpgsqlBatch batch, List<KeyValuePair<(ClientOrder Order, int LineNo), int>> cancelled)
    {
        var to = Add(batch, CancelledLinesSql);
        AddOrders(to, cancelled.ConvertAll(line => line.Key.Order));
        to.AddArray(NpgsqlDbType.Integer, cancelled, line => line.Key.LineNo);
        to.AddArray(NpgsqlDbType.Integer, cancelled, line => line.Value);
    }

    private static void AddAnswers(
        NpgsqlParameterCollection to,
        List<(ReleaseKey Release, int SignalNo, string Answer, DateTimeOffset At)> answers)
    {
        to.AddKeys(answers.ConvertAll(answer => answer.Release));
        to.AddArray(NpgsqlDbType.Integer, answers, answer => answer.SignalNo);
        to.AddArray(NpgsqlDbType.Text, answers, answer => answer.Answer);
        to.AddArray(NpgsqlDbType.TimestampTz, answers, answer => answer.At.UtcDateTime);
    }

    private static void AddOrders(NpgsqlParameterCollection to, List<ClientOrder> orders)
    {
        to.AddArray(NpgsqlDbType.Text, orders, order => order.ClientId);
        to.AddArray(NpgsqlDbType.Uuid, orders, order => order.OrderId);
    }

    private static NpgsqlParameterCollection Add(NpgsqlBatch batch, string sql)
    {
        var command = new NpgsqlBatchCommand(sql);
        batch.BatchCommands.Add(command);
        return command.Parameters;
    }
}
