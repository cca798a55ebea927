using Fulfillment.Orders.Dispatch;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Orders.Progress;

/// <summary>How one warehouse's feed stands, whichever replica reads it.</summary>
internal sealed record FeedView(
    string WarehouseId, string Cursor, long Applied, DateTimeOffset MovedAt, DateTimeOffset? CaughtUpAt,
    string? StoppedBecause, DateTimeOffset? StoppedAt, bool Resuming, int HeldBack, DateTimeOffset? HeldBackSince,
    int Parked);

internal sealed record FeedList(IReadOnlyList<FeedView> Feeds);

/// <summary>
/// GET /feed, POST /feed/continue and /feed/resume, for the operator. What is asked is a row that the replica which
/// reads the feed finds within a second.
/// </summary>
internal static class FeedEndpoints
{
    private const int ParkMaxMax = 100_000;

    private const string ListSql = """
        SELECT feed, cursor, applied, moved_at, caught_up_at, stopped_because, stopped_at, resuming_to IS NOT NULL,
               held_back, held_back_since,
               (SELECT count(*)::integer FROM parked_releases p WHERE p.warehouse_id = feed AND p.skipped_at IS NULL)
        FROM feed_cursors ORDER BY feed
        """;

    private const string ContinueSql = """
        UPDATE feed_cursors SET stopped_because = NULL, stopped_at = NULL, park_max = COALESCE($2, park_max)
        WHERE feed = $1
        """;

    private const string ResumeSql = """
        UPDATE feed_cursors SET resume_asked_at = $3, park_max = COALESCE($2, park_max) WHERE feed = $1
        """;

    internal static void MapFeed(this IEndpointRouteBuilder app)
    {
        var feed = app.MapGroup("/feed").RequireAuthorization("operator");
        feed.MapGet("", ListAsync);
        feed.MapPost("/continue", (
            string warehouse, int? parkMax, NpgsqlDataSource database, TimeProvider clock,
            CancellationToken cancellation) => AskAsync(
                ContinueSql, warehouse, parkMax, database, clock, cancellation));
        feed.MapPost("/resume", (
            string warehouse, int? parkMax, NpgsqlDataSource database, TimeProvider clock,
            CancellationToken cancellation) => AskAsync(
                ResumeSql, warehouse, parkMax, database, clock, cancellation));
        app.MapParked();
    }

    internal static async Task<Ok<FeedList>> ListAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(ListSql);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var feeds = new List<FeedView>();
        while (await row.ReadAsync(cancellation))
        {
            feeds.Add(new FeedView(
                row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetDateTime(3), Time(4),
                row.IsDBNull(5) ? null : row.GetString(5), Time(6), row.GetBoolean(7), row.GetInt32(8), Time(9),
                row.GetInt32(10)));
        }

        return TypedResults.Ok(new FeedList(feeds));

        DateTimeOffset? Time(int column) => row.IsDBNull(column) ? null : row.GetDateTime(column);
    }

    private static async Task<Results<Accepted, JsonHttpResult<Problem>>> AskAsync(
        string sql, string warehouse, int? parkMax, NpgsqlDataSource database, TimeProvider clock,
        CancellationToken cancellation)
    {
        if (parkMax is < 1 or > ParkMaxMax)
        {
            return Problems.Result(
                StatusCodes.Status400BadRequest, "bad_park_max", $"parkMax must be from 1 to {ParkMaxMax}.");
        }

        await using var command = database.CreateCommand(sql);
        command.Parameters.Add(new() { Value = warehouse });
        command.Parameters.Add(
            new() { Value = (object?)parkMax ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Integer });
        if (sql == ResumeSql) command.Parameters.AddTime(clock.GetUtcNow());
        return await command.ExecuteNonQueryAsync(cancellation) == 1
            ? TypedResults.Accepted("/feed")
            : Problems.Result(StatusCodes.Status404NotFound, "no_such_feed", "There is no feed of this warehouse");
    }
}
