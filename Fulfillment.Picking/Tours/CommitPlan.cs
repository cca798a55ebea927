using System.Text.Json;
using Fulfillment.Picking.Database;
using Fulfillment.Picking.DeadLetters;
using Fulfillment.Picking.Feed;
using Fulfillment.Picking.Intake;
using Npgsql;

namespace Fulfillment.Picking.Tours;

/// <summary>
/// Writes a plan in one transaction: inbox, plan, tours, tasks, events, and the dead letters of its pool.
/// </summary>
internal sealed class CommitPlan(NpgsqlDataSource database, PickingSettings settings)
{
    // In id order, so that two workers with the same releases queue behind each other and do not deadlock. A row that
    // is there already (planned by another, or a tombstone of a cancel) does not return, and its release is struck.
    private const string InboxSql = """
        INSERT INTO inbox (warehouse_id, order_id, release_no, client_id, state, version, open_tasks, received_at)
        SELECT $1, r.order_id, r.release_no, r.client_id, 'Planned', 1, r.tasks, $6
        FROM unnest($2, $3, $4, $5) AS r (order_id, release_no, client_id, tasks) ORDER BY r.order_id, r.release_no
        ON CONFLICT DO NOTHING RETURNING order_id, release_no
        """;

    private const string PlanSql = """
        INSERT INTO plans (warehouse_id, plan_id, planned_at, algorithm, seed, units_used, releases, lines, tours,
            distance_mm, bound_mm, planning_us, problem, budget_units, rung, shadow_mm, planner, order_ids,
            release_nos, plan_sha256)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
        """;

    private const string ToursSql = """
        INSERT INTO tours (warehouse_id, tour_id, plan_id, state, ship_by, distance_mm, open_tasks, planned_at, tour_no)
        SELECT $1, t.tour_id, $2, 'Planned', t.ship_by, t.distance_mm, t.tasks, $3, t.tour_no
        FROM unnest($4, $5, $6, $7, $8) AS t (tour_id, ship_by, distance_mm, tasks, tour_no)
        """;

    private const string TasksSql = """
        INSERT INTO tasks (warehouse_id, tour_id, task_no, order_id, release_no, line_no, client_id, sku, aisle, bay,
            side, tote, quantity, rank)
        SELECT $1, t.* FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS t
        """;

    private const string EventsSql = """
        INSERT INTO events (warehouse_id, client_id, order_id, release_no, version, kind, at, body, traceparent)
        SELECT $1, e.client_id, e.order_id, e.release_no, 1, 'Planned', $2, e.body, e.traceparent
        FROM unnest($3, $4, $5, $6, $7) AS e (order_id, release_no, client_id, body, traceparent)
        """;

    // Of releases that failed alone once and are planned now.
    private const string ForgetFailuresSql = """
        DELETE FROM lone_failures f USING unnest($2, $3) AS r (order_id, release_no)
        WHERE f.warehouse_id = $1 AND f.order_id = r.order_id AND f.release_no = r.release_no
        """;

    /// <summary>The releases that are not to be planned now; nothing is committed unless there are none.</summary>
    internal async Task<Struck> CommitAsync(PlannedPool pool, CancellationToken cancellation)
    {
        var rows = pool.Parts.Select(part => TourRows.Of(part, pool.PlannedAt)).ToList();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        ReleaseId[] keys = [.. pool.Releases.Select(r => r.Release.Key), .. pool.Failed.Select(f => f.Release.Key)];
        var waiting = await ReleaseTurns.TryTakeAsync(
            connection, transaction, settings.WarehouseId, keys, cancellation);
        if (waiting.Count > 0) return new Struck([], waiting);
        if (pool.Parts.Count > 0)
        {
            var known = await InsertInboxAsync(connection, transaction, pool, rows, cancellation);
            if (known.Count > 0) return new Struck(known, []);
            await using var batch = new NpgsqlBatch(connection, transaction);
            foreach (var (part, itsRows) in pool.Parts.Zip(rows)) AddPlan(batch, part, itsRows, pool.PlannedAt);
            batch.BatchCommands.Add(new(ForgetFailuresSql)
            {
                Parameters =
                {
                    Typed.Text(settings.WarehouseId), Typed.Uuids([.. keys.Select(key => key.OrderId)]),
                    Typed.Integers([.. keys.Select(key => key.ReleaseNo)]),
                },
            });
            await batch.ExecuteNonQueryAsync(cancellation);
        }

        await Burial.BuryAsync(connection, transaction, settings.WarehouseId, pool.PlannedAt,
            pool.Failed.Select(Letter.Of), cancellation);
        await transaction.CommitAsync(cancellation);
        return Struck.Nothing;
    }

