using Fulfillment.Picking.Intake;
using Fulfillment.Planning;

namespace Fulfillment.Picking.Tours;

/// <summary>A tour as its row.</summary>
internal readonly record struct TourRow(Guid TourId, int TourNo, DateTimeOffset ShipBy, long DistanceMm, int Tasks);

/// <summary>A task as its row.</summary>
internal readonly record struct TaskRow(
    Guid TourId, int TaskNo, ReleaseId Release, int LineNo, string ClientId, string Sku, short Aisle, short Bay,
    string Side,
    int Tote, int Quantity, short Rank);

/// <summary>The rows of a plan. Pure but for the tours' ids.</summary>
internal sealed record TourRows(
    IReadOnlyList<TourRow> Tours, IReadOnlyList<TaskRow> Tasks, IReadOnlyList<List<Guid>> ToursOf,
    IReadOnlyList<int> TasksOf)
{
    internal static TourRows Of(PlannedPart pool, DateTimeOffset plannedAt)
    {
        var tours = new List<TourRow>();
        var tasks = new List<TaskRow>();
        var toursOf = pool.Releases.Select(_ => new List<Guid>(1)).ToList();
        var tasksOf = new int[pool.Releases.Count];
        foreach (var tour in pool.Chosen.Plan.Tours)
        {
            var tourId = Guid.CreateVersion7(plannedAt);
            var totes = new Dictionary<long, int>();
            foreach (var order in tour.Orders) totes.TryAdd(order.Id, totes.Count + 1);
            foreach (var release in totes.Keys) toursOf[(int)release].Add(tourId);
            var before = tasks.Count;
            foreach (var pick in tour.Stops.SelectMany(s => s.Picks))
            {
                var at = (int)pick.Order.Id;
                tasksOf[at]++;
                tasks.Add(Task(pool.Releases[at], pick, tourId, tasks.Count - before + 1, totes[pick.Order.Id]));
            }

            var shipBy = totes.Keys.Min(r => pool.Releases[(int)r].Release.Message.ShipBy);
            tours.Add(new TourRow(
                tourId, tours.Count + 1, shipBy.ToUniversalTime(), tour.Distance.Value, tasks.Count - before));
        }

        return new TourRows(tours, tasks, toursOf, tasksOf);
    }

    private static TaskRow Task(SlottedRelease slotted, StopPick pick, Guid tourId, int taskNo, int tote)
    {
        var (message, slot) = (slotted.Release.Message, slotted.Slots[pick.Line]);
        var line = message.Lines[pick.Line];
        return new TaskRow(
            tourId, taskNo, slotted.Release.Key, line.LineNo, message.ClientId, line.Sku, slot.Aisle, slot.Bay,
            slot.Side,
            tote, pick.Quantity, slot.Rank);
    }
}
