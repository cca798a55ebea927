using Fulfillment.Orders.Archive;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.States;
using Npgsql;

namespace Fulfillment.Orders.CancelOrder;

internal enum CancelOutcome
{
    Cancelled,
    Requested,
    TooLate,
}

/// <summary>How a cancel ended. <see cref="Refusal"/> is the code of the 409 when nothing could be cancelled.</summary>
internal sealed record CancelResult(
    string? Refusal, OrderStatus Status, IReadOnlyList<(int ReleaseNo, CancelOutcome Outcome)> Releases,
    IReadOnlyCollection<string> FreedSkus);

/// <summary>Cancels what can be in one transaction of two round trips: lock and read, then write.</summary>
internal static class CancelTransaction
{
    // Everyone who changes an order locks its row first. The relay that is dispatching it has either committed, and
    // the release is seen as Dispatched below, or waits here and then finds it Cancelled.
    private const string LockOrderSql = """
        SELECT shipped_at IS NOT NULL, cancelled_at IS NOT NULL FROM orders
        WHERE client_id = $1 AND order_id = $2 FOR UPDATE
        """;

    // Statements after the lock, with younger snapshots: they see what the lock may have waited for. A release whose
    // lines went on under a new number is not told: they are told there.
    private const string ReadReleasesSql = """
        SELECT release_no, state FROM releases
        WHERE client_id = $1 AND order_id = $2 AND (state <> 'Cancelled' OR reason = 'cancelled')
        ORDER BY release_no FOR UPDATE
        """;

    private const string ReadSkusSql =
        "SELECT DISTINCT release_no, sku FROM allocations WHERE client_id = $1 AND order_id = $2";

    private const string ReadRestSql = """
        SELECT EXISTS (SELECT FROM backorders WHERE client_id = $1 AND order_id = $2),
               EXISTS (SELECT FROM order_lines WHERE client_id = $1 AND order_id = $2 AND cancelled > 0)
        """;

    // After order and releases, in the one order of keys in which everybody locks stock.
    private const string LockStockSql = """
        SELECT FROM stock WHERE client_id = $1 AND sku IN (
            SELECT sku FROM allocations WHERE client_id = $1 AND order_id = $2 AND release_no = ANY ($3))
        ORDER BY client_id, sku FOR UPDATE
        """;

    // Before the allocations are closed: it reads what is open of them. Their order is locked, nobody else changes it.
    private const string FreeStockSql = """
        UPDATE stock s SET reserved = s.reserved - freed.units
        FROM (SELECT sku, sum(quantity - picked - short - cancelled) AS units FROM allocations
              WHERE client_id = $1 AND order_id = $2 AND release_no = ANY ($3) GROUP BY sku) freed
        WHERE s.client_id = $1 AND s.sku = freed.sku
        """;

    private const string CancelLinesSql = """
        UPDATE order_lines l SET cancelled = l.cancelled + freed.units
        FROM (SELECT line_no, sum(quantity - picked - short - cancelled) AS units FROM allocations
              WHERE client_id = $1 AND order_id = $2 AND release_no = ANY ($3) GROUP BY line_no) freed
        WHERE l.client_id = $1 AND l.order_id = $2 AND l.line_no = freed.line_no
        """;

    private const string CloseAllocationsSql = """
        UPDATE allocations SET cancelled = quantity - picked - short
        WHERE client_id = $1 AND order_id = $2 AND release_no = ANY ($3)
        """;

    private const string CancelReleasesSql = """
        UPDATE releases SET state = 'Cancelled', reason = 'cancelled'
        WHERE client_id = $1 AND order_id = $2 AND release_no = ANY ($3)
        """;

    // Who sends backorders locks the order too: a row is sent or deleted, never both.
    private const string DropBackordersSql = """
        WITH gone AS (DELETE FROM backorders WHERE client_id = $1 AND order_id = $2 RETURNING line_no, quantity)
        UPDATE order_lines l SET cancelled = l.cancelled + gone.quantity
        FROM gone WHERE l.client_id = $1 AND l.order_id = $2 AND l.line_no = gone.line_no
        """;

    // After the releases: as a whole it is cancelled when all of it is. Else the feed's reader finishes it
    // (WriteEffects).
    private const string CancelOrderSql = """
        UPDATE orders o SET cancel_requested_at = COALESCE(cancel_requested_at, $3),
            cancelled_at = CASE WHEN NOT EXISTS (
                SELECT FROM releases r WHERE r.client_id = o.client_id AND r.order_id = o.order_id
                    AND r.state <> 'Cancelled') THEN $3 END
        WHERE client_id = $1 AND order_id = $2
        """;

