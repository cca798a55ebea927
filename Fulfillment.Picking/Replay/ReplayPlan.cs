using Fulfillment.Picking.Database;
using Fulfillment.Picking.Intake;
using Fulfillment.Picking.Tours;
using Fulfillment.Planning;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Picking.Replay;

/// <summary>
/// A plan made again. <see cref="Identical"/>: to the byte as it was then, and stop by stop as its tours are stored;
/// else <see cref="FirstDifference"/> says where they part. The seed is text, since it may be beyond 2^53.
/// </summary>
internal sealed record PlanReplay(
    Guid PlanId, string Planner, string Algorithm, string Seed, long UnitsUsed, int Rung, long DistanceMm,
    long ReplayedMm, int Tours, int Tasks, bool Identical, string? FirstDifference);

/// <summary>GET /plans/{planId}/replay. Takes as long as the plan took, so a replica replays one at a time.</summary>
internal static class ReplayPlan
{
    private const string PlanSql = """
        SELECT planner, seed, units_used, rung, distance_mm, problem, order_ids, release_nos, plan_sha256
        FROM plans WHERE warehouse_id = $1 AND plan_id = $2
        """;

    private static readonly SemaphoreSlim OneAtATime = new(1, 1);

    internal static void MapReplayPlan(this IEndpointRouteBuilder app) =>
        app.MapGet("/plans/{planId:guid}/replay", HandleAsync).RequireAuthorization("operator");

    internal static async Task<Results<Ok<PlanReplay>, JsonHttpResult<Problem>>> HandleAsync(
        Guid planId, NpgsqlDataSource database, PickingSettings settings, CancellationToken cancellation)
    {
        if (!await OneAtATime.WaitAsync(TimeSpan.Zero, cancellation))
            return Problems.Result(503, "replay_busy", "Another plan is being replayed here; try again.");
        try
        {
            var (stored, isReplayable) = await ReadAsync(planId, database, settings.WarehouseId, cancellation);
            if (stored is null) return Problems.Result(404, "plan_not_found", "There is no such plan.");
            if (!isReplayable)
                return Problems.Result(409, "plan_not_replayable", "The plan was stored without what replays it.");
            var walks = await StoredWalks.ReadAsync(planId, database, settings.WarehouseId, cancellation);
            return TypedResults.Ok(Replay(planId, stored, walks, cancellation));
        }
        finally
        {
            OneAtATime.Release();
        }
    }

    /// <summary>Plans the stored problem with the stored seed and the units that were really spent.</summary>
    private static PlanReplay Replay(
        Guid planId, StoredPlan stored, IReadOnlyList<StoredTour> walks, CancellationToken cancellation)
    {
        var problem = ProblemRecord.Read(stored.Problem);
        // A search counts its construction too, so it has spent something; a budget of nothing is refused.
        var outcome = stored.Planner == Planners.Optimized
            ? OptimizedPlanner.Plan(
                problem, new Budget(Math.Max(1, stored.UnitsUsed)), stored.Seed, stop: cancellation)
            : BaselinePlanner.Plan(problem);
        cancellation.ThrowIfCancellationRequested(); // a search that was cut off proves nothing
        if (outcome is not PlanningOutcome.Planned { Plan: var plan })
            throw new InvalidOperationException($"What was planned is refused now: {outcome}");
        var difference = StoredWalks.FirstDifference(plan, stored.Releases, walks);
        if (difference is null && !PlanDigest.Of(plan).AsSpan().SequenceEqual(stored.Digest))
            difference = "the same stops, but another digest: turns, lines or figures differ";
        return new PlanReplay(
            planId, stored.Planner, plan.Algorithm, $"{stored.Seed}", stored.UnitsUsed, stored.Rung, stored.DistanceMm,
            plan.Distance.Value, plan.Tours.Count, plan.Tours.Sum(t => t.Stops.Sum(s => s.Picks.Count)),
            difference is null, difference);
    }

    private static async Task<(StoredPlan? Plan, bool IsReplayable)> ReadAsync(
        Guid planId, NpgsqlDataSource database, string warehouseId, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(PlanSql);
        command.Parameters.Add(Typed.Text(warehouseId));
        command.Parameters.Add(Typed.Uuid(planId));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation)) return (null, false);
        var isReplayable = !row.IsDBNull(5) && !row.IsDBNull(6) && !row.IsDBNull(7) && !row.IsDBNull(8);
        var releases = isReplayable
            ? row.GetFieldValue<Guid[]>(6).Zip(row.GetFieldValue<int[]>(7), (id, no) => new ReleaseId(id, no))
            : [];
        return (new StoredPlan(
            row.GetString(0), unchecked((ulong)row.GetInt64(1)), row.GetInt64(2), row.GetInt16(3), row.GetInt64(4),
            isReplayable ? row.GetFieldValue<byte[]>(5) : [], [.. releases],
            isReplayable ? row.GetFieldValue<byte[]>(8) : []), isReplayable);
    }

    private sealed record StoredPlan(
        string Planner, ulong Seed, long UnitsUsed, int Rung, long DistanceMm, byte[] Problem,
        IReadOnlyList<ReleaseId> Releases, byte[] Digest);
}
