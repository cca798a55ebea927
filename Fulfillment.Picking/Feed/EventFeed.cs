using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Picking.Database;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Picking.Feed;

/// <summary>
/// GET /events?after=&amp;max=&amp;wait=&amp;warehouse=&amp;reader=: the event log in the order (xid, id), as a long
/// poll.
/// </summary>
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
        string? after, int? max, double? wait, string? warehouse, string? reader, NpgsqlDataSource database,
        PickingSettings settings, TimeProvider clock, IHostApplicationLifetime host, CancellationToken cancellation)
    {
        var cursor = FeedCursor.Start;
        if (after is not null && !FeedCursor.TryParse(after, out cursor))
            return Problems.Result(400, "bad_cursor", "after is not a cursor: {xid}-{id}@{order}.{release}.{version}.");
        if (max is < 1 or > EventsMax)
            return Problems.Result(400, "bad_max", $"max must be from 1 to {EventsMax}.");
        if (wait is < 0 or > WaitSecondsMax or double.NaN)
            return Problems.Result(400, "bad_wait", $"wait must be from 0 to {WaitSecondsMax} seconds.");
        if (reader is not null && !Names.IsName(reader))
            return Problems.Result(400, "bad_reader", "reader must be 1 to 64 characters of text.");
        if (warehouse is not null && warehouse != settings.WarehouseId)
            return Problems.Result(409, FeedCodes.WrongWarehouse, $"This is Picking of {settings.WarehouseId}.");

        var started = clock.GetTimestamp();
        var found = await FeedReaders.FindAsync(database, settings.WarehouseId, reader, cursor, cancellation);
        if (found != CursorFinding.Known) return Diverged(found, cursor);
        while (true)
        {
            // The connection goes back to the pool before the wait: the pool is small, and readers wait for long.
            var page = await ReadAsync(database, settings.WarehouseId, cursor, max ?? EventsMax, cancellation);
            var waited = clock.GetElapsedTime(started).TotalSeconds >= (wait ?? 0);
            if (page.Events.Count > 0 || waited || host.ApplicationStopping.IsCancellationRequested)
                return TypedResults.Json(page, ContractsJson.Default.FeedPage);
            await Task.Delay(settings.FeedPoll, clock, cancellation);
        }
    }

    internal static async Task<FeedPage> ReadAsync(
        NpgsqlDataSource database, string warehouseId, FeedCursor after, int max, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection);
        // Before the page, with an older snapshot: what is neither in the page nor counted here was not there yet.
        batch.BatchCommands.Add(HeldBackEvents.Count(warehouseId));
        batch.BatchCommands.Add(new(PageSql)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Xid(after.Xid), Typed.Bigint(after.Id), Typed.Integer(max),
            },
        });
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        var heldBack = await HeldBackEvents.ReadAsync(rows, cancellation);
        await rows.NextResultAsync(cancellation);
        var events = new List<FeedEvent>();
        while (await rows.ReadAsync(cancellation)) events.Add(Read(rows));
        return new FeedPage(events) { HeldBack = heldBack };
    }

    private static JsonHttpResult<Problem> Diverged(CursorFinding found, FeedCursor cursor) => Problems.Result(
        StatusCodes.Status409Conflict, FeedCodes.Diverged, "The log and its reader do not belong together any more",
        found == CursorFinding.WentBack
            ? $"The reader had more than {cursor}: its database was restored to an earlier time."
            : $"The event at {cursor} is not in this log, or above what it has come to: this database was restored "
                + "to an earlier time, moved, or lost its end.");

    private static FeedEvent Read(NpgsqlDataReader row)
    {
        var (body, fault) = ReadBody(row.IsDBNull(8) ? null : row.GetString(8));
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
            Fault = fault,
            TraceParent = row.IsDBNull(9) ? null : row.GetString(9),
        };
    }

    // One row that cannot be read must not hold up the page: its release is for a person to look at.
    private static (EventBody? Body, string? Fault) ReadBody(string? text)
    {
        if (text is null) return (null, null);
        try
        {
            return JsonSerializer.Deserialize(text, EventBodyJson.Default.EventBody) is { } body
                ? (body, null)
                : (null, "the body is null");
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            return (null, $"the body cannot be read: {malformed.Message}");
        }
    }
}