    private async Task<HashSet<ReleaseId>> InsertInboxAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, PlannedPool pool,
        IReadOnlyList<TourRows> rows, CancellationToken cancellation)
    {
        var struck = pool.Releases.Select(r => r.Release.Key).ToHashSet();
        await using var command = new NpgsqlCommand(InboxSql, connection, transaction)
        {
            Parameters =
            {
                Typed.Text(settings.WarehouseId),
                Typed.Uuids([.. pool.Releases.Select(r => r.Release.Key.OrderId)]),
                Typed.Integers([.. pool.Releases.Select(r => r.Release.Key.ReleaseNo)]),
                Typed.Texts([.. pool.Releases.Select(r => r.Release.Message.ClientId)]),
                Typed.Integers([.. rows.SelectMany(r => r.TasksOf)]), Typed.Time(pool.PlannedAt),
            },
        };
        await using var written = await command.ExecuteReaderAsync(cancellation);
        while (await written.ReadAsync(cancellation)) struck.Remove(new(written.GetGuid(0), written.GetInt32(1)));
        return struck;
    }

    private void AddPlan(NpgsqlBatch batch, PlannedPart part, TourRows rows, DateTimeOffset plannedAt)
    {
        var (warehouse, planId) = (settings.WarehouseId, Guid.CreateVersion7(plannedAt));
        batch.BatchCommands.Add(PlanRow(part, rows.Tours.Count, planId, plannedAt));
        AddWalks(batch, rows, warehouse, planId, plannedAt);
        var releases = part.Releases;
        batch.BatchCommands.Add(new(EventsSql)
        {
            Parameters =
            {
                Typed.Text(warehouse), Typed.Time(plannedAt),
                Typed.Uuids([.. releases.Select(r => r.Release.Key.OrderId)]),
                Typed.Integers([.. releases.Select(r => r.Release.Key.ReleaseNo)]),
                Typed.Texts([.. releases.Select(r => r.Release.Message.ClientId)]),
                Typed.Texts([.. rows.ToursOf.Select(BodyOf)]),
                Typed.Texts([.. releases.Select(r => r.Release.TraceParent)]),
            },
        });
    }

    private NpgsqlBatchCommand PlanRow(PlannedPart part, int tours, Guid planId, DateTimeOffset plannedAt)
    {
        var (chosen, plan, releases) = (part.Chosen, part.Chosen.Plan, part.Releases);
        return new(PlanSql)
        {
            Parameters =
            {
                Typed.Text(settings.WarehouseId), Typed.Uuid(planId), Typed.Time(plannedAt), Typed.Text(plan.Algorithm),
                Typed.Bigint(unchecked((long)plan.Seed)), Typed.Bigint(plan.UnitsSpent), Typed.Integer(releases.Count),
                Typed.Integer(releases.Sum(r => r.Slots.Count)), Typed.Integer(tours),
                Typed.Bigint(plan.Distance.Value), Typed.Bigint(plan.LowerBound.Value),
                Typed.Bigint((long)chosen.Time.TotalMicroseconds),
                Typed.Bytes(ProblemRecord.Write(chosen.Problem)),
                Typed.Bigint(chosen.Planner == Planners.Optimized ? chosen.Order.Budget.Units : 0),
                Typed.Smallint((short)chosen.Order.Rung), Typed.MaybeBigint(chosen.ShadowMm),
                Typed.Text(chosen.Planner), Typed.Uuids([.. releases.Select(r => r.Release.Key.OrderId)]),
                Typed.Integers([.. releases.Select(r => r.Release.Key.ReleaseNo)]),
                Typed.Bytes(PlanDigest.Of(plan)),
            },
        };
    }

    private static void AddWalks(
        NpgsqlBatch batch, TourRows rows, string warehouse, Guid planId, DateTimeOffset plannedAt)
    {
        var (tours, tasks) = (rows.Tours, rows.Tasks);
        batch.BatchCommands.Add(new(ToursSql)
        {
            Parameters =
            {
                Typed.Text(warehouse), Typed.Uuid(planId), Typed.Time(plannedAt),
                Typed.Uuids([.. tours.Select(t => t.TourId)]), Typed.Times([.. tours.Select(t => t.ShipBy)]),
                Typed.Bigints([.. tours.Select(t => t.DistanceMm)]), Typed.Integers([.. tours.Select(t => t.Tasks)]),
                Typed.Integers([.. tours.Select(t => t.TourNo)]),
            },
        });
        batch.BatchCommands.Add(new(TasksSql)
        {
            Parameters =
            {
                Typed.Text(warehouse), Typed.Uuids([.. tasks.Select(t => t.TourId)]),
                Typed.Integers([.. tasks.Select(t => t.TaskNo)]),
                Typed.Uuids([.. tasks.Select(t => t.Release.OrderId)]),
                Typed.Integers([.. tasks.Select(t => t.Release.ReleaseNo)]),
                Typed.Integers([.. tasks.Select(t => t.LineNo)]),
                Typed.Texts([.. tasks.Select(t => t.ClientId)]), Typed.Texts([.. tasks.Select(t => t.Sku)]),
                Typed.Smallints([.. tasks.Select(t => t.Aisle)]), Typed.Smallints([.. tasks.Select(t => t.Bay)]),
                Typed.Texts([.. tasks.Select(t => t.Side)]), Typed.Integers([.. tasks.Select(t => t.Tote)]),
                Typed.Integers([.. tasks.Select(t => t.Quantity)]), Typed.Smallints([.. tasks.Select(t => t.Rank)]),
            },
        });
    }

    private static string BodyOf(List<Guid> tours) =>
        JsonSerializer.Serialize(new EventBody { Tours = tours }, EventBodyJson.Default.EventBody);
}

/// <summary>What a commit found out about its releases.</summary>
/// <param name="Known">Somebody else, or a cancel, was first to write them.</param>
/// <param name="Waiting">Somebody is writing of them just now: who was first is not known yet.</param>
internal sealed record Struck(HashSet<ReleaseId> Known, HashSet<ReleaseId> Waiting)
{
    internal static readonly Struck Nothing = new([], []);

    internal int Count => Known.Count + Waiting.Count;
}
