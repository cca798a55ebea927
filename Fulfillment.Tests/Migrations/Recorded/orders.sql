-- What Fulfillment.Orders asked its database before names of migrations told the minute (up to 0004).

-- Archive.Archiver.OldestSql
SELECT COALESCE(shipped_at, cancelled_at) FROM orders
WHERE shipped_at IS NOT NULL OR cancelled_at IS NOT NULL
ORDER BY COALESCE(shipped_at, cancelled_at) LIMIT 1;

-- Archive.MoveOrders.LockDueSql
SELECT o.client_id, o.order_id FROM orders o
WHERE (o.shipped_at IS NOT NULL OR o.cancelled_at IS NOT NULL)
      AND COALESCE(o.shipped_at, o.cancelled_at) <= $1
      AND 0 = (SELECT count(*) FROM releases r WHERE r.client_id = o.client_id AND r.order_id = o.order_id
                                                     AND r.state NOT IN ('Picked', 'Cancelled'))
      AND 0 = (SELECT count(*) FROM backorders b WHERE b.client_id = o.client_id AND b.order_id = o.order_id)
      AND 0 = (SELECT count(*) FROM release_signals s
               WHERE s.client_id = o.client_id AND s.order_id = o.order_id AND s.answered_at IS NULL)
ORDER BY COALESCE(o.shipped_at, o.cancelled_at), o.client_id, o.order_id LIMIT $2 FOR UPDATE OF o SKIP LOCKED;

-- Archive.PastOrder.FindByClientsIdSql
SELECT order_id, client_order_id, service_level, ship_by, placed_at, ship_to, cancel_requested_at IS NOT NULL,
    shipped_at, work::text FROM past_orders WHERE client_id = $1 AND client_order_id = $2
    AND identity = hashtextextended($2, hashtextextended($1, 0));

-- Archive.PastOrder.FindSql
SELECT order_id, client_order_id, service_level, ship_by, placed_at, ship_to, cancel_requested_at IS NOT NULL,
    shipped_at, work::text FROM past_orders WHERE client_id = $1 AND order_id = $2;

-- Backorders.BackorderRelease.FindSql
SELECT ship_by, order_id FROM backorders
WHERE client_id = $1 AND sku = ANY ($2) AND (ship_by, order_id) > ($3, $4)
GROUP BY ship_by, order_id ORDER BY ship_by, order_id LIMIT $5;

-- Backorders.BackorderRelease.LockOrdersSql
SELECT FROM orders WHERE client_id = $1 AND order_id = ANY ($2) ORDER BY order_id FOR UPDATE;

-- Backorders.BackorderRelease.LockStockSql
SELECT sku, on_hand - reserved - missing FROM stock WHERE client_id = $1 AND sku = ANY ($2)
ORDER BY client_id, sku FOR UPDATE;

-- Backorders.BackorderRelease.ReadBackordersSql
SELECT order_id, line_no, sku, quantity FROM backorders
WHERE client_id = $1 AND order_id = ANY ($2) ORDER BY ship_by, order_id, line_no;

-- Backorders.BackorderRelease.ReadOrdersSql
SELECT o.order_id, o.warehouse_id, o.allocation = 'FillAll', o.ship_by,
    EXISTS (SELECT FROM holds h WHERE h.client_id = o.client_id AND h.order_id = o.order_id),
    (SELECT coalesce(max(r.release_no), 0) FROM releases r
        WHERE r.client_id = o.client_id AND r.order_id = o.order_id)
FROM orders o WHERE o.client_id = $1 AND o.order_id = ANY ($2);

-- Backorders.BackorderSweep.FindSql
SELECT b.client_id, array_agg(DISTINCT b.sku) FROM backorders b JOIN stock s USING (client_id, sku)
WHERE s.on_hand - s.reserved - s.missing > 0 GROUP BY b.client_id;

-- CancelOrder.CancelTransaction.CancelLinesSql
UPDATE order_lines l SET cancelled = l.cancelled + freed.units
FROM (SELECT line_no, sum(quantity - picked - short - cancelled) AS units FROM allocations
      WHERE client_id = $1 AND order_id = $2 AND release_no = ANY ($3) GROUP BY line_no) freed
