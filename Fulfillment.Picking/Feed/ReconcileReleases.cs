using Fulfillment.Contracts;
using Fulfillment.Picking.Database;
using Fulfillment.Picking.Intake;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Picking.Feed;

/// <summary>
/// POST /events/reconcile: the reader says what it has applied of its releases. Where that is a part of what this log
/// tells, nothing is to be done but to tell the rest. Where the two know different histories, because one of the two
/// databases was restored to an earlier time, the release is given up on both sides (<see cref="CloseRestored"/>).
/// </summary>
internal static class ReconcileReleases
{
    // After the turns of the releases, which all who write of them take: nothing of this changes until the commit.
    private const string FindSql = """
        SELECT i.version, i.client_id, same.at, last.kind, next.xid, next.id
        FROM unnest($2, $3, $4) WITH ORDINALITY AS k (order_id, release_no, version, place)
        LEFT JOIN inbox i ON i.warehouse_id = $1 AND i.order_id = k.order_id AND i.release_no = k.release_no
        LEFT JOIN events same ON same.warehouse_id = $1 AND same.order_id = k.order_id
            AND same.release_no = k.release_no AND same.version = k.version
        LEFT JOIN events last ON last.warehouse_id = $1 AND last.order_id = k.order_id
            AND last.release_no = k.release_no AND last.version = i.version
        LEFT JOIN events next ON next.warehouse_id = $1 AND next.order_id = k.order_id
            AND next.release_no = k.release_no AND next.version = k.version + 1
        ORDER BY k.place
        """;

    internal static void MapReconcileReleases(this IEndpointRouteBuilder app) =>
        app.MapPost("/events/reconcile", HandleAsync).RequireAuthorization("service");

    internal static async Task<Results<JsonHttpResult<ReconcileAnswer>, JsonHttpResult<Problem>>> HandleAsync(
        ReconcileRequest request, NpgsqlDataSource database, PickingSettings settings, TimeProvider clock,
        CancellationToken cancellation)
    {
        if (request.Releases is not { Count: <= ReconcileRequest.ReleasesMax } releases || releases.Any(IsOdd))
            return Problems.Result(400, "bad_releases", $"0 to {ReconcileRequest.ReleasesMax} releases are expected.");

        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        ReleaseId[] keys = [.. releases.Select(KeyOf)];
        await ReleaseTurns.TakeAsync(connection, transaction, settings.WarehouseId, keys, cancellation);
        var found = await FindAsync(connection, settings.WarehouseId, releases, cancellation);
        var answers = new ReconciledRelease[releases.Count];
        var diverged = new List<(AppliedRelease Applied, int Version)>();
        var places = new List<int>();
        for (var place = 0; place < answers.Length; place++)
        {
            var (applied, here) = (releases[place], found[place]);
            if (here.AgreesWith(applied)) answers[place] = new(false, here.Version ?? 0, here.Next?.ToString(), 0);
            else if (here.IsClosed) answers[place] = new(true, here.Version!.Value - 1, null, 0);
            else if (applied.Lost && here.Version is null) answers[place] = new(true, 0, null, 0);
            else
            {
                diverged.Add((applied, Math.Max(applied.Version, here.Version ?? 0)));
                places.Add(place);
            }
        }

        if (diverged.Count > 0)
        {
            var surplus = await CloseRestored.CloseAsync(
                connection, transaction, settings.WarehouseId, diverged, clock.GetUtcNow(), cancellation);
            foreach (var (place, (applied, version)) in places.Zip(diverged))
                answers[place] = new(true, version, null, surplus.GetValueOrDefault(KeyOf(applied)));
        }

        await transaction.CommitAsync(cancellation);
        return TypedResults.Json(new ReconcileAnswer(answers), ContractsJson.Default.ReconcileAnswer);
    }

    internal static ReleaseId KeyOf(AppliedRelease release) => new(release.OrderId, release.ReleaseNo);

    private static bool IsOdd(AppliedRelease? release) =>
        release is null || !Names.IsName(release.ClientId) || release.Version < 0
        || (release.Lines ?? []).Any(line => line is not { Sku: not null, Picked: >= 0, Short: >= 0, Open: >= 0 });

    private static async Task<List<Found>> FindAsync(
        NpgsqlConnection connection, string warehouseId, IReadOnlyList<AppliedRelease> releases,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(FindSql, connection)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Uuids([.. releases.Select(release => release.OrderId)]),
                Typed.Integers([.. releases.Select(release => release.ReleaseNo)]),
                Typed.Integers([.. releases.Select(release => release.Version)]),
            },
        };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var found = new List<Found>();
        while (await row.ReadAsync(cancellation))
        {
            found.Add(new Found(
                row.IsDBNull(0) ? null : row.GetInt32(0), row.IsDBNull(1) ? null : row.GetString(1),
                row.IsDBNull(2) ? null : row.GetFieldValue<DateTimeOffset>(2),
                row.IsDBNull(3) ? null : row.GetString(3),
                row.IsDBNull(4) ? null : new FeedCursor(row.GetFieldValue<ulong>(4), row.GetInt64(5))));
        }

        return found;
    }

    /// <summary>
    /// One release as it stands here. <paramref name="SameAt"/>: when the event of the reader's version happened.
    /// </summary>
    private sealed record Found(
        int? Version, string? ClientId, DateTimeOffset? SameAt, string? LastKind, FeedCursor? Next)
    {
        /// <summary>A crash came between our answer and what the reader made of it: it is asked again.</summary>
        internal bool IsClosed => LastKind == EventKinds.Restored;

        internal bool AgreesWith(AppliedRelease applied) =>
            !applied.Lost && (ClientId is null || ClientId == applied.ClientId)
            && (applied.Version == 0
                || SameAt is { } at && (applied.At is not { } theirs || Microseconds(theirs) == Microseconds(at)));

        // As the databases keep it.
        private static long Microseconds(DateTimeOffset at) => at.UtcTicks / TimeSpan.TicksPerMicrosecond;
    }
}
