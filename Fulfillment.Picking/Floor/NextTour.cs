using Fulfillment.Picking.Database;
using Fulfillment.Picking.Warehouse;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Picking.Floor;

/// <summary>POST /floor/tours/next. The tour the picker holds, or the most urgent one that nobody holds.</summary>
internal static class NextTour
{
    // One statement and one trip. Tours that another picker is just taking are skipped, not waited for: which tour it
    // is does not matter. Two requests of one picker meet at the unique index tours_picker, and the loser asks again.
    // The sub-select and the LATERAL are probes of the keys, also in a plan that was cached while the tables were
    // empty.
    private const string NextSql = """
        WITH held AS (
            UPDATE tours SET leased_until = now() + make_interval(secs => $3)
            WHERE warehouse_id = $1 AND picker_id = $2 AND state IN ('Leased', 'InProgress')
            RETURNING tour_id, fence, state, distance_mm, leased_until),
        next AS (
            SELECT tour_id FROM tours
            WHERE warehouse_id = $1 AND state = 'Planned' AND NOT EXISTS (SELECT FROM held)
            ORDER BY ship_by, tour_id LIMIT 1 FOR UPDATE SKIP LOCKED),
        leased AS (
            UPDATE tours t SET state = 'Leased', fence = fence + 1, picker_id = $2,
                leased_until = now() + make_interval(secs => $3)
            WHERE t.warehouse_id = $1 AND t.tour_id = (SELECT tour_id FROM next)
            RETURNING t.tour_id, t.fence, t.state, t.distance_mm, t.leased_until),
        mine AS (SELECT * FROM held UNION ALL SELECT * FROM leased)
        SELECT m.tour_id, m.fence, m.state, t.task_no, t.aisle, t.bay, t.side, t.client_id, t.sku,
            t.quantity - t.picked - t.short - t.moved, t.tote, t.order_id, t.release_no, t.line_no, m.distance_mm,
            m.leased_until
        FROM mine m LEFT JOIN LATERAL (
            SELECT * FROM tasks WHERE warehouse_id = $1 AND tour_id = m.tour_id AND NOT done ORDER BY task_no) AS t
            ON true
        ORDER BY t.task_no
        """;

    internal static void MapNextTour(this IEndpointRouteBuilder floor) => floor.MapPost("/tours/next", HandleAsync);

    internal static async Task<Results<Ok<FloorTour>, NoContent, JsonHttpResult<Problem>>> HandleAsync(
        NextTourRequest request, NpgsqlDataSource database, PickingSettings settings,
        CancellationToken cancellation)
    {
        if (!Names.IsName(request.PickerId)) return Names.BadPicker();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var tour = await LeaseAsync(database, settings, request.PickerId!, cancellation);
                return tour is null ? TypedResults.NoContent() : TypedResults.Ok(tour);
            }
            catch (PostgresException twice) when (twice.SqlState == PostgresErrorCodes.UniqueViolation && attempt == 1)
            {
                // He asked twice at the same time: the other request has his tour now.
            }
        }
    }

    private static async Task<FloorTour?> LeaseAsync(
        NpgsqlDataSource database, PickingSettings settings, string pickerId, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(NextSql);
        command.Parameters.Add(Typed.Text(settings.WarehouseId));
        command.Parameters.Add(Typed.Text(pickerId));
        command.Parameters.Add(Typed.Double(settings.Lease.TotalSeconds));
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        FloorTour? tour = null;
        var tasks = new List<FloorTask>();
        while (await rows.ReadAsync(cancellation))
        {
            tour ??= new FloorTour(
                rows.GetGuid(0), rows.GetInt32(1), rows.GetFieldValue<DateTimeOffset>(15), rows.GetString(2),
                rows.GetInt64(14), tasks);
            if (rows.IsDBNull(3)) continue;
            tasks.Add(new FloorTask(
                rows.GetInt32(3), new Shelf(rows.GetInt16(4), rows.GetInt16(5), rows.GetString(6)), rows.GetString(7),
                rows.GetString(8), rows.GetInt32(9), rows.GetInt32(10), rows.GetGuid(11), rows.GetInt32(12),
                rows.GetInt32(13)));
        }

        return tour;
    }
}