WHERE l.client_id = $1 AND l.order_id = $2 AND l.line_no = freed.line_no;

-- CancelOrder.CancelTransaction.CancelOrderSql
UPDATE orders o SET cancel_requested_at = COALESCE(cancel_requested_at, $3),
    cancelled_at = CASE WHEN NOT EXISTS (
        SELECT FROM releases r WHERE r.client_id = o.client_id AND r.order_id = o.order_id
            AND r.state <> 'Cancelled') THEN $3 END
WHERE client_id = $1 AND order_id = $2;

-- CancelOrder.CancelTransaction.CancelReleasesSql
UPDATE releases SET state = 'Cancelled', reason = 'cancelled'
WHERE client_id = $1 AND order_id = $2 AND release_no = ANY ($3);

-- CancelOrder.CancelTransaction.CloseAllocationsSql
UPDATE allocations SET cancelled = quantity - picked - short
WHERE client_id = $1 AND order_id = $2 AND release_no = ANY ($3);

-- CancelOrder.CancelTransaction.DropBackordersSql
WITH gone AS (DELETE FROM backorders WHERE client_id = $1 AND order_id = $2 RETURNING line_no, quantity)
UPDATE order_lines l SET cancelled = l.cancelled + gone.quantity
FROM gone WHERE l.client_id = $1 AND l.order_id = $2 AND l.line_no = gone.line_no;

-- CancelOrder.CancelTransaction.FreeStockSql
UPDATE stock s SET reserved = s.reserved - freed.units
FROM (SELECT sku, sum(quantity - picked - short - cancelled) AS units FROM allocations
      WHERE client_id = $1 AND order_id = $2 AND release_no = ANY ($3) GROUP BY sku) freed
WHERE s.client_id = $1 AND s.sku = freed.sku;

-- CancelOrder.CancelTransaction.LockOrderSql
SELECT shipped_at IS NOT NULL, cancelled_at IS NOT NULL FROM orders
WHERE client_id = $1 AND order_id = $2 FOR UPDATE;

-- CancelOrder.CancelTransaction.LockStockSql
SELECT FROM stock WHERE client_id = $1 AND sku IN (
    SELECT sku FROM allocations WHERE client_id = $1 AND order_id = $2 AND release_no = ANY ($3))
ORDER BY client_id, sku FOR UPDATE;

-- CancelOrder.CancelTransaction.ReadReleasesSql
SELECT release_no, state FROM releases
WHERE client_id = $1 AND order_id = $2 AND (state <> 'Cancelled' OR reason = 'cancelled')
ORDER BY release_no FOR UPDATE;

-- CancelOrder.CancelTransaction.ReadRestSql
SELECT EXISTS (SELECT FROM backorders WHERE client_id = $1 AND order_id = $2),
       EXISTS (SELECT FROM order_lines WHERE client_id = $1 AND order_id = $2 AND cancelled > 0);

-- CancelOrder.CancelTransaction.ReadSkusSql
SELECT DISTINCT release_no, sku FROM allocations WHERE client_id = $1 AND order_id = $2;

