using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Picking.Database;
using Fulfillment.Picking.Intake;
using Npgsql;

namespace Fulfillment.Picking.Feed;

/// <summary>
/// Gives up releases of which this log and its reader know different histories. What either has as done is done: a unit
/// that both have is one unit, picked again after the restore at the worst. Their tasks go off the tours, and one tour
/// that is done stands for what was. An event tells the reader what it did not know; its version is above all that
/// either has seen.
/// </summary>
internal static class CloseRestored
{
    private const string DoneSql = """
        SELECT t.order_id, t.release_no, t.line_no, t.sku, sum(t.picked)::integer, sum(t.short)::integer
        FROM unnest($2, $3) AS k (order_id, release_no)
        JOIN tasks t ON t.warehouse_id = $1 AND t.order_id = k.order_id AND t.release_no = k.release_no
        GROUP BY t.order_id, t.release_no, t.line_no, t.sku
        """;

    // As a confirm does: the turns of the releases, then the tours.
    private const string LockToursSql = """
        SELECT tour_id FROM tours WHERE warehouse_id = $1 AND tour_id IN (
            SELECT t.tour_id FROM unnest($2, $3) AS k (order_id, release_no)
            JOIN tasks t ON t.warehouse_id = $1 AND t.order_id = k.order_id AND t.release_no = k.release_no)
        ORDER BY tour_id FOR UPDATE
        """;

    private const string DropScansSql = """
        DELETE FROM scans s USING tasks t, unnest($2, $3) AS k (order_id, release_no)
        WHERE t.warehouse_id = $1 AND t.order_id = k.order_id AND t.release_no = k.release_no
            AND s.warehouse_id = $1 AND s.tour_id = t.tour_id AND s.task_no = t.task_no
        """;

    private const string DropTasksSql = """
        DELETE FROM tasks t USING unnest($2, $3) AS k (order_id, release_no)
        WHERE t.warehouse_id = $1 AND t.order_id = k.order_id AND t.release_no = k.release_no
        """;

    private const string ToursSql = """
        UPDATE tours u SET open_tasks = rest.open, state = CASE WHEN rest.open = 0 THEN 'Done' ELSE state END,
            done_at = CASE WHEN rest.open = 0 THEN coalesce(done_at, $3) END
        FROM (SELECT k.tour_id, count(t.task_no) FILTER (WHERE NOT t.done)::integer AS open
              FROM unnest($2) AS k (tour_id) LEFT JOIN tasks t ON t.warehouse_id = $1 AND t.tour_id = k.tour_id
              GROUP BY k.tour_id) AS rest
        WHERE u.warehouse_id = $1 AND u.tour_id = rest.tour_id
        """;

    private const string DoneTourSql = """
        INSERT INTO tours (warehouse_id, tour_id, plan_id, state, ship_by, distance_mm, open_tasks, planned_at, done_at)
        VALUES ($1, $2, $2, 'Done', $3, 0, 0, $3, $3)
        """;

    // Where it lay, nobody knows any more: aisle 0.
    private const string DoneTasksSql = """
        WITH line AS (SELECT * FROM unnest($3, $4, $5, $6, $7, $8, $9, $10)
                      AS l (task_no, order_id, release_no, line_no, client_id, sku, picked, short)),
        scan AS (
            INSERT INTO scans (warehouse_id, tour_id, task_no, fence, scan_id, picked, short, at)
            SELECT $1, $2, task_no, 0, 'restored', picked, short, $11 FROM line)
        INSERT INTO tasks (warehouse_id, tour_id, task_no, order_id, release_no, line_no, client_id, sku, aisle, bay,
            side, tote, quantity, picked, short, done)
        SELECT $1, $2, task_no, order_id, release_no, line_no, client_id, sku, 0, 0, 'L', 1, picked + short, picked,
            short, true FROM line
        """;

