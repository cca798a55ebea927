using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Picking.Database;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Picking.Feed;

/// <summary>GET /events?after=&amp;max=&amp;wait=: the event log in the order (xid, id), as a long poll.</summary>
internal static class EventFeed
{
    internal const int EventsMax = 1_000;
    internal const int WaitSecondsMax = 30;

    // Transactions commit in another order than they take their ids. Below the oldest one still running nothing can
    // appear any more, so a reader that stays below it overtakes no late commit.
    private const string PageSql = """
        SELECT xid, id, kind, client_id, order_id, release_no, version, at, body, traceparent FROM events
        WHERE (xid, id) > ($2, $3) AND xid < pg_snapshot_xmin(pg_current_snapshot()) AND warehouse_id = $1
        ORDER BY xid, id LIMIT $4
        """;

    internal static void MapEventFeed(this IEndpointRouteBuilder app) =>
        app.MapGet("/events", HandleAsync).RequireAuthorization("service");

    internal static async Task<Results<JsonHttpResult<FeedPage>, JsonHttpResult<Problem>>> HandleAsync(
        string? after, int? max, double? wait, NpgsqlDataSource database, PickingSettings settings, TimeProvider clock,
        IHostApplicationLifetime host, CancellationToken cancellation)
    {
        var cursor = FeedCursor.Start;
        if (after is not null && !FeedCursor.TryParse(after, out cursor))
            return Problems.Result(400, "bad_cursor", "after is not of the form {xid}-{id}.");
        if (max is < 1 or > EventsMax)
            return Problems.Result(400, "bad_max", $"max must be from 1 to {EventsMax}.");
        if (wait is < 0 or > WaitSecondsMax or double.NaN)
            return Problems.Result(400, "bad_wait", $"wait must be from 0 to {WaitSecondsMax} seconds.");

        var started = clock.GetTimestamp();
        while (true)
        {
            // The connection goes back to the pool before the wait: the pool is small, and readers wait for long.
            var events = await ReadAsync(database, settings.WarehouseId, cursor, max ?? EventsMax, cancellation);
            var waited = clock.GetElapsedTime(started).TotalSeconds >= (wait ?? 0);
            if (events.Count > 0 || waited || host.ApplicationStopping.IsCancellationRequested)
                return TypedResults.Json(new FeedPage(events), ContractsJson.Default.FeedPage);
            await Task.Delay(settings.FeedPoll, clock, cancellation);
        }
    }

    internal static async Task<IReadOnlyList<FeedEvent>> ReadAsync(
        NpgsqlDataSource database, string warehouseId, FeedCursor after, int max, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(PageSql);
        command.Parameters.Add(Typed.Text(warehouseId));
        command.Parameters.Add(Typed.Xid(after.Xid));
        command.Parameters.Add(Typed.Bigint(after.Id));
        command.Parameters.Add(Typed.Integer(max));
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var events = new List<FeedEvent>();
        while (await rows.ReadAsync(cancellation)) events.Add(Read(rows));
        return events;
    }

    private static FeedEvent Read(NpgsqlDataReader row)
    {
        var body = row.IsDBNull(8)
            ? null
            : JsonSerializer.Deserialize(row.GetString(8), EventBodyJson.Default.EventBody);
        return new FeedEvent
        {
            Xid = row.GetFieldValue<ulong>(0),
            Id = row.GetInt64(1),
            Kind = row.GetString(2),
            ClientId = row.GetString(3),
            OrderId = row.GetGuid(4),
            ReleaseNo = row.GetInt32(5),
            Version = row.GetInt32(6),
            At = row.GetFieldValue<DateTimeOffset>(7),
            Tours = body?.Tours,
            Lines = body?.Lines,
            SignalNo = body?.SignalNo,
            Reason = body?.Reason,
            TraceParent = row.IsDBNull(9) ? null : row.GetString(9),
        };
    }
}
