using Fulfillment.Contracts;
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
        UPDATE releases r SET state = k.state, feed_version = k.version, reason = COALESCE(k.reason, r.reason),
            planned_at = CASE WHEN k.planned_at IS NULL THEN r.planned_at ELSE $9 END,
            picked_at = COALESCE(k.picked_at, r.picked_at)
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
            AS k(client_id, order_id, release_no, state, version, reason, planned_at, picked_at)
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

    private const string AnswersSql = """
        UPDATE release_signals s SET answer = k.answer, answered_at = k.at
        FROM unnest($1, $2, $3, $4, $5, $6) AS k(client_id, order_id, release_no, signal_no, answer, at)
        WHERE s.client_id = k.client_id AND s.order_id = k.order_id AND s.release_no = k.release_no
              AND s.signal_no = k.signal_no
        """;

    // The release rows are written before this: an order is cancelled when all of it is.
    private const string CancelledOrdersSql = """
        UPDATE orders o SET cancelled_at = $3
        FROM unnest($1, $2) AS k(client_id, order_id)
        WHERE o.client_id = k.client_id AND o.order_id = k.order_id
              AND o.cancel_requested_at IS NOT NULL AND o.cancelled_at IS NULL
              AND NOT EXISTS (SELECT 1 FROM releases r WHERE r.client_id = o.client_id AND r.order_id = o.order_id
                                                             AND r.state <> 'Cancelled')
        """;

    internal static void AddTo(NpgsqlBatch batch, Effects effects, FeedCursor cursor, DateTimeOffset now)
    {
        AddReleases(batch, [.. effects.Releases], now);
        if (effects.Lines.Count > 0) AddLines(batch, [.. effects.Lines]);
        if (effects.Stock.Count > 0) AddStock(batch, [.. effects.Stock], cursor, now);
        if (effects.Backorders.Count > 0) AddBackorders(batch, [.. effects.Backorders]);
        if (effects.CancelledLines.Count > 0) AddCancelledLines(batch, [.. effects.CancelledLines]);
        if (effects.Moves.Count > 0) batch.AddMoves(effects.Moves, now);
        if (effects.Answers.Count > 0) AddAnswers(batch, effects.Answers);
        if (effects.CancelledOrders.Count == 0) return;
        var cancelled = Add(batch, CancelledOrdersSql);
        AddOrders(cancelled, [.. effects.CancelledOrders]);
        cancelled.AddTime(now);
    }

    /// <summary>
    /// An event that names a line, a SKU or a signal that we never sent would be lost in a join: it is a bug.
    /// </summary>
    internal static void CheckCounts(NpgsqlBatch batch, Effects effects)
    {
        foreach (var command in batch.BatchCommands)
        {
            var expected = command.CommandText switch
            {
                ReleasesSql => effects.Releases.Count,
                AllocationsSql => effects.Lines.Count,
                StockSql => effects.Stock.Count,
                CancelledLinesSql => effects.CancelledLines.Count,
                AnswersSql => effects.Answers.Count,
                _ => command.RecordsAffected,
            };
            if (command.RecordsAffected == expected) continue;
            throw new FeedStoppedException(
                $"the events name {expected} rows and {command.RecordsAffected} of them exist: {command.CommandText}");
        }
    }

    private static void AddReleases(
        NpgsqlBatch batch, List<KeyValuePair<ReleaseKey, ReleaseChange>> releases, DateTimeOffset now)
    {
        var to = Add(batch, ReleasesSql);
        to.AddKeys(releases.ConvertAll(release => release.Key));
        to.AddArray(NpgsqlDbType.Text, releases, release => ReleaseStates.Name(release.Value.State));
        to.AddArray(NpgsqlDbType.Integer, releases, release => release.Value.Version);
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
        NpgsqlBatch batch, List<KeyValuePair<(string ClientId, string Sku), StockChange>> stock, FeedCursor cursor,
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
        ledger.Add(new NpgsqlParameter { Value = $"feed:{cursor}" });
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
        NpgsqlBatch batch, List<(ReleaseKey Release, int SignalNo, string Answer, DateTimeOffset At)> answers)
    {
        var to = Add(batch, AnswersSql);
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