-- Catalog.CatalogEndpoints.PutClientSql
INSERT INTO clients (client_id, name, warehouse_id, weight, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (client_id) DO UPDATE SET name = excluded.name, weight = excluded.weight
WHERE clients.warehouse_id = excluded.warehouse_id;

-- Catalog.CatalogEndpoints.PutWarehouseSql
INSERT INTO warehouses (warehouse_id, name, time_zone, cut_off, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (warehouse_id) DO UPDATE
SET name = excluded.name, time_zone = excluded.time_zone, cut_off = excluded.cut_off;

-- Catalog.ClientDirectory.FindSql
SELECT c.warehouse_id, w.cut_off, w.time_zone FROM clients c JOIN warehouses w USING (warehouse_id)
WHERE c.client_id = $1;

-- Dispatch.Backlog.CountSql
SELECT count(*), min(created_at) FROM releases WHERE warehouse_id = $1 AND state = 'Waiting' AND NOT held;

-- Dispatch.DispatchHost.WarehousesSql
SELECT warehouse_id FROM warehouses;

-- Dispatch.LostEntries.CaughtUpSql
SELECT min(caught_up_at) FROM feed_cursors;

-- Dispatch.LostEntries.ReleasesSql
SELECT client_id, order_id, release_no, 0, stream_entry, start_tag FROM releases
WHERE warehouse_id = $1 AND state = 'Dispatched'
      AND (start_tag, client_id, order_id, release_no) > ($2, $3, $4, $5)
      AND stream_entry IS NOT NULL AND published_at <= $6
ORDER BY start_tag, client_id, order_id, release_no LIMIT $7;

-- Dispatch.LostEntries.SignalsSql
SELECT client_id, order_id, release_no, signal_no, stream_entry, 0::bigint FROM release_signals
WHERE warehouse_id = $1 AND answered_at IS NULL AND stream_entry IS NOT NULL AND published_at <= $2
ORDER BY created_at;

-- Dispatch.Marking.LoadSql
WITH put AS (INSERT INTO fair_queues (warehouse_id) VALUES ($1) ON CONFLICT DO NOTHING)
SELECT NULL::text, virtual_time FROM fair_queues WHERE warehouse_id = $1
UNION ALL
SELECT client_id, finish_tag FROM fair_queue_clients WHERE warehouse_id = $1;

-- Dispatch.Marking.StoreVirtualTimeSql
UPDATE fair_queues SET virtual_time = GREATEST(virtual_time, $2) WHERE warehouse_id = $1;

-- Dispatch.OpenSignals.UnpublishedSql
SELECT client_id, order_id, release_no, signal_no, kind, traceparent FROM release_signals
WHERE warehouse_id = $1 AND answered_at IS NULL AND stream_entry IS NULL
ORDER BY created_at LIMIT $2;

-- Dispatch.SendSignal.SendSql
INSERT INTO release_signals (client_id, order_id, release_no, signal_no, warehouse_id, kind, created_at,
    traceparent)
SELECT r.client_id, r.order_id, r.release_no, coalesce(max(s.signal_no), 0) + 1, r.warehouse_id, $3, $4, $5
FROM releases r LEFT JOIN release_signals s
    ON s.client_id = r.client_id AND s.order_id = r.order_id AND s.release_no = r.release_no
WHERE r.client_id = $1 AND r.order_id = $2 AND r.state = 'Dispatched'
GROUP BY r.client_id, r.order_id, r.release_no, r.warehouse_id
HAVING count(s.signal_no) FILTER (WHERE s.answered_at IS NULL AND s.kind IN ($3, 'cancel')) = 0;

-- Dispatch.WaitingReleases.HeadsSql
WITH RECURSIVE waiting (client_id) AS (
    (SELECT client_id FROM releases
     WHERE warehouse_id = $1 AND state = 'Waiting' AND NOT held ORDER BY client_id LIMIT 1)
    UNION ALL
    SELECT (SELECT r.client_id FROM releases r
            WHERE r.warehouse_id = $1 AND r.state = 'Waiting' AND NOT r.held AND r.client_id > w.client_id
            ORDER BY r.client_id LIMIT 1)
    FROM waiting w WHERE w.client_id IS NOT NULL)
SELECT w.client_id, c.weight, h.order_id, h.release_no, h.line_count
FROM waiting w
JOIN clients c ON c.client_id = w.client_id
CROSS JOIN LATERAL (
    (SELECT r.order_id, r.release_no, r.line_count, r.ship_by, false AS late FROM releases r
     WHERE r.warehouse_id = $1 AND r.client_id = w.client_id AND r.state = 'Waiting' AND NOT r.held
           AND r.ship_by >= $2
     ORDER BY r.ship_by, r.order_id, r.release_no LIMIT $3)
    UNION ALL
    (SELECT r.order_id, r.release_no, r.line_count, r.ship_by, true FROM releases r
     WHERE r.warehouse_id = $1 AND r.client_id = w.client_id AND r.state = 'Waiting' AND NOT r.held
           AND r.ship_by < $2
     ORDER BY r.ship_by, r.order_id, r.release_no LIMIT $3)
    ORDER BY late, ship_by, order_id, release_no LIMIT $3) h
ORDER BY w.client_id, h.late, h.ship_by, h.order_id, h.release_no;

-- Dispatch.WarehouseRelay.EntrylessSql
SELECT client_id, order_id, release_no, dispatched_at FROM releases
WHERE warehouse_id = $1 AND state = 'Dispatched' AND stream_entry IS NULL
ORDER BY start_tag, client_id, order_id, release_no;

-- Dispatch.WarehouseRelay.ReadEpochSql
SELECT epoch FROM fair_queues WHERE warehouse_id = $1;

-- Dispatch.WarehouseRelay.WriteEpochSql
UPDATE fair_queues SET epoch = $2 WHERE warehouse_id = $1;

-- Holds.LiftHoldEndpoint.LetGoSql
UPDATE releases SET held = false
WHERE client_id = $1 AND order_id = $2 AND state = 'Waiting' AND held
      AND NOT EXISTS (SELECT FROM holds WHERE client_id = $1 AND order_id = $2);

-- Holds.LiftHoldEndpoint.LiftPastSql
UPDATE past_orders SET work = json_strip_nulls((work::jsonb || jsonb_build_object('holds', (
    SELECT jsonb_agg(hold ORDER BY hold->>'name') FROM json_array_elements(work->'holds') AS hold
    WHERE hold->>'name' <> $3)))::json)
WHERE client_id = $1 AND order_id = $2 AND EXISTS (
    SELECT FROM json_array_elements(work->'holds') AS hold WHERE hold->>'name' = $3);

-- Holds.LiftHoldEndpoint.LiftSql
DELETE FROM holds WHERE client_id = $1 AND order_id = $2 AND name = $3;

-- Holds.LiftHoldEndpoint.LockOrderSql
SELECT FROM orders WHERE client_id = $1 AND order_id = $2 FOR UPDATE;

-- Holds.PutHoldEndpoint.HoldReleasesSql
UPDATE releases SET held = true WHERE client_id = $1 AND order_id = $2 AND state = 'Waiting';

-- Holds.PutHoldEndpoint.LockOrderSql
SELECT shipped_at IS NOT NULL OR cancelled_at IS NOT NULL FROM orders
WHERE client_id = $1 AND order_id = $2 FOR UPDATE;

-- Holds.PutHoldEndpoint.PutHoldSql
INSERT INTO holds (client_id, order_id, name, reason, put_at) VALUES ($1, $2, $3, $4, $5);

-- Holds.PutHoldEndpoint.ReadHoldsSql
SELECT name FROM holds WHERE client_id = $1 AND order_id = $2;

-- PlaceOrder.PlaceOrderEndpoint.FindRepeatSql
SELECT body_hash FROM orders WHERE client_id = $1 AND client_order_id = $2;

-- Progress.ApplyEvents.MoveCursorSql
INSERT INTO feed_cursors (feed, cursor, applied, moved_at, caught_up_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (feed) DO UPDATE SET cursor = EXCLUDED.cursor, applied = feed_cursors.applied + EXCLUDED.applied,
    moved_at = EXCLUDED.moved_at, caught_up_at = COALESCE(EXCLUDED.caught_up_at, feed_cursors.caught_up_at);

-- Progress.ApplyEvents.ReadCursorSql
SELECT cursor FROM feed_cursors WHERE feed = $1;

-- Progress.ResendRelease.CloseSql
UPDATE releases SET state = 'Cancelled', reason = 'resent as release ' || $4
WHERE client_id = $1 AND order_id = $2 AND release_no = $3;

-- Progress.ResendRelease.LockSql
SELECT r.state, (SELECT max(n.release_no) FROM releases n
                 WHERE n.client_id = r.client_id AND n.order_id = r.order_id)
FROM releases r WHERE r.client_id = $1 AND r.order_id = $2 AND r.release_no = $3 FOR UPDATE;

-- ShipOrder.ShipOrderEndpoint.LockOrderSql
SELECT shipped_at, cancelled_at IS NOT NULL FROM orders WHERE client_id = $1 AND order_id = $2 FOR UPDATE;

-- ShipOrder.ShipOrderEndpoint.ReadShippedSql
SELECT o.shipped_at, l.line_no, l.sku, l.shipped FROM orders o
JOIN order_lines l ON l.client_id = o.client_id AND l.order_id = o.order_id
WHERE o.client_id = $1 AND o.order_id = $2 ORDER BY l.line_no;

-- ShipOrder.ShipOrderEndpoint.ReadWorkSql
SELECT ARRAY (SELECT state FROM releases WHERE client_id = $1 AND order_id = $2),
       EXISTS (SELECT FROM backorders WHERE client_id = $1 AND order_id = $2),
       EXISTS (SELECT FROM holds WHERE client_id = $1 AND order_id = $2);

-- ShipOrder.ShipOrderEndpoint.ShipLinesSql
UPDATE order_lines l SET shipped = picked.units
FROM (SELECT line_no, sum(picked) AS units FROM allocations
      WHERE client_id = $1 AND order_id = $2 GROUP BY line_no) picked
WHERE l.client_id = $1 AND l.order_id = $2 AND l.line_no = picked.line_no;

-- ShipOrder.ShipOrderEndpoint.ShipOrderSql
UPDATE orders SET shipped_at = $3 WHERE client_id = $1 AND order_id = $2;

-- Stock.AvailabilityCache.ReadSql
SELECT on_hand - reserved - missing FROM stock WHERE client_id = $1 AND sku = $2;

-- Stock.StockLedger.BookedBeforeSql
SELECT sku FROM stock_ledger WHERE client_id = $1 AND reason = $2 AND reference = $3 AND sku = ANY ($4);

-- Stock.StockLedger.LockStockSql
SELECT sku, on_hand, reserved, missing FROM stock WHERE client_id = $1 AND sku = ANY ($2)
ORDER BY client_id, sku FOR UPDATE;

-- TrackOrder.TrackOrderEndpoints.ListSql
SELECT o.order_id, o.client_order_id, o.ship_by, o.placed_at, o.cancelled_at IS NOT NULL,
    o.shipped_at IS NOT NULL,
    NOT o.past AND EXISTS (
        SELECT FROM backorders b WHERE b.client_id = o.client_id AND b.order_id = o.order_id),
    CASE WHEN o.past THEN '{}' ELSE ARRAY (
        SELECT r.state FROM releases r WHERE r.client_id = o.client_id AND r.order_id = o.order_id) END
FROM (SELECT client_id, order_id, client_order_id, ship_by, placed_at, cancelled_at, shipped_at, false AS past
      FROM orders
      UNION ALL
      SELECT client_id, order_id, client_order_id, ship_by, placed_at, cancelled_at, shipped_at, true
      FROM past_orders) o
WHERE o.client_id = $1 AND o.order_id > $2 ORDER BY o.order_id LIMIT $3;

-- TrackOrder.TrackOrderEndpoints.ReadLinesSql
SELECT l.line_no, l.sku, l.quantity, l.cancelled, l.shipped,
    coalesce((SELECT sum(a.picked) FROM allocations a WHERE a.client_id = l.client_id
        AND a.order_id = l.order_id AND a.line_no = l.line_no), 0)::integer,
    coalesce((SELECT b.quantity FROM backorders b WHERE b.client_id = l.client_id
        AND b.order_id = l.order_id AND b.line_no = l.line_no), 0)
FROM order_lines l WHERE l.client_id = $1 AND l.order_id = $2 ORDER BY l.line_no;

-- TrackOrder.TrackOrderEndpoints.ReadOrderSql
SELECT order_id, client_order_id, service_level, ship_by, placed_at, ship_to, cancel_requested_at IS NOT NULL,
    cancelled_at IS NOT NULL, shipped_at IS NOT NULL,
    EXISTS (SELECT FROM holds h WHERE h.client_id = o.client_id AND h.order_id = o.order_id)
FROM orders o WHERE client_id = $1 AND (order_id = $2 OR client_order_id = $3);

-- TrackOrder.TrackOrderEndpoints.ReadReleasesSql
SELECT release_no, state, line_count, held FROM releases
WHERE client_id = $1 AND order_id = $2 ORDER BY release_no;
