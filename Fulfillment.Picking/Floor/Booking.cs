using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Picking.Database;
using Fulfillment.Picking.Feed;
using Fulfillment.Picking.Intake;
using Fulfillment.Picking.Warehouse;
using Npgsql;

namespace Fulfillment.Picking.Floor;

/// <summary>
/// What one confirm call makes of one release: how its open tasks change, and the lines its event carries.
/// </summary>
internal sealed record ReleaseProgress(ReleaseId Key, int OpenTasksDelta, IReadOnlyList<PickedLine> Lines);

/// <summary>Everything that one confirm call writes; a fixed number of statements, however many scans it has.</summary>
internal sealed record Booking(
    Guid TourId, int Fence, DateTimeOffset Now, DateTimeOffset LeasedUntil, int OpenTasks, IReadOnlyList<Scan> Scans,
    IReadOnlyList<TaskChange> Changes, IReadOnlySet<int> Moved, IReadOnlyList<(OpenTask Task, Slot Slot)> Added,
    IReadOnlyList<ReleaseProgress> Releases)
{
    private const string ScansSql = """
        INSERT INTO scans (warehouse_id, tour_id, fence, at, task_no, scan_id, picked, short)
        SELECT $1, $2, $3, $4, s.* FROM unnest($5, $6, $7, $8) AS s (task_no, scan_id, picked, short)
        """;

    private const string TasksSql = """
        UPDATE tasks t SET picked = t.picked + c.picked, short = t.short + c.short, moved = t.moved + c.moved,
            done = c.done
        FROM unnest($3, $4, $5, $6, $7) AS c (task_no, picked, short, moved, done)
        WHERE t.warehouse_id = $1 AND t.tour_id = $2 AND t.task_no = c.task_no
        """;

    private const string AddedSql = """
        INSERT INTO tasks (warehouse_id, tour_id, task_no, order_id, release_no, line_no, client_id, sku, aisle, bay,
            side, tote, quantity, rank)
        SELECT $1, $2, a.* FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS a
        """;

    private const string TourSql = """
        UPDATE tours SET open_tasks = $3, state = CASE WHEN $3 = 0 THEN 'Done' ELSE 'InProgress' END,
            leased_until = $4, done_at = CASE WHEN $3 = 0 THEN $5 END
        WHERE warehouse_id = $1 AND tour_id = $2
        """;

    // A release on several tours is changed by several pickers: its row is locked in id order before it is changed. The
    // LATERAL keeps that order, and keeps the plan to probes of the key whatever the size of the table it was made for.
    private const string ReleasesSql = """
        WITH change AS (SELECT * FROM unnest($2, $3, $4, $5) AS c (order_id, release_no, open_tasks, body)),
        locked AS (
            SELECT i.order_id, i.release_no FROM (SELECT * FROM change ORDER BY order_id, release_no) c
            CROSS JOIN LATERAL (
                SELECT order_id, release_no FROM inbox
                WHERE warehouse_id = $1 AND order_id = c.order_id AND release_no = c.release_no FOR UPDATE) i),
        moved AS (
            UPDATE inbox i SET open_tasks = i.open_tasks + c.open_tasks,
                version = i.version + CASE WHEN c.body IS NULL THEN 0 ELSE 1 END,
                state = CASE WHEN i.open_tasks + c.open_tasks = 0 THEN 'Picked' ELSE 'Picking' END
            FROM change c JOIN locked USING (order_id, release_no)
            WHERE i.warehouse_id = $1 AND i.order_id = c.order_id AND i.release_no = c.release_no
            RETURNING i.client_id, i.order_id, i.release_no, i.version, i.state, c.body)
        INSERT INTO events (warehouse_id, client_id, order_id, release_no, version, kind, at, body)
        SELECT $1, client_id, order_id, release_no, version, state, $6, body FROM moved WHERE body IS NOT NULL
        """;

    // A short means that the count is wrong, wherever the units are found in the end.
    private const string CountsSql = """
        INSERT INTO count_tasks (warehouse_id, raised_at, count_id, client_id, sku, aisle, bay, side)
        SELECT $1, $2, c.* FROM unnest($3, $4, $5, $6, $7, $8) AS c ON CONFLICT DO NOTHING
        """;

    /// <summary>Works out what is written. Pure.</summary>
    internal static Booking Of(
        Guid tourId, FoundTour tour, ConfirmVerdict.Accepted accepted, Dictionary<int, Slot> moves, DateTimeOffset now,
        DateTimeOffset leasedUntil)
    {
        var added = new List<(OpenTask, Slot)>();
        foreach (var change in accepted.Changes)
        {
            if (!moves.TryGetValue(change.Task.TaskNo, out var slot)) continue;
            var location = new Shelf(slot.Aisle, slot.Bay, slot.Side);
            var taskNo = tour.TaskNoMax + added.Count + 1;
            added.Add((change.Task with { TaskNo = taskNo, Location = location, Left = change.Short, Rank = slot.Rank },
                slot));
        }

        var finished = accepted.Changes.Count(c => c.Finishes);
        var releases = accepted.Changes.GroupBy(c => c.Task.Release).Select(g => new ReleaseProgress(
            g.Key, g.Count(c => moves.ContainsKey(c.Task.TaskNo)) - g.Count(c => c.Finishes), LinesOf(g, moves)));
        return new Booking(
            tourId, tour.Fence, now, leasedUntil, tour.OpenTasks + added.Count - finished, accepted.NewScans,
            accepted.Changes,
            moves.Keys.ToHashSet(), added, [.. releases]);
    }

    /// <summary>Two trips for the whole call: this batch, and the commit.</summary>
    internal async Task WriteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string warehouseId, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(new(TourSql)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Uuid(TourId), Typed.Integer(OpenTasks), Typed.Time(LeasedUntil),
                Typed.Time(Now),
            },
        });
        if (Scans.Count > 0)
        {
            batch.BatchCommands.Add(ScansCommand(warehouseId));
            batch.BatchCommands.Add(TasksCommand(warehouseId));
            batch.BatchCommands.Add(ReleasesCommand(warehouseId));
        }

        if (Added.Count > 0) batch.BatchCommands.Add(AddedCommand(warehouseId));
        if (Changes.Any(c => c.Short > 0)) batch.BatchCommands.Add(CountsCommand(warehouseId));
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    internal ConfirmAnswer Answer() => new(
        TourId, Fence, LeasedUntil, OpenTasks == 0 ? "Done" : "InProgress", OpenTasks,
        [.. Added.Select(a => new FloorTask(
            a.Task.TaskNo, a.Task.Location, a.Task.ClientId, a.Task.Sku, a.Task.Left, a.Task.Tote,
            a.Task.Release.OrderId,
            a.Task.Release.ReleaseNo, a.Task.LineNo))]);

    /// <summary>Sums by line; what is asked for again elsewhere is not short yet.</summary>
    private static PickedLine[] LinesOf(IEnumerable<TaskChange> changes, Dictionary<int, Slot> moves) =>
        [.. changes.GroupBy(c => (c.Task.LineNo, c.Task.Sku))
            .Select(g => new PickedLine(
                g.Key.LineNo, g.Key.Sku, g.Sum(c => c.Picked),
                g.Sum(c => moves.ContainsKey(c.Task.TaskNo) ? 0 : c.Short)))
            .Where(l => l.Picked + l.Short > 0)];

    private NpgsqlBatchCommand ScansCommand(string warehouseId) => new(ScansSql)
    {
        Parameters =
        {
            Typed.Text(warehouseId), Typed.Uuid(TourId), Typed.Integer(Fence), Typed.Time(Now),
            Typed.Integers([.. Scans.Select(s => s.TaskNo)]), Typed.Texts([.. Scans.Select(s => s.ScanId)]),
            Typed.Integers([.. Scans.Select(s => s.Picked)]), Typed.Integers([.. Scans.Select(s => s.Short)]),
        },
    };

    private NpgsqlBatchCommand TasksCommand(string warehouseId) => new(TasksSql)
    {
        Parameters =
        {
            Typed.Text(warehouseId), Typed.Uuid(TourId), Typed.Integers([.. Changes.Select(c => c.Task.TaskNo)]),
            Typed.Integers([.. Changes.Select(c => c.Picked)]),
            Typed.Integers([.. Changes.Select(c => Moved.Contains(c.Task.TaskNo) ? 0 : c.Short)]),
            Typed.Integers([.. Changes.Select(c => Moved.Contains(c.Task.TaskNo) ? c.Short : 0)]),
            Typed.Booleans([.. Changes.Select(c => c.Finishes)]),
        },
    };

    private NpgsqlBatchCommand ReleasesCommand(string warehouseId) => new(ReleasesSql)
    {
        Parameters =
        {
            Typed.Text(warehouseId), Typed.Uuids([.. Releases.Select(r => r.Key.OrderId)]),
            Typed.Integers([.. Releases.Select(r => r.Key.ReleaseNo)]),
            Typed.Integers([.. Releases.Select(r => r.OpenTasksDelta)]),
            Typed.Texts([.. Releases.Select(r => r.Lines.Count == 0 ? null
                : JsonSerializer.Serialize(new EventBody { Lines = r.Lines }, EventBodyJson.Default.EventBody))]),
            Typed.Time(Now),
        },
    };

    private NpgsqlBatchCommand AddedCommand(string warehouseId)
    {
        var tasks = Added.Select(a => a.Task).ToList();
        return new(AddedSql)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Uuid(TourId), Typed.Integers([.. tasks.Select(t => t.TaskNo)]),
                Typed.Uuids([.. tasks.Select(t => t.Release.OrderId)]),
                Typed.Integers([.. tasks.Select(t => t.Release.ReleaseNo)]),
                Typed.Integers([.. tasks.Select(t => t.LineNo)]), Typed.Texts([.. tasks.Select(t => t.ClientId)]),
                Typed.Texts([.. tasks.Select(t => t.Sku)]), Typed.Smallints([.. Added.Select(a => a.Slot.Aisle)]),
                Typed.Smallints([.. Added.Select(a => a.Slot.Bay)]), Typed.Texts([.. Added.Select(a => a.Slot.Side)]),
                Typed.Integers([.. tasks.Select(t => t.Tote)]), Typed.Integers([.. tasks.Select(t => t.Left)]),
                Typed.Smallints([.. tasks.Select(t => t.Rank)]),
            },
        };
    }

    private NpgsqlBatchCommand CountsCommand(string warehouseId)
    {
        var shorts = Changes.Where(c => c.Short > 0).Select(c => c.Task).ToList();
        return new(CountsSql)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Time(Now),
                Typed.Uuids([.. shorts.Select(_ => Guid.CreateVersion7(Now))]),
                Typed.Texts([.. shorts.Select(t => t.ClientId)]), Typed.Texts([.. shorts.Select(t => t.Sku)]),
                Typed.Smallints([.. shorts.Select(t => (short)t.Location.Aisle)]),
                Typed.Smallints([.. shorts.Select(t => (short)t.Location.Bay)]),
                Typed.Texts([.. shorts.Select(t => t.Location.Side)]),
            },
        };
    }
}
