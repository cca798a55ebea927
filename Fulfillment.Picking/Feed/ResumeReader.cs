using Fulfillment.Contracts;
using Fulfillment.Picking.Database;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Picking.Feed;

/// <summary>
/// POST /events/resume: after a restore or a move, a reader begins where it and this log agree. It says first what it
/// has (<see cref="ReconcileReleases"/>), and asks last for the place before the first event that it needs.
/// </summary>
internal static class ResumeReader
{
    // A log that came by a dump into a younger cluster names transactions that this cluster has yet to come to: what is
    // written now would sort before them, and never be told. They all happened before anything that happens here, and
    // in the order of their numbers, which go on where they ended.
    private const string StrangersSql = """
        SELECT max(id) FROM events WHERE warehouse_id = $1 AND xid >= pg_snapshot_xmax(pg_current_snapshot())
        """;

    private const string RebaseSql =
        "UPDATE events SET xid = '3' WHERE warehouse_id = $1 AND xid <> '3' AND id <= $2";

    private const string LastToldSql = """
        SELECT xid, id, order_id, release_no, version FROM events
        WHERE warehouse_id = $1 AND xid < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid DESC, id DESC LIMIT 1
        """;

    private const string HeadSql = """
        SELECT xid, id, order_id, release_no, version FROM events
        WHERE warehouse_id = $1 ORDER BY xid DESC, id DESC LIMIT 1
        """;

    private const string BeforeSql = """
        SELECT xid, id, order_id, release_no, version FROM events
        WHERE warehouse_id = $1 AND (xid, id) < ($2, $3) ORDER BY xid DESC, id DESC LIMIT 1
        """;

    private const string PutReaderSql = """
        INSERT INTO feed_readers (warehouse_id, reader, xid, id, asked_at) VALUES ($1, $4, $2, $3, now())
        ON CONFLICT (warehouse_id, reader) DO UPDATE SET xid = EXCLUDED.xid, id = EXCLUDED.id, asked_at = now()
        """;

    internal static void MapResumeReader(this IEndpointRouteBuilder app) =>
        app.MapPost("/events/resume", HandleAsync).RequireAuthorization("service");

    internal static async Task<Results<JsonHttpResult<ResumeAnswer>, JsonHttpResult<Problem>>> HandleAsync(
        ResumeRequest request, NpgsqlDataSource database, PickingSettings settings, CancellationToken cancellation)
    {
        var replay = FeedCursor.Start;
        if (!Names.IsName(request.Reader) || !FeedCursor.TryParse(request.Cursor, out var cursor)
            || request.ReplayFrom is { } from && !FeedCursor.TryParse(from, out replay))
        {
            return Problems.Result(400, "bad_resume", "reader, cursor or replayFrom is none.");
        }

        var warehouse = settings.WarehouseId;
        await RebaseAsync(database, warehouse);
        // Under no name: it may be less than it had.
        var known = await FeedReaders.FindAsync(database, warehouse, null, cursor, cancellation) == CursorFinding.Known;
        var place = known ? cursor : await PlaceAsync(database, LastToldSql, warehouse, null, cancellation);
        if (request.ReplayFrom is not null && replay <= place)
            place = await PlaceAsync(database, BeforeSql, warehouse, replay, cancellation);

        await using var put = database.CreateCommand(PutReaderSql);
        AddPlace(put, warehouse, place);
        put.Parameters.Add(Typed.Text(request.Reader));
        await put.ExecuteNonQueryAsync(cancellation);
        var head = await PlaceAsync(database, HeadSql, warehouse, null, cancellation);
        return TypedResults.Json(
            new ResumeAnswer(known, place.ToString(), head.ToString()), ContractsJson.Default.ResumeAnswer);
    }

    // It reads the whole log after a move, and goes on when who asked waits no longer: he asks again.
    private static async Task RebaseAsync(NpgsqlDataSource database, string warehouse)
    {
        await using var strangers = database.CreateCommand(StrangersSql);
        strangers.Parameters.Add(Typed.Text(warehouse));
        if (await strangers.ExecuteScalarAsync() is not long last) return;
        await using var rebase = database.CreateCommand(RebaseSql);
        rebase.CommandTimeout = 0;
        rebase.Parameters.Add(Typed.Text(warehouse));
        rebase.Parameters.Add(Typed.Bigint(last));
        await rebase.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private static async Task<FeedCursor> PlaceAsync(
        NpgsqlDataSource database, string sql, string warehouse, FeedCursor? before, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(sql);
        if (before is { } place) AddPlace(command, warehouse, place);
        else command.Parameters.Add(Typed.Text(warehouse));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation)
            ? new FeedCursor(
                row.GetFieldValue<ulong>(0), row.GetInt64(1),
                new EventName(row.GetGuid(2), row.GetInt32(3), row.GetInt32(4)))
            : FeedCursor.Start;
    }

    private static void AddPlace(NpgsqlCommand to, string warehouse, FeedCursor place)
    {
        to.Parameters.Add(Typed.Text(warehouse));
        to.Parameters.Add(Typed.Xid(place.Xid));
        to.Parameters.Add(Typed.Bigint(place.Id));
    }
}
