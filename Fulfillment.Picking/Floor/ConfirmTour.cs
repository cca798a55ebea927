using Fulfillment.Picking.Database;
using Fulfillment.Picking.Feed;
using Fulfillment.Picking.Intake;
using Fulfillment.Picking.Warehouse;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Picking.Floor;

/// <summary>
/// POST /floor/tours/{tourId}/confirm. Books up to 45 scans at once, each exactly once, and renews the lease.
/// </summary>
internal static class ConfirmTour
{
    // After the turns of its releases the tour's row is locked: confirms, lease expiry and a new lease of one tour
    // queue up here.
    private const string TourSql = """
        SELECT state, fence, picker_id, open_tasks, leased_until,
            (SELECT max(task_no) FROM tasks WHERE warehouse_id = $1 AND tour_id = $2), clock_timestamp()
        FROM tours WHERE warehouse_id = $1 AND tour_id = $2 FOR UPDATE
        """;

    private const string TasksSql = """
        SELECT task_no, order_id, release_no, line_no, client_id, sku, aisle, bay, side, tote,
            quantity - picked - short - moved, rank
        FROM tasks WHERE warehouse_id = $1 AND tour_id = $2 AND task_no = ANY ($3)
        """;

    private const string StoredSql = """
        SELECT task_no, scan_id, picked, short FROM scans
        WHERE warehouse_id = $1 AND tour_id = $2 AND fence = $4 AND task_no = ANY ($3)
        """;

    internal static void MapConfirmTour(this IEndpointRouteBuilder floor) =>
        floor.MapPost("/tours/{tourId:guid}/confirm", HandleAsync);

    internal static async Task<Results<Ok<ConfirmAnswer>, JsonHttpResult<Problem>>> HandleAsync(
        Guid tourId, ConfirmRequest request, NpgsqlDataSource database, PickingSettings settings,
        CancellationToken cancellation)
    {
        if (ConfirmRules.FaultIn(request) is { } fault) return Problems.Result(400, fault.Code, fault.Title);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var found = await LoadAsync(connection, transaction, settings.WarehouseId, tourId, request, cancellation);
        if (found is null) return Problems.Result(404, "tour_not_found", "There is no such tour.");
        if (found.Fence != request.Fence || found.PickerId != request.PickerId)
            return Problems.Result(409, "lease_lost",
                "The tour is not yours any more; what you confirmed before is kept.");

        var verdict = ConfirmRules.Judge(request.Scans!, found.Tasks, found.Stored);
        if (verdict is ConfirmVerdict.Refused refused)
            return Problems.Result(refused.Code == "scan_reused" ? 409 : 422, refused.Code, refused.Title);
        var accepted = (ConfirmVerdict.Accepted)verdict;
        if (found.State == "Done")
        {
            // Only repeats: a task that still had units left would have kept the tour open.
            return TypedResults.Ok(new ConfirmAnswer(tourId, found.Fence, found.LeasedUntil, found.State, 0, []));
        }

        var moves = await MoveShorts.FindAsync(connection, transaction, settings.WarehouseId, accepted.Changes,
            cancellation);
        var booking = Booking.Of(tourId, found, accepted, moves, found.Now, found.Now + settings.Lease);
        await booking.WriteAsync(connection, transaction, settings.WarehouseId, cancellation);
        await transaction.CommitAsync(cancellation);
        return TypedResults.Ok(booking.Answer());
    }

    private static async Task<FoundTour?> LoadAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string warehouseId, Guid tourId,
        ConfirmRequest request,
        CancellationToken cancellation)
    {
        int[] taskNos = [.. request.Scans!.Select(s => s.TaskNo).Distinct()];
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(ReleaseTurns.OfTasks(warehouseId, tourId, taskNos));
        batch.BatchCommands.Add(new(TourSql) { Parameters = { Typed.Text(warehouseId), Typed.Uuid(tourId) } });
        batch.BatchCommands.Add(new(TasksSql)
        {
            Parameters = { Typed.Text(warehouseId), Typed.Uuid(tourId), Typed.Integers(taskNos) },
        });
        batch.BatchCommands.Add(new(StoredSql)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Uuid(tourId), Typed.Integers(taskNos),
                Typed.Integer(request.Fence!.Value),
            },
        });
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        await rows.NextResultAsync(cancellation);
        if (!await rows.ReadAsync(cancellation)) return null;
        var found = new FoundTour(
            rows.GetString(0), rows.GetInt32(1), rows.IsDBNull(2) ? null : rows.GetString(2), rows.GetInt32(3),
            rows.IsDBNull(4) ? null : rows.GetFieldValue<DateTimeOffset>(4), rows.GetInt32(5),
            rows.GetFieldValue<DateTimeOffset>(6), [], []);
        await rows.NextResultAsync(cancellation);
        while (await rows.ReadAsync(cancellation)) found.Tasks.Add(rows.GetInt32(0), ReadTask(rows));
        await rows.NextResultAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
            found.Stored.Add((rows.GetInt32(0), rows.GetString(1)), (rows.GetInt32(2), rows.GetInt32(3)));
        return found;
    }

    private static OpenTask ReadTask(NpgsqlDataReader row) => new(
        row.GetInt32(0), new ReleaseId(row.GetGuid(1), row.GetInt32(2)), row.GetInt32(3), row.GetString(4),
        row.GetString(5),
        new Shelf(row.GetInt16(6), row.GetInt16(7), row.GetString(8)), row.GetInt32(9), row.GetInt32(10),
        row.GetInt16(11));
}

/// <summary>The tour as it stands while its row is locked, with the tasks and scans that a call names; now by its
/// database.</summary>
internal sealed record FoundTour(
    string State, int Fence, string? PickerId, int OpenTasks, DateTimeOffset? LeasedUntil, int TaskNoMax,
    DateTimeOffset Now,
    Dictionary<int, OpenTask> Tasks, Dictionary<(int TaskNo, string ScanId), (int Picked, int Short)> Stored);
