using Fulfillment.Picking.Database;
using Fulfillment.Picking.Warehouse;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Picking.Tours;

/// <summary>A tour as the lead sees it.</summary>
internal sealed record TourView(
    Guid TourId, Guid PlanId, string State, int Fence, string? PickerId, DateTimeOffset? LeasedUntil,
    DateTimeOffset ShipBy,
    long DistanceMm, int OpenTasks, DateTimeOffset PlannedAt, DateTimeOffset? DoneAt, IReadOnlyList<TaskView> Tasks);

/// <summary>One of its tasks.</summary>
internal sealed record TaskView(
    int TaskNo, Guid OrderId, int ReleaseNo, int LineNo, string ClientId, string Sku, Shelf Location, int Tote,
    int Quantity,
    int Picked, int Short, int Moved, bool Done);

/// <summary>GET /tours/{tourId}.</summary>
internal static class ShowTour
{
    private const string TourSql = """
        SELECT plan_id, state, fence, picker_id, leased_until, ship_by, distance_mm, open_tasks, planned_at, done_at
        FROM tours WHERE warehouse_id = $1 AND tour_id = $2
        """;

    private const string TasksSql = """
        SELECT task_no, order_id, release_no, line_no, client_id, sku, aisle, bay, side, tote, quantity, picked, short,
            moved, done
        FROM tasks WHERE warehouse_id = $1 AND tour_id = $2 ORDER BY task_no
        """;

    internal static void MapShowTour(this IEndpointRouteBuilder app) =>
        app.MapGet("/tours/{tourId:guid}", HandleAsync).RequireAuthorization("lead");

    internal static async Task<Results<Ok<TourView>, JsonHttpResult<Problem>>> HandleAsync(
        Guid tourId, NpgsqlDataSource database, PickingSettings settings, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new(TourSql) { Parameters = { Typed.Text(settings.WarehouseId), Typed.Uuid(tourId) } },
                new(TasksSql) { Parameters = { Typed.Text(settings.WarehouseId), Typed.Uuid(tourId) } },
            },
        };
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        if (!await rows.ReadAsync(cancellation))
            return Problems.Result(404, "tour_not_found", "There is no such tour.");
        var tasks = new List<TaskView>();
        var tour = new TourView(
            tourId, rows.GetGuid(0), rows.GetString(1), rows.GetInt32(2), rows.IsDBNull(3) ? null : rows.GetString(3),
            TimeAt(rows, 4), rows.GetFieldValue<DateTimeOffset>(5), rows.GetInt64(6), rows.GetInt32(7),
            rows.GetFieldValue<DateTimeOffset>(8), TimeAt(rows, 9), tasks);
        await rows.NextResultAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            tasks.Add(new TaskView(
                rows.GetInt32(0), rows.GetGuid(1), rows.GetInt32(2), rows.GetInt32(3), rows.GetString(4),
                rows.GetString(5),
                new Shelf(rows.GetInt16(6), rows.GetInt16(7), rows.GetString(8)), rows.GetInt32(9), rows.GetInt32(10),
                rows.GetInt32(11), rows.GetInt32(12), rows.GetInt32(13), rows.GetBoolean(14)));
        }

        return TypedResults.Ok(tour);
    }

    private static DateTimeOffset? TimeAt(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
