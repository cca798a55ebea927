using Fulfillment.Picking.Database;
using Fulfillment.Picking.Intake;
using Fulfillment.Picking.Warehouse;
using Fulfillment.Planning;
using Npgsql;

namespace Fulfillment.Picking.Replay;

/// <summary>A tour as the floor was given it.</summary>
internal sealed record StoredTour(int TourNo, long DistanceMm, IReadOnlyList<StoredTask> Tasks);

/// <summary>One of its tasks, by what the plan decides of it.</summary>
internal readonly record struct StoredTask(ReleaseId Release, Shelf Location, int Tote, int Quantity)
{
    public override string ToString() =>
        $"{Quantity} for {Release.OrderId}/{Release.ReleaseNo} (tote {Tote}) "
        + $"at aisle {Location.Aisle} bay {Location.Bay} {Location.Side}";
}

/// <summary>The tours of a plan as they are stored, compared with the plan made again.</summary>
internal static class StoredWalks
{
    private const string WalksSql = """
        SELECT t.tour_no, t.distance_mm, k.order_id, k.release_no, k.aisle, k.bay, k.side, k.tote, k.quantity
        FROM tours t JOIN tasks k USING (warehouse_id, tour_id)
        WHERE t.warehouse_id = $1 AND t.plan_id = $2 ORDER BY t.tour_no, k.task_no
        """;

    internal static async Task<IReadOnlyList<StoredTour>> ReadAsync(
        Guid planId, NpgsqlDataSource database, string warehouseId, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(WalksSql);
        command.Parameters.Add(Typed.Text(warehouseId));
        command.Parameters.Add(Typed.Uuid(planId));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var tours = new List<StoredTour>();
        var tasks = new List<StoredTask>();
        while (await row.ReadAsync(cancellation))
        {
            if (tours.Count == 0 || tours[^1].TourNo != row.GetInt32(0))
            {
                tasks = [];
                tours.Add(new StoredTour(row.GetInt32(0), row.GetInt64(1), tasks));
            }

            tasks.Add(new StoredTask(
                new ReleaseId(row.GetGuid(2), row.GetInt32(3)),
                new Shelf(row.GetInt16(4), row.GetInt16(5), row.GetString(6)), row.GetInt32(7), row.GetInt32(8)));
        }

        return tours;
    }

    /// <summary>
    /// Where plan and stored tours part, in words; null when each stop is the same. A tour may have more tasks than it
    /// was planned with: what was short is asked for again at its end. Pure.
    /// </summary>
    internal static string? FirstDifference(
        Plan plan, IReadOnlyList<ReleaseId> releases, IReadOnlyList<StoredTour> stored)
    {
        if (plan.Tours.Count != stored.Count) return $"{stored.Count} tours then, {plan.Tours.Count} now";
        for (var t = 0; t < stored.Count; t++)
        {
            if (plan.Tours[t].Distance.Value != stored[t].DistanceMm)
                return $"tour {t + 1}: {stored[t].DistanceMm} mm then, {plan.Tours[t].Distance.Value} mm now";
            var now = TasksOf(plan.Tours[t], releases);
            for (var k = 0; k < now.Count; k++)
            {
                if (k >= stored[t].Tasks.Count) return $"tour {t + 1}: task {k + 1} is only there now: {now[k]}";
                if (now[k] != stored[t].Tasks[k])
                    return $"tour {t + 1}, task {k + 1}: {stored[t].Tasks[k]} then, {now[k]} now";
            }
        }

        return null;
    }

    private static List<StoredTask> TasksOf(Tour tour, IReadOnlyList<ReleaseId> releases)
    {
        var totes = new Dictionary<long, int>();
        foreach (var order in tour.Orders) totes.TryAdd(order.Id, totes.Count + 1);
        return [.. tour.Stops.SelectMany(stop => stop.Picks.Select(pick => new StoredTask(
            releases[(int)pick.Order.Id], Shelf.Of(stop.Location), totes[pick.Order.Id], pick.Quantity)))];
    }
}
