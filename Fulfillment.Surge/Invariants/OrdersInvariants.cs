using Npgsql;

namespace Fulfillment.Surge.Invariants;

/// <summary>
/// What ordersdb alone can show: of the tables of work by what they join, of <see cref="PastOrderInvariants"/> row by
/// row.
/// </summary>
internal static class OrdersInvariants
{
    internal const string ReservedIsOpen = "reserved = open allocations";
    internal const string NoReleaseIsStuck = "no release is stuck";
    internal const string NoOrderIsLost = "no order is lost";
    internal const string LineAddsUp = "each line adds up";
    internal const string RowsOfTheirClient = "each row belongs to its client";
    internal const string SignalsAnswered = "every signal is answered";
    internal const string ShippedHasUnits = "what is shipped has units";
    internal const string NothingLeftIsCancelled = "an order of which nothing is left is cancelled";

    // The schema checks this too; a checker that trusts the checked would see nothing on the day a check is dropped.
    private const string StockCoversSql = """
        SELECT format('stock %s/%s: on_hand %s reserved %s missing %s', client_id, sku, on_hand, reserved, missing)
        FROM stock WHERE reserved < 0 OR missing < 0 OR reserved + missing > on_hand
        """;

    private const string ReservedIsOpenSql = """
        SELECT format('stock %s/%s: reserved %s, open allocations %s', client_id, sku, coalesce(reserved, 0),
            coalesce(open, 0))
        FROM stock FULL JOIN (
            SELECT client_id, sku, sum(quantity - picked - short - cancelled) AS open FROM allocations
                GROUP BY client_id, sku
        ) AS allocated USING (client_id, sku)
        WHERE coalesce(reserved, 0) <> coalesce(open, 0)
        """;

    private const string OnHandIsLedgerSql = """
        SELECT format('stock %s/%s: on_hand %s missing %s, ledger %s and %s', client_id, sku, on_hand, missing, had,
            lost)
        FROM stock FULL JOIN (
            SELECT client_id, sku, sum(on_hand_change) AS had, sum(missing_change) AS lost FROM stock_ledger
                GROUP BY client_id, sku
        ) AS ledger USING (client_id, sku)
        WHERE coalesce(on_hand, 0) <> coalesce(had, 0) OR coalesce(missing, 0) <> coalesce(lost, 0)
        """;

    // A pick that was booked twice with its ledger row agrees with itself everywhere but here.
    private const string PickedIsLedgerSql = """
        SELECT format('stock %s/%s: picked %s, ledger %s', client_id, sku, coalesce(picked, 0), coalesce(booked, 0))
        FROM (
            SELECT client_id, sku, sum(picked) AS picked FROM (
                SELECT client_id, sku, picked FROM allocations
                UNION ALL
                SELECT client_id, part.sku, coalesce(part.picked, 0) FROM past_orders
                CROSS JOIN LATERAL json_to_recordset(work->'allocations') AS part (sku text, picked int)
            ) AS pick GROUP BY client_id, sku
        ) AS picks
        FULL JOIN (
            SELECT client_id, sku, -sum(on_hand_change) AS booked FROM stock_ledger WHERE reason = 'Picked'
                GROUP BY client_id, sku
        ) AS ledger USING (client_id, sku)
        WHERE coalesce(picked, 0) <> coalesce(booked, 0)
        """;

    // Terminal, or in a queue with a name: held (and a hold is there), failed or parked (a person
    // decides), backordered.
    private const string StuckReleaseSql = """
        SELECT format('release %s/%s/%s: %s since %s', client_id, order_id, release_no, state, created_at)
        FROM releases AS release
        WHERE state NOT IN ('Picked', 'Cancelled', 'Failed')
          AND NOT EXISTS (SELECT FROM parked_releases AS parked WHERE skipped_at IS NULL
              AND (parked.client_id, parked.order_id, parked.release_no)
                  = (release.client_id, release.order_id, release.release_no))
          AND NOT (state = 'Waiting' AND held AND EXISTS (
              SELECT FROM holds WHERE holds.client_id = release.client_id AND holds.order_id = release.order_id))
        """;

    private const string LostOrderSql = """
        SELECT format('order %s/%s: no release, no backorder, not cancelled', client_id, order_id)
        FROM orders WHERE cancelled_at IS NULL
          AND NOT EXISTS (SELECT FROM releases WHERE (releases.client_id, releases.order_id) =
              (orders.client_id, orders.order_id))
          AND NOT EXISTS (SELECT FROM backorders WHERE (backorders.client_id, backorders.order_id) =
              (orders.client_id, orders.order_id))
        UNION ALL
        SELECT format('order %s/%s: past, and not past', client_id, client_order_id)
        FROM past_orders JOIN orders USING (client_id, client_order_id)
        """;

