namespace Fulfillment.Surge.Invariants;

/// <summary>What pickingdb alone can show.</summary>
internal static class PickingInvariants
{
    private const string LiveLeaseSql = """
        SELECT format('tour %s: %s by %s until %s', tour_id, state, picker_id, leased_until)
        FROM tours WHERE state IN ('Leased', 'InProgress') AND (picker_id IS NULL OR leased_until IS NULL)
        UNION ALL
        SELECT format('picker %s: %s live tours', picker_id, count(*))
        FROM tours WHERE state IN ('Leased', 'InProgress') GROUP BY warehouse_id, picker_id HAVING count(*) > 1
        """;

    // The confirm that closes a tour's last task ends the tour; nobody else would.
    private const string FinishedTourSql = """
        SELECT format('tour %s: %s, counts %s open tasks of %s, %s are open', tour_id, state, open_tasks, tasks, undone)
        FROM (
            SELECT tour_id, state, tour.open_tasks, count(task_no) AS tasks,
                   count(task_no) FILTER (WHERE NOT done) AS undone
            FROM tours AS tour LEFT JOIN tasks USING (warehouse_id, tour_id)
            GROUP BY warehouse_id, tour_id
        ) AS walked
        WHERE open_tasks <> undone OR (state <> 'Done' AND tasks > 0 AND undone = 0)
        """;

    private const string OneEffectPerScanSql = """
        SELECT format('task %s/%s: picked %s, its scans %s', tour_id, task_no, task.picked, coalesce(scanned.picked, 0))
        FROM tasks AS task
        LEFT JOIN (
            SELECT warehouse_id, tour_id, task_no, sum(picked) AS picked FROM scans
                GROUP BY warehouse_id, tour_id, task_no
        ) AS scanned USING (warehouse_id, tour_id, task_no)
        WHERE task.picked <> coalesce(scanned.picked, 0)
        """;

    private const string VersionsInOrderSql = """
        SELECT format('event %s-%s of %s/%s: version %s comes after %s', xid, id, order_id, release_no, version,
            before)
        FROM (SELECT xid, id, order_id, release_no, version, kind,
                     coalesce(lag(version) OVER (PARTITION BY warehouse_id, order_id, release_no ORDER BY xid, id), 0)
                         AS before
              FROM events) AS event
        WHERE (version <= before OR (version <> before + 1 AND kind <> 'Restored'))
            AND order_id >= coalesce((SELECT max(kept_from::text)::uuid FROM retention WHERE kind = 'events'), order_id)
        """;

    internal static readonly IReadOnlyList<Invariant> All =
    [
        new(6, "one live lease per tour and picker", LiveLeaseSql),
        new(6, "a tour is done with its last task", FinishedTourSql),
        new(6, "one effect per scan", OneEffectPerScanSql),
        new(9, "events stand in the order of their versions", VersionsInOrderSql),
    ];
}