    /// <summary>Null when the client has no such order.</summary>
    internal static async Task<CancelResult?> RunAsync(
        NpgsqlDataSource database, string clientId, Guid orderId, DateTimeOffset now, string? traceParent,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await LockAsync(connection, clientId, orderId, cancellation) is not { } order)
        {
            var past = await PastOrder.FindAsync(connection, clientId, orderId, cancellation);
            return past is null ? null : Decide(LockedOrder.Of(past));
        }

        var result = Decide(order);
        if (result.Refusal is not null || order.Cancelled) return result;

        int[] cancelled =
        [
            .. order.Releases.Where(release => release.State != ReleaseState.Cancelled
                && OutcomeOf(release.State) == CancelOutcome.Cancelled).Select(release => release.ReleaseNo),
        ];
        await using var batch = new NpgsqlBatch(connection, transaction);
        if (cancelled.Length > 0)
        {
            foreach (var sql in (string[])
                [LockStockSql, FreeStockSql, CancelLinesSql, CloseAllocationsSql, CancelReleasesSql])
                batch.AddForOrder(sql, clientId, orderId).Add(new NpgsqlParameter<int[]> { TypedValue = cancelled });
        }

        batch.AddForOrder(DropBackordersSql, clientId, orderId);
        batch.SendSignals(clientId, orderId, "cancel", now, traceParent);
        batch.AddForOrder(CancelOrderSql, clientId, orderId).AddTime(now);
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return result;
    }

    /// <summary>What a cancel does to a release. Failed: its lines are parked, nobody works on them. Pure.</summary>
    internal static CancelOutcome OutcomeOf(ReleaseState state) => state switch
    {
        ReleaseState.Waiting or ReleaseState.Failed or ReleaseState.Cancelled => CancelOutcome.Cancelled,
        ReleaseState.Dispatched => CancelOutcome.Requested,
        _ => CancelOutcome.TooLate,
    };

    private static CancelResult Decide(LockedOrder order)
    {
        var releases = order.Releases.ConvertAll(release => (release.ReleaseNo, OutcomeOf(release.State)));
        var open = releases.Exists(release => release.Item2 != CancelOutcome.TooLate);
        var all = releases.TrueForAll(release => release.Item2 == CancelOutcome.Cancelled);
        var refusal = order.Shipped ? "already_shipped"
            : open || all || order.Backordered || order.PartCancelled ? null
            : "already_planned";
        var after = order.Releases.Select(release =>
            refusal is null && OutcomeOf(release.State) == CancelOutcome.Cancelled
                ? ReleaseState.Cancelled
                : release.State);
        var status = OrderStates.Derive(
            after, backordered: false, order.Shipped, cancelled: refusal is null && (order.Cancelled || all));
        var freed = order.Skus.Where(of => releases.Contains((of.ReleaseNo, CancelOutcome.Cancelled)))
            .Select(of => of.Sku).ToHashSet(StringComparer.Ordinal);
        return new CancelResult(refusal, status, releases, freed);
    }

    private static async Task<LockedOrder?> LockAsync(
        NpgsqlConnection connection, string clientId, Guid orderId, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var sql in (string[])[LockOrderSql, ReadReleasesSql, ReadSkusSql, ReadRestSql])
            batch.AddForOrder(sql, clientId, orderId);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation)) return null;
        var (shipped, cancelled) = (reader.GetBoolean(0), reader.GetBoolean(1));
        var releases = new List<(int, ReleaseState)>();
        var skus = new List<(int, string)>();
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            releases.Add((reader.GetInt32(0), ReleaseStates.Parse(reader.GetString(1))));
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) skus.Add((reader.GetInt32(0), reader.GetString(1)));
        await reader.NextResultAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return new LockedOrder(shipped, cancelled, reader.GetBoolean(0), reader.GetBoolean(1), releases, skus);
    }

    private sealed record LockedOrder(
        bool Shipped, bool Cancelled, bool Backordered, bool PartCancelled,
        List<(int ReleaseNo, ReleaseState State)> Releases, List<(int ReleaseNo, string Sku)> Skus)
    {
        // The same releases that ReadReleasesSql tells. What it freed, it freed long ago.
        internal static LockedOrder Of(PastOrder past) => new(
            past.Shipped, !past.Shipped, Backordered: false,
            past.Work.Lines.Any(line => line.Cancelled > 0),
            [
                .. past.Work.Releases.Select(release => (release, State: ReleaseStates.Parse(release.State)))
                    .Where(of => of.State != ReleaseState.Cancelled || of.release.Reason == "cancelled")
                    .Select(of => (of.release.ReleaseNo, of.State)),
            ],
            []);
    }
}