    // Units found short, or cancelled in one release, are ordered still: they stand in another release, in the
    // backorders, or in the line's cancelled. What is shipped was picked.
    private const string LineAddsUpSql = """
        SELECT format('line %s/%s/%s: ordered %s, allocated %s, backordered %s, cancelled %s, shipped %s of %s picked',
            client_id, order_id, line_no, line.quantity, coalesce(held, 0), coalesce(backorder.quantity, 0),
            line.cancelled,
            shipped, coalesce(picked, 0))
        FROM order_lines AS line
        LEFT JOIN (
            SELECT client_id, order_id, line_no, sum(quantity - short - cancelled) AS held, sum(picked) AS picked
            FROM allocations GROUP BY client_id, order_id, line_no
        ) AS allocated USING (client_id, order_id, line_no)
        LEFT JOIN backorders AS backorder USING (client_id, order_id, line_no)
        WHERE line.quantity <> coalesce(held, 0) + coalesce(backorder.quantity, 0) + line.cancelled
           OR shipped > coalesce(picked, 0)
        """;

    private const string StrangersRowSql = """
        SELECT format('allocation %s/%s/%s/%s of %s: no such line of this client', client_id, order_id, release_no,
            line_no, sku)
        FROM allocations WHERE NOT EXISTS (
            SELECT FROM order_lines AS line
            WHERE (line.client_id, line.order_id, line.line_no, line.sku)
                = (allocations.client_id, allocations.order_id, allocations.line_no, allocations.sku))
        UNION ALL
        SELECT format('release %s/%s/%s: no such order of this client', client_id, order_id, release_no)
        FROM releases WHERE NOT EXISTS (
            SELECT FROM orders WHERE (orders.client_id, orders.order_id) = (releases.client_id, releases.order_id))
        """;

    private const string OpenSignalSql = """
        SELECT format('%s of release %s/%s/%s: no answer since %s', kind, client_id, order_id, release_no, created_at)
        FROM release_signals WHERE answered_at IS NULL
        """;

    private const string ShippedNothingSql = """
        SELECT format('order %s/%s: shipped at %s, no unit of it', client_id, order_id, shipped_at)
        FROM orders WHERE shipped_at IS NOT NULL AND NOT EXISTS (
            SELECT FROM order_lines AS line
            WHERE (line.client_id, line.order_id) = (orders.client_id, orders.order_id) AND line.shipped > 0)
        """;

    private const string NothingLeftSql = """
        SELECT format('order %s/%s: all its units are cancelled, it is not', client_id, order_id)
        FROM orders WHERE cancelled_at IS NULL AND NOT EXISTS (
            SELECT FROM order_lines AS line
            WHERE (line.client_id, line.order_id) = (orders.client_id, orders.order_id)
              AND line.quantity > line.cancelled)
        """;

    private static readonly IReadOnlyList<Invariant> Working =
    [
        new(1, "stock covers what is reserved and missing", StockCoversSql),
        new(2, ReservedIsOpen, ReservedIsOpenSql),
        new(2, "on hand = ledger", OnHandIsLedgerSql),
        new(2, "picked = ledger", PickedIsLedgerSql),
        new(4, NoReleaseIsStuck, StuckReleaseSql),
        new(4, NoOrderIsLost, LostOrderSql),
        new(4, SignalsAnswered, OpenSignalSql),
        new(7, LineAddsUp, LineAddsUpSql),
        new(7, ShippedHasUnits, ShippedNothingSql),
        new(7, NothingLeftIsCancelled, NothingLeftSql),
        new(10, RowsOfTheirClient, StrangersRowSql),
    ];

    internal static async Task<IReadOnlyList<Finding>> CheckAsync(
        NpgsqlDataSource ordersDb, CancellationToken cancellation)
    {
        var past = await PastOrderInvariants.OffendersAsync(ordersDb, cancellation);
        var findings = new List<Finding>();
        foreach (var invariant in Working)
        {
            var offenders = await invariant.OffendersAsync(ordersDb, cancellation);
            findings.Add(new(invariant.Number, invariant.Name,
                [.. offenders.Concat(past[invariant.Name]).Take(Invariant.OffendersMax)]));
        }

        return findings;
    }

    /// <summary>The offenders where nobody plans, so that releases wait; all else must hold.</summary>
    internal static async Task<List<string>> FaultsWithoutPlanningAsync(
        NpgsqlDataSource ordersDb, CancellationToken cancellation) =>
        [.. (await CheckAsync(ordersDb, cancellation)).Where(finding => finding.Name != NoReleaseIsStuck)
            .SelectMany(finding => finding.Offenders)];
}
