using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.Progress;
using Fulfillment.ServiceDefaults;
using Fulfillment.Tests.Orders.Dispatch;
using Xunit;

namespace Fulfillment.Tests.Orders.Progress;

/// <summary>Releases on their way, the events about them applied, and what must hold afterwards.</summary>
internal static class Applied
{
    /// <summary>Releases of two lines with two units each, as they stand when the relay has dispatched them.</summary>
    internal static async Task<List<ReleaseKey>> DispatchedAsync(Backroom room, int orders, int lines = 2)
    {
        room.Options.StreamLength = Math.Max(room.Options.StreamLength, orders);
        await room.AddClientAsync("brand", skus: lines);
        var releases = await room.AddOrdersAsync("brand", orders, lines);
        await Backroom.RunAsync(await room.StartRelayAsync());
        return releases;
    }

    internal static async Task SignalAsync(Backroom room, ReleaseKey release, string kind, int signalNo = 1)
    {
        if (kind == "cancel")
        {
            await room.ExecuteAsync(
                "UPDATE orders SET cancel_requested_at = now() WHERE order_id = $1", release.OrderId);
        }

        await room.ExecuteAsync("""
            INSERT INTO release_signals (client_id, order_id, release_no, signal_no, warehouse_id, kind, created_at)
            VALUES ($1, $2, $3, $4, $5, $6, now())
            """, release.ClientId, release.OrderId, release.ReleaseNo, signalNo, room.Warehouse, kind);
    }

    /// <summary>
    /// Invariants 1 and 2: what is reserved is what is open, and what is on hand is what the ledger says.
    /// </summary>
    internal static async Task AssertStockAddsUpAsync(Backroom room) => Assert.Equal(0, await room.ScalarAsync<long>("""
        SELECT count(*) FROM stock s WHERE reserved + missing > on_hand
        OR reserved <> (SELECT COALESCE(sum(quantity - picked - short - cancelled), 0) FROM allocations a
                        WHERE a.client_id = s.client_id AND a.sku = s.sku)
        OR on_hand <> (SELECT COALESCE(sum(on_hand_change), 0) FROM stock_ledger l
                       WHERE l.client_id = s.client_id AND l.sku = s.sku)
                    + (SELECT sum(quantity) FROM order_lines o WHERE o.client_id = s.client_id AND o.sku = s.sku)
        OR missing <> (SELECT COALESCE(sum(missing_change), 0) FROM stock_ledger l
                       WHERE l.client_id = s.client_id AND l.sku = s.sku)
        """));

    internal static async Task ApplyAllAsync(
        Backroom room, FakePicking feed, int runMax, bool resuming = false, int parkMax = 100)
    {
        await FeedCursors.OpenAsync(room.Database, room.Warehouse, room.Clock.GetUtcNow(), CancellationToken.None);
        while (true)
        {
            var row = await FeedCursors.ReadAsync(room.Database, room.Warehouse, CancellationToken.None);
            var events = feed.After(row.Cursor, runMax);
            if (events.Count == 0) return;
            var run = new Run(room.Warehouse, row.Cursor, events, resuming, parkMax, room.Clock.GetUtcNow());
            await ApplyEvents.ApplyAsync(room.Database, run, StopAt.Nowhere, CancellationToken.None);
        }
    }
}
