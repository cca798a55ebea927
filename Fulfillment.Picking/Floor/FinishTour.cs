using Fulfillment.Picking.Database;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Picking.Floor;

/// <summary>
/// POST /floor/tours/{tourId}/done. The last confirm has finished the tour already; this says so to the picker, and
/// says no while tasks are open.
/// </summary>
internal static class FinishTour
{
    private const string TourSql = """
        SELECT state, fence, picker_id, open_tasks, done_at FROM tours WHERE warehouse_id = $1 AND tour_id = $2
        """;

    internal static void MapFinishTour(this IEndpointRouteBuilder floor) =>
        floor.MapPost("/tours/{tourId:guid}/done", HandleAsync);

    internal static async Task<Results<Ok<DoneAnswer>, JsonHttpResult<Problem>>> HandleAsync(
        Guid tourId, DoneRequest request, NpgsqlDataSource database, PickingSettings settings,
        CancellationToken cancellation)
    {
        if (!Names.IsName(request.PickerId)) return Names.BadPicker();
        if (request.Fence is null) return Problems.Result(400, "bad_fence", "fence is required.");
        await using var command = database.CreateCommand(TourSql);
        command.Parameters.Add(Typed.Text(settings.WarehouseId));
        command.Parameters.Add(Typed.Uuid(tourId));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation)) return Problems.Result(404, "tour_not_found", "There is no such tour.");
        if (row.GetInt32(1) != request.Fence || row.IsDBNull(2) || row.GetString(2) != request.PickerId)
            return Problems.Result(409, "lease_lost",
                "The tour is not yours any more; what you confirmed before is kept.");
        return row.GetString(0) == "Done"
            ? TypedResults.Ok(new DoneAnswer(tourId, "Done", row.GetFieldValue<DateTimeOffset>(4)))
            : Problems.Result(409, "tasks_open", $"{row.GetInt32(3)} tasks of the tour are open.");
    }
}
