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
        SELECT format('event %s-%s of %s/%s: version %s comes as number %s', xid, id, order_id, release_no, version,
            place)
        FROM (SELECT xid, id, order_id, release_no, version,
                     row_number() OVER (PARTITION BY warehouse_id, order_id, release_no ORDER BY xid, id) AS place
              FROM events) AS event
        WHERE version <> place
        """;

    internal static readonly IReadOnlyList<Invariant> All =
    [
        new(6, "one live lease per tour and picker", LiveLeaseSql),
        new(6, "one effect per scan", OneEffectPerScanSql),
        new(9, "events stand in the order of their versions", VersionsInOrderSql),
    ];
}
