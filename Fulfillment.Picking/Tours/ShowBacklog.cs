using Fulfillment.Picking.Database;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Picking.Tours;

/// <summary>
/// What the floor has before it: tours that wait, tours under way, and how old the oldest waiting one is.
/// </summary>
internal sealed record Backlog(
    long ToursWaiting, long TasksWaiting, long ToursUnderWay, long TasksUnderWay, double OldestWaitingSeconds,
    DateTimeOffset? EarliestShipBy, long ReleasesOpen, long CountsOpen, long DeadLetters);

/// <summary>GET /backlog.</summary>
internal static class ShowBacklog
{
    // Only what is open is read (partial indexes); done tours may be many.
    private const string BacklogSql = """
        SELECT count(*) FILTER (WHERE state = 'Planned'), coalesce(sum(open_tasks) FILTER (WHERE state = 'Planned'), 0),
            count(*) FILTER (WHERE state <> 'Planned'), coalesce(sum(open_tasks) FILTER (WHERE state <> 'Planned'), 0),
            min(planned_at) FILTER (WHERE state = 'Planned'), min(ship_by) FILTER (WHERE state = 'Planned'),
            (SELECT count(DISTINCT (k.order_id, k.release_no)) FROM tasks k JOIN tours u USING (warehouse_id, tour_id)
                WHERE u.warehouse_id = $1 AND u.state IN ('Planned', 'Leased', 'InProgress') AND NOT k.done),
            (SELECT count(*) FROM count_tasks WHERE warehouse_id = $1 AND counted_at IS NULL),
            (SELECT count(*) FROM dead_letters WHERE warehouse_id = $1)
        FROM tours WHERE warehouse_id = $1 AND state IN ('Planned', 'Leased', 'InProgress')
        """;

    internal static void MapShowBacklog(this IEndpointRouteBuilder app) =>
        app.MapGet("/backlog", HandleAsync).RequireAuthorization("lead");

    internal static async Task<Ok<Backlog>> HandleAsync(
        NpgsqlDataSource database, PickingSettings settings, TimeProvider clock, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(BacklogSql);
        command.Parameters.Add(Typed.Text(settings.WarehouseId));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        var oldest = row.IsDBNull(4) ? 0 : (clock.GetUtcNow() - row.GetFieldValue<DateTimeOffset>(4)).TotalSeconds;
        return TypedResults.Ok(new Backlog(
            row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), oldest,
            row.IsDBNull(5) ? null : row.GetFieldValue<DateTimeOffset>(5), row.GetInt64(6), row.GetInt64(7),
            row.GetInt64(8)));
    }
}
