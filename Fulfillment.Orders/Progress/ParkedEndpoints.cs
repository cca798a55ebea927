using Fulfillment.Orders.Dispatch;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// A parked release. <paramref name="State"/> and the open units are null when nobody here knows it;
/// <paramref name="Events"/> wait in its queue.
/// </summary>
internal sealed record ParkedRelease(
    string WarehouseId, string ClientId, Guid OrderId, int ReleaseNo, string Code, string Reason,
    DateTimeOffset ParkedAt, int Events, string? State, int? OpenUnits, DateTimeOffset? SkippedAt, string? Units);

internal sealed record ParkedList(IReadOnlyList<ParkedRelease> Releases);

/// <summary>What a retry came to; with nothing left the release is parked no more.</summary>
internal sealed record RetryAnswer(int Applied, int Left);

/// <summary>
/// GET /feed/parked, POST /feed/parked/retry and /feed/parked/skip, for the operator: releases whose events did not
/// fit.
/// </summary>
internal static class ParkedEndpoints
{
    internal const int ListMax = 200;

    private const string ListSql = """
        SELECT p.warehouse_id, p.client_id, p.order_id, p.release_no, p.code, p.reason, p.parked_at,
               (SELECT count(*)::integer FROM parked_events e WHERE e.warehouse_id = p.warehouse_id
                AND e.client_id = p.client_id AND e.order_id = p.order_id AND e.release_no = p.release_no),
               r.state, p.skipped_at, p.units,
               (SELECT sum(quantity - picked - short - cancelled)::integer FROM allocations a
                WHERE a.client_id = p.client_id AND a.order_id = p.order_id AND a.release_no = p.release_no)
        FROM parked_releases p LEFT JOIN releases r ON r.client_id = p.client_id AND r.order_id = p.order_id
            AND r.release_no = p.release_no AND r.warehouse_id = p.warehouse_id
        WHERE ($1::text IS NULL OR p.warehouse_id = $1) AND (p.skipped_at IS NOT NULL) = $2
        ORDER BY p.parked_at, p.client_id, p.order_id, p.release_no LIMIT $3
        """;

    internal static void MapParked(this IEndpointRouteBuilder app)
    {
        var parked = app.MapGroup("/feed/parked").RequireAuthorization("operator");
        parked.MapGet("", ListAsync);
        parked.MapPost("/retry", RetryAsync);
        parked.MapPost("/skip", SkipAsync);
    }

    internal static async Task<Ok<ParkedList>> ListAsync(
        string? warehouse, bool? skipped, NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(ListSql);
        command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = warehouse });
        command.Parameters.Add(new() { Value = skipped ?? false });
        command.Parameters.Add(new() { Value = ListMax });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var releases = new List<ParkedRelease>();
        while (await row.ReadAsync(cancellation))
        {
            releases.Add(new ParkedRelease(
                row.GetString(0), row.GetString(1), row.GetGuid(2), row.GetInt32(3), row.GetString(4), row.GetString(5),
                row.GetDateTime(6), row.GetInt32(7), row.IsDBNull(8) ? null : row.GetString(8),
                row.IsDBNull(11) ? null : row.GetInt32(11), row.IsDBNull(9) ? null : row.GetDateTime(9),
                row.IsDBNull(10) ? null : row.GetString(10)));
        }

        return TypedResults.Ok(new ParkedList(releases));
    }

    internal static async Task<Results<Ok<RetryAnswer>, JsonHttpResult<Problem>>> RetryAsync(
        string warehouse, string client, Guid order, int release, NpgsqlDataSource database, FreedStock freed,
        DispatchSignal dispatch, TimeProvider clock, CancellationToken cancellation)
    {
        var row = await FeedCursors.FindAsync(database, warehouse, cancellation);
        var retried = await RetryParked.RunAsync(
            database, warehouse, new(client, order, release), row?.Resuming is true, clock.GetUtcNow(),
            effects => After(effects, freed, dispatch), cancellation);
        if (retried is null) return NotParked();
        return retried.Fault is { } fault
            ? Problems.Result(
                StatusCodes.Status409Conflict, "still_unfit", "The release stays parked",
                $"{retried.Applied} events were applied, {retried.Left} are left. {fault.Code}: {fault.Reason}.")
            : TypedResults.Ok(new RetryAnswer(retried.Applied, 0));
    }

    internal static async Task<Results<Ok<Skipped>, JsonHttpResult<Problem>>> SkipAsync(
        string warehouse, string client, Guid order, int release, string? units, NpgsqlDataSource database,
        FreedStock freed, DispatchSignal dispatch, TimeProvider clock, CancellationToken cancellation)
    {
        if (!SkipUnits.IsOne(units))
        {
            return Problems.Result(
                StatusCodes.Status400BadRequest, "bad_units", "units must say what becomes of the open units",
                "free: cancelled, and can be sold again; again: they go to picking as a new release; picked: they have "
                    + "left the shelf; none: of a release that nobody here knows.");
        }

        try
        {
            var (skipped, effects) = await SkipParked.RunAsync(
                database, warehouse, new(client, order, release), units!, clock.GetUtcNow(), cancellation);
            if (skipped is null) return NotParked();
            After(effects, freed, dispatch);
            return TypedResults.Ok(skipped);
        }
        catch (Exception refused) when (EventsRefusedException.Explains(refused, out var reason))
        {
            return Problems.Result(
                StatusCodes.Status409Conflict, "cannot_be_skipped_so", "The release stays parked", $"{reason}.");
        }
    }

    private static void After(Effects effects, FreedStock freed, DispatchSignal dispatch)
    {
        if (effects.Moves.Count > 0) dispatch.Pulse();
        freed.Add(effects);
    }

    private static JsonHttpResult<Problem> NotParked() => Problems.Result(
        StatusCodes.Status404NotFound, "not_parked", "No such release is parked");
}
