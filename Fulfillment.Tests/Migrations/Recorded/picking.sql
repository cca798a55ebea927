-- What Fulfillment.Picking asked its database before names of migrations told the minute (up to 0003).

-- DeadLetters.DeadLetterEndpoints.PageSql
SELECT letter_id, stream_entry, client_id, order_id, release_no, reason, at, raw FROM dead_letters
WHERE warehouse_id = $1 AND letter_id > $2 ORDER BY letter_id LIMIT $3;

-- Feed.EventFeed.PageSql
SELECT xid, id, kind, client_id, order_id, release_no, version, at, body, traceparent FROM events
WHERE (xid, id) > ($2, $3) AND xid < pg_snapshot_xmin(pg_current_snapshot()) AND warehouse_id = $1
ORDER BY xid, id LIMIT $4;

-- Feed.ReleaseTurns.TakeOfTasksSql
WITH turns AS MATERIALIZED (
    SELECT DISTINCT hashtextextended($1 || order_id::text, release_no) AS turn FROM tasks
    WHERE warehouse_id = $1 AND tour_id = $2 AND task_no = ANY ($3) ORDER BY turn)
SELECT count(pg_advisory_xact_lock(turn)) FROM turns;

-- Floor.ConfirmTour.StoredSql
SELECT task_no, scan_id, picked, short FROM scans
WHERE warehouse_id = $1 AND tour_id = $2 AND fence = $4 AND task_no = ANY ($3);

-- Floor.ConfirmTour.TasksSql
SELECT task_no, order_id, release_no, line_no, client_id, sku, aisle, bay, side, tote,
    quantity - picked - short - moved, rank
FROM tasks WHERE warehouse_id = $1 AND tour_id = $2 AND task_no = ANY ($3);

-- Floor.ConfirmTour.TourSql
SELECT state, fence, picker_id, open_tasks, leased_until,
    (SELECT max(task_no) FROM tasks WHERE warehouse_id = $1 AND tour_id = $2)
FROM tours WHERE warehouse_id = $1 AND tour_id = $2 FOR UPDATE;

-- Floor.FinishTour.TourSql
SELECT state, fence, picker_id, open_tasks, done_at FROM tours WHERE warehouse_id = $1 AND tour_id = $2;

-- Floor.NextTour.NextSql
WITH held AS (
    UPDATE tours SET leased_until = $3
    WHERE warehouse_id = $1 AND picker_id = $2 AND state IN ('Leased', 'InProgress')
    RETURNING tour_id, fence, state, distance_mm),
next AS (
    SELECT tour_id FROM tours
    WHERE warehouse_id = $1 AND state = 'Planned' AND NOT EXISTS (SELECT FROM held)
    ORDER BY ship_by, tour_id LIMIT 1 FOR UPDATE SKIP LOCKED),
leased AS (
    UPDATE tours t SET state = 'Leased', fence = fence + 1, picker_id = $2, leased_until = $3
    WHERE t.warehouse_id = $1 AND t.tour_id = (SELECT tour_id FROM next)
    RETURNING t.tour_id, t.fence, t.state, t.distance_mm),
mine AS (SELECT * FROM held UNION ALL SELECT * FROM leased)
SELECT m.tour_id, m.fence, m.state, t.task_no, t.aisle, t.bay, t.side, t.client_id, t.sku,
    t.quantity - t.picked - t.short - t.moved, t.tote, t.order_id, t.release_no, t.line_no, m.distance_mm
FROM mine m LEFT JOIN LATERAL (
    SELECT * FROM tasks WHERE warehouse_id = $1 AND tour_id = m.tour_id AND NOT done ORDER BY task_no) AS t
    ON true
ORDER BY t.task_no;

-- Intake.LoneFailures.BeginSql
INSERT INTO lone_failures AS f (warehouse_id, order_id, release_no, failures, last_reason)
VALUES ($1, $2, $3, 1, 'the process ended') ON CONFLICT (warehouse_id, order_id, release_no)
DO UPDATE SET failures = f.failures + 1 RETURNING failures, last_reason;

-- Intake.LoneFailures.ForgetSql
DELETE FROM lone_failures WHERE warehouse_id = $1 AND order_id = $2 AND release_no = $3;

-- Intake.LoneFailures.ReasonSql
UPDATE lone_failures SET last_reason = $4 WHERE warehouse_id = $1 AND order_id = $2 AND release_no = $3;

-- Intake.LoneFailures.TakeBackSql
UPDATE lone_failures SET failures = failures - 1
WHERE warehouse_id = $1 AND order_id = $2 AND release_no = $3 AND failures > 0;

-- Intake.SettleSignals.AnswerSql
WITH answered AS (
    UPDATE signals SET answer = $5
    WHERE warehouse_id = $1 AND order_id = $2 AND release_no = $3 AND signal_no = $4)
INSERT INTO events (warehouse_id, client_id, order_id, release_no, version, kind, at, body)
VALUES ($1, $6, $2, $3, $7, $5, $8, $9);