    private const string CloseSql = """
        WITH closed AS (SELECT * FROM unnest($2, $3, $4, $5, $6, $7)
                        AS c (order_id, release_no, client_id, state, version, body)),
        known AS (
            INSERT INTO inbox (warehouse_id, order_id, release_no, client_id, state, version, received_at)
            SELECT $1, order_id, release_no, client_id, state, version, $8 FROM closed ORDER BY order_id, release_no
            ON CONFLICT (warehouse_id, order_id, release_no)
            DO UPDATE SET state = EXCLUDED.state, version = EXCLUDED.version, open_tasks = 0)
        INSERT INTO events (warehouse_id, client_id, order_id, release_no, version, kind, at, body)
        SELECT $1, client_id, order_id, release_no, version, 'Restored', $8, body FROM closed
        """;

    /// <summary>
    /// Closes each release under the version after the one given, and returns the units of each that were picked beyond
    /// what the reader had open. Their turns must be taken.
    /// </summary>
    internal static async Task<Dictionary<ReleaseId, int>> CloseAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string warehouseId,
        IReadOnlyList<(AppliedRelease Applied, int Version)> releases, DateTimeOffset now,
        CancellationToken cancellation)
    {
        ReleaseId[] keys = [.. releases.Select(release => ReconcileReleases.KeyOf(release.Applied))];
        var here = await DoneAsync(connection, warehouseId, keys, cancellation);
        var closed = releases.Select(release => ClosedRelease.Of(
            release.Applied, release.Version + 1, here[ReconcileReleases.KeyOf(release.Applied)])).ToList();
        Guid[] tours;
        await using (var locked = Command(LockToursSql, warehouseId, keys))
        {
            (locked.Connection, locked.Transaction) = (connection, transaction);
            await using var row = await locked.ExecuteReaderAsync(cancellation);
            var touched = new List<Guid>();
            while (await row.ReadAsync(cancellation)) touched.Add(row.GetGuid(0));
            tours = [.. touched];
        }

        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(BatchCommand(DropScansSql, warehouseId, keys));
        batch.BatchCommands.Add(BatchCommand(DropTasksSql, warehouseId, keys));
        batch.BatchCommands.Add(new(ToursSql)
        {
            Parameters = { Typed.Text(warehouseId), Typed.Uuids(tours), Typed.Time(now) },
        });
        AddDone(batch, warehouseId, closed, now);
        batch.BatchCommands.Add(new(CloseSql)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Uuids([.. keys.Select(key => key.OrderId)]),
                Typed.Integers([.. keys.Select(key => key.ReleaseNo)]),
                Typed.Texts([.. closed.Select(release => release.Applied.ClientId)]),
                Typed.Texts([.. closed.Select(release => release.Done.Count > 0 ? "Picked" : "Held")]),
                Typed.Integers([.. closed.Select(release => release.Version)]),
                Typed.Texts([.. closed.Select(release => JsonSerializer.Serialize(
                    new EventBody { Lines = release.News }, EventBodyJson.Default.EventBody))]),
                Typed.Time(now),
            },
        });
        await batch.ExecuteNonQueryAsync(cancellation);
        return closed.ToDictionary(
            release => ReconcileReleases.KeyOf(release.Applied), release => release.Surplus);
    }

    private static void AddDone(
        NpgsqlBatch batch, string warehouseId, List<ClosedRelease> closed, DateTimeOffset now)
    {
        var lines = closed.SelectMany(release => release.Done.Select(line => (release.Applied, Line: line))).ToList();
        if (lines.Count == 0) return;
        var tour = Guid.CreateVersion7(now);
        batch.BatchCommands.Add(new(DoneTourSql)
        {
            Parameters = { Typed.Text(warehouseId), Typed.Uuid(tour), Typed.Time(now) },
        });
        batch.BatchCommands.Add(new(DoneTasksSql)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Uuid(tour), Typed.Integers([.. Enumerable.Range(1, lines.Count)]),
                Typed.Uuids([.. lines.Select(line => line.Applied.OrderId)]),
                Typed.Integers([.. lines.Select(line => line.Applied.ReleaseNo)]),
                Typed.Integers([.. lines.Select(line => line.Line.LineNo)]),
                Typed.Texts([.. lines.Select(line => line.Applied.ClientId)]),
                Typed.Texts([.. lines.Select(line => line.Line.Sku)]),
                Typed.Integers([.. lines.Select(line => line.Line.Picked)]),
                Typed.Integers([.. lines.Select(line => line.Line.Short)]), Typed.Time(now),
            },
        });
    }

    private static async Task<ILookup<ReleaseId, PickedLine>> DoneAsync(
        NpgsqlConnection connection, string warehouseId, ReleaseId[] keys, CancellationToken cancellation)
    {
        await using var command = Command(DoneSql, warehouseId, keys);
        command.Connection = connection;
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var done = new List<(ReleaseId Key, PickedLine Line)>();
        while (await row.ReadAsync(cancellation))
        {
            done.Add((
                new ReleaseId(row.GetGuid(0), row.GetInt32(1)),
                new PickedLine(row.GetInt32(2), row.GetString(3), row.GetInt32(4), row.GetInt32(5))));
        }

        return done.ToLookup(of => of.Key, of => of.Line);
    }

    private static NpgsqlCommand Command(string sql, string warehouseId, ReleaseId[] keys)
    {
        var command = new NpgsqlCommand(sql);
        AddKeys(command.Parameters, warehouseId, keys);
        return command;
    }

    private static NpgsqlBatchCommand BatchCommand(string sql, string warehouseId, ReleaseId[] keys)
    {
        var command = new NpgsqlBatchCommand(sql);
        AddKeys(command.Parameters, warehouseId, keys);
        return command;
    }

    private static void AddKeys(NpgsqlParameterCollection to, string warehouseId, ReleaseId[] keys)
    {
        to.Add(Typed.Text(warehouseId));
        to.Add(Typed.Uuids([.. keys.Select(key => key.OrderId)]));
        to.Add(Typed.Integers([.. keys.Select(key => key.ReleaseNo)]));
    }
}

