namespace Fulfillment.Tests.Surge.Invariants;

/// <summary>
/// One order of each fate: 1 picked, 2 held, 3 backordered, 4 cancelled, 5 failed, 6 shipped and past. Order n has the
/// id 0...0n.
/// </summary>
internal static class HealthyWorld
{
    internal const string Picked = "00000000-0000-0000-0000-000000000001";
    internal const string Past = "00000000-0000-0000-0000-000000000006";

    internal const string OrdersSql = """
        INSERT INTO warehouses (warehouse_id, name, created_at) VALUES ('main', 'Main', now());
        INSERT INTO clients (client_id, name, warehouse_id, created_at) VALUES ('acme', 'Acme', 'main', now()), ('zeta', 'Zeta', 'main', now());
        INSERT INTO skus (client_id, sku, name, created_at) VALUES ('acme', 'A', 'A', now()), ('acme', 'B', 'B', now()), ('zeta', 'A', 'A', now());
        INSERT INTO stock (client_id, sku, on_hand, reserved) VALUES ('acme', 'A', 95, 4), ('acme', 'B', 8, 2);
        INSERT INTO stock_ledger (client_id, sku, on_hand_change, missing_change, reason, reference, at) VALUES
            ('acme', 'A', 100, 0, 'Received', 'r1', now()), ('acme', 'B', 10, 0, 'Received', 'r1', now()),
            ('acme', 'A', -5, 0, 'Picked', 'p1', now()), ('acme', 'B', -2, 0, 'Picked', 'p2', now());
        INSERT INTO orders (client_id, order_id, client_order_id, body_hash, warehouse_id, service_level, allocation, ship_by, ship_to, placed_at, cancelled_at)
            SELECT 'acme', ('00000000-0000-0000-0000-00000000000' || n)::uuid, 'order-' || n, '\x00', 'main', 'Standard', 'FillAll', now(), '{}', now(),
                   CASE WHEN n = 4 THEN now() END
            FROM generate_series(1, 5) AS n;
        INSERT INTO order_lines (client_id, order_id, line_no, sku, quantity, cancelled)
            SELECT 'acme', ('00000000-0000-0000-0000-00000000000' || n)::uuid, 1, sku, quantity, cancelled
            FROM (VALUES (1, 'A', 5, 0), (2, 'B', 2, 0), (3, 'B', 50, 0), (4, 'A', 3, 3), (5, 'A', 4, 0)) AS line(n, sku, quantity, cancelled);
        INSERT INTO backorders (client_id, sku, ship_by, order_id, line_no, quantity)
            VALUES ('acme', 'B', now(), '00000000-0000-0000-0000-000000000003', 1, 50);
        INSERT INTO releases (client_id, order_id, release_no, warehouse_id, state, held, ship_by, line_count, created_at, feed_version)
            SELECT 'acme', ('00000000-0000-0000-0000-00000000000' || n)::uuid, 1, 'main', state, held, now(), 1, now(), version
            FROM (VALUES (1, 'Picked', false, 2), (2, 'Waiting', true, 0), (4, 'Cancelled', false, 0), (5, 'Failed', false, 1)) AS release(n, state, held, version);
        INSERT INTO holds (client_id, order_id, name, reason, put_at) VALUES ('acme', '00000000-0000-0000-0000-000000000002', 'fraud', 'check', now());
        INSERT INTO release_signals (client_id, order_id, release_no, signal_no, warehouse_id, kind, created_at, answer, answered_at)
            VALUES ('acme', '00000000-0000-0000-0000-000000000004', 1, 1, 'main', 'cancel', now(), 'Cancelled', now());
        INSERT INTO allocations (client_id, order_id, release_no, line_no, sku, quantity, picked, cancelled)
            SELECT 'acme', ('00000000-0000-0000-0000-00000000000' || n)::uuid, 1, 1, sku, quantity, picked, cancelled
            FROM (VALUES (1, 'A', 5, 5, 0), (2, 'B', 2, 0, 0), (4, 'A', 3, 0, 3), (5, 'A', 4, 0, 0)) AS allocated(n, sku, quantity, picked, cancelled);
        INSERT INTO past_orders (client_id, order_id, client_order_id, body_hash, warehouse_id, service_level, allocation, ship_by, ship_to, placed_at, shipped_at,
                                 released_at_once, archived_at, work)
            VALUES ('acme', '00000000-0000-0000-0000-000000000006', 'order-6', '\x00', 'main', 'Standard', 'FillAll', now(), '{}', now(), now(), true, now(),
                '{"lines":[{"line_no":1,"sku":"B","quantity":2,"shipped":2}],"releases":[{"release_no":1,"state":"Picked","line_count":1,"feed_version":2}],'
                '"allocations":[{"release_no":1,"line_no":1,"sku":"B","quantity":2,"picked":2}],'
                '"signals":[{"release_no":1,"signal_no":1,"kind":"hold","created_at":"2026-01-01T00:00:00Z","answer":"HoldRefused","answered_at":"2026-01-01T00:00:01Z"}]}');
        """;