-- Intake.SettleSignals.DedupeSql
INSERT INTO signals (warehouse_id, order_id, release_no, signal_no, kind, answer, at)
VALUES ($1, $2, $3, $4, $5, '', $6) ON CONFLICT DO NOTHING;

-- Intake.SettleSignals.LateSql
UPDATE inbox SET version = version + 1 WHERE warehouse_id = $1 AND order_id = $2 AND release_no = $3
RETURNING state, version;

-- Intake.SettleSignals.TombstoneSql
INSERT INTO inbox (warehouse_id, order_id, release_no, client_id, state, version, received_at)
VALUES ($1, $2, $3, $4, $5, 1, $6) ON CONFLICT DO NOTHING;

-- Replay.ReplayPlan.PlanSql
SELECT planner, seed, units_used, rung, distance_mm, problem, order_ids, release_nos, plan_sha256
FROM plans WHERE warehouse_id = $1 AND plan_id = $2;

-- Replay.StoredWalks.WalksSql
SELECT t.tour_no, t.distance_mm, k.order_id, k.release_no, k.aisle, k.bay, k.side, k.tote, k.quantity
FROM tours t JOIN tasks k USING (warehouse_id, tour_id)
WHERE t.warehouse_id = $1 AND t.plan_id = $2 ORDER BY t.tour_no, k.task_no;

-- Toggle.PutToggle.ChangeSql
WITH changed AS (UPDATE toggles SET version = $3, state = $4 WHERE warehouse_id = $1 AND name = $2)
INSERT INTO toggle_changes (warehouse_id, name, version, changed_at, changed_by, old_state, new_state, reason)
VALUES ($1, $2, $3, $6, $7, $5, $4, $8);

-- Toggle.PutToggle.LockSql
SELECT version, state FROM toggles WHERE warehouse_id = $1 AND name = $2 FOR UPDATE;

-- Toggle.ShowToggle.ChangesSql
SELECT version, changed_at, changed_by, old_state, new_state, reason FROM toggle_changes
WHERE warehouse_id = $1 AND name = $2 ORDER BY version DESC LIMIT $3;

-- Toggle.ToggleWatch.ReadSql
SELECT version, state FROM toggles WHERE warehouse_id = $1 AND name = $2;

-- Toggle.ToggleWatch.SeedSql
WITH seeded AS (
    INSERT INTO toggles (warehouse_id, name, version, state) VALUES ($1, $2, 1, $3)
    ON CONFLICT DO NOTHING RETURNING warehouse_id, name, version, state)
INSERT INTO toggle_changes (warehouse_id, name, version, changed_at, changed_by, new_state)
SELECT warehouse_id, name, version, $4, $5, state FROM seeded;

-- Tours.CommitPlan.PlanSql
INSERT INTO plans (warehouse_id, plan_id, planned_at, algorithm, seed, units_used, releases, lines, tours,
    distance_mm, bound_mm, planning_us, problem, budget_units, rung, shadow_mm, planner, order_ids,
    release_nos, plan_sha256)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20);

-- Tours.ExpireLeases.ExpireSql
UPDATE tours SET state = 'Planned', fence = fence + 1, picker_id = NULL, leased_until = NULL
WHERE warehouse_id = $1 AND state IN ('Leased', 'InProgress') AND leased_until < $2;

-- Tours.ShowBacklog.BacklogSql
SELECT count(*) FILTER (WHERE state = 'Planned'), coalesce(sum(open_tasks) FILTER (WHERE state = 'Planned'), 0),
    count(*) FILTER (WHERE state <> 'Planned'), coalesce(sum(open_tasks) FILTER (WHERE state <> 'Planned'), 0),
    min(planned_at) FILTER (WHERE state = 'Planned'), min(ship_by) FILTER (WHERE state = 'Planned'),
    (SELECT count(DISTINCT (k.order_id, k.release_no)) FROM tasks k JOIN tours u USING (warehouse_id, tour_id)
        WHERE u.warehouse_id = $1 AND u.state IN ('Planned', 'Leased', 'InProgress') AND NOT k.done),
    (SELECT count(*) FROM count_tasks WHERE warehouse_id = $1 AND counted_at IS NULL),
    (SELECT count(*) FROM dead_letters WHERE warehouse_id = $1)
FROM tours WHERE warehouse_id = $1 AND state IN ('Planned', 'Leased', 'InProgress');

-- Tours.ShowTour.TasksSql
SELECT task_no, order_id, release_no, line_no, client_id, sku, aisle, bay, side, tote, quantity, picked, short,
    moved, done
FROM tasks WHERE warehouse_id = $1 AND tour_id = $2 ORDER BY task_no;

-- Tours.ShowTour.TourSql
SELECT plan_id, state, fence, picker_id, leased_until, ship_by, distance_mm, open_tasks, planned_at, done_at
FROM tours WHERE warehouse_id = $1 AND tour_id = $2;

-- Warehouse.SlotEndpoints.GetSql
SELECT rank, aisle, bay, side FROM slots WHERE warehouse_id = $1 AND client_id = $2 AND sku = $3 ORDER BY rank;