/// <summary>What a release comes to that is given up.</summary>
/// <param name="Applied">As the reader knows it.</param>
/// <param name="Version">Of the event that says so.</param>
/// <param name="Done">All that is done of it, by line.</param>
/// <param name="News">What of that the reader does not know yet.</param>
/// <param name="Surplus">Units picked here that the reader had nothing open for.</param>
internal sealed record ClosedRelease(
    AppliedRelease Applied, int Version, IReadOnlyList<PickedLine> Done, IReadOnlyList<PickedLine> News, int Surplus)
{
    /// <summary>
    /// Of each line the greater number counts, of picked units before short ones, and of news never more than was open.
    /// Pure.
    /// </summary>
    internal static ClosedRelease Of(AppliedRelease applied, int version, IEnumerable<PickedLine> here)
    {
        var byLine = here.ToDictionary(line => line.LineNo);
        var surplus = byLine.Values.Sum(line => line.Picked);
        var (done, news) = (new List<PickedLine>(), new List<PickedLine>());
        foreach (var theirs in applied.Lines ?? [])
        {
            var ours = byLine.GetValueOrDefault(theirs.LineNo) ?? new PickedLine(theirs.LineNo, theirs.Sku, 0, 0);
            var picked = Math.Clamp(ours.Picked - theirs.Picked, 0, theirs.Open);
            var missing = Math.Clamp(ours.Short - theirs.Short, 0, theirs.Open - picked);
            surplus -= Math.Min(ours.Picked, theirs.Picked + picked);
            if (picked + missing > 0) news.Add(new PickedLine(theirs.LineNo, theirs.Sku, picked, missing));
            var all = new PickedLine(theirs.LineNo, theirs.Sku, theirs.Picked + picked, theirs.Short + missing);
            if (all.Picked + all.Short > 0) done.Add(all);
        }

        return new ClosedRelease(applied, version, done, news, surplus);
    }
}