    internal const string PickingSql = """
        INSERT INTO inbox (warehouse_id, order_id, release_no, client_id, state, version, received_at) VALUES
            ('main', '00000000-0000-0000-0000-000000000001', 1, 'acme', 'Picked', 2, now()),
            ('main', '00000000-0000-0000-0000-000000000005', 1, 'acme', 'Failed', 1, now()),
            ('main', '00000000-0000-0000-0000-000000000006', 1, 'acme', 'Picked', 2, now());
        INSERT INTO tours (warehouse_id, tour_id, plan_id, state, fence, ship_by, distance_mm, open_tasks, planned_at) VALUES
            ('main', '10000000-0000-0000-0000-000000000001', '20000000-0000-0000-0000-000000000001', 'Done', 1, now(), 1000, 0, now()),
            ('main', '10000000-0000-0000-0000-000000000002', '20000000-0000-0000-0000-000000000001', 'Planned', 0, now(), 1000, 0, now()),
            ('main', '10000000-0000-0000-0000-000000000003', '20000000-0000-0000-0000-000000000001', 'Planned', 0, now(), 1000, 0, now());
        INSERT INTO tasks (warehouse_id, tour_id, task_no, order_id, release_no, line_no, client_id, sku, aisle, bay, side, tote, quantity, picked, done)
            VALUES ('main', '10000000-0000-0000-0000-000000000001', 1, '00000000-0000-0000-0000-000000000001', 1, 1, 'acme', 'A', 1, 1, 'L', 1, 5, 5, true),
                   ('main', '10000000-0000-0000-0000-000000000001', 2, '00000000-0000-0000-0000-000000000006', 1, 1, 'acme', 'B', 1, 1, 'L', 1, 2, 2, true);
        INSERT INTO scans (warehouse_id, tour_id, task_no, fence, scan_id, picked, short, at)
            VALUES ('main', '10000000-0000-0000-0000-000000000001', 1, 1, 's1', 5, 0, now()), ('main', '10000000-0000-0000-0000-000000000001', 2, 1, 's1', 2, 0, now());
        INSERT INTO events (warehouse_id, client_id, order_id, release_no, version, kind, at) VALUES
            ('main', 'acme', '00000000-0000-0000-0000-000000000001', 1, 1, 'Planned', now()),
            ('main', 'acme', '00000000-0000-0000-0000-000000000001', 1, 2, 'Picked', now()),
            ('main', 'acme', '00000000-0000-0000-0000-000000000006', 1, 1, 'Planned', now()),
            ('main', 'acme', '00000000-0000-0000-0000-000000000006', 1, 2, 'Picked', now()),
            ('main', 'acme', '00000000-0000-0000-0000-000000000005', 1, 1, 'Failed', now());
        INSERT INTO dead_letters (warehouse_id, letter_id, stream_entry, client_id, order_id, release_no, reason, raw, at)
            VALUES ('main', '30000000-0000-0000-0000-000000000001', '1-1', 'acme', '00000000-0000-0000-0000-000000000005', 1, 'test', '\x00', now());
        """;
}
