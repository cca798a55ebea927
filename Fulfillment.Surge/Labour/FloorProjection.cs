namespace Fulfillment.Surge.Labour;

/// <summary>A tour that was planned and not picked when the measured time ended.</summary>
/// <param name="TourId">Its id.</param>
/// <param name="WorkSeconds">What one picker takes for it, seconds of the day.</param>
/// <param name="ShipBy">The earliest of its orders', seconds of the day.</param>
internal sealed record OpenTour(Guid TourId, double WorkSeconds, double ShipBy);

/// <summary>
/// Walks on paper what the measured time left on the floor: the tour due first goes to the picker who is free first.
/// Hours of a day need no hours of a run for this, and the hands have no other work.
/// </summary>
internal static class FloorProjection
{
    /// <summary>Finish of each tour, and of the last; seconds of the day.</summary>
    /// <param name="open">In any order.</param>
    /// <param name="from">Now.</param>
    /// <param name="comings">When each picker is there to take a tour.</param>
    internal static (Dictionary<Guid, double> DoneAt, double End) Walk(
        IEnumerable<OpenTour> open, double from, IEnumerable<double> comings)
    {
        var free = new PriorityQueue<int, double>();
        var hand = 0;
        foreach (var coming in comings) free.Enqueue(hand++, Math.Max(from, coming));
        if (hand == 0) throw new ArgumentException("Nobody is there to walk.", nameof(comings));
        var (done, end) = (new Dictionary<Guid, double>(), from);
        foreach (var tour in open.OrderBy(tour => tour.ShipBy).ThenBy(tour => tour.TourId))
        {
            free.TryDequeue(out var who, out var at);
            var finished = at + tour.WorkSeconds;
            done[tour.TourId] = finished;
            end = Math.Max(end, finished);
            free.Enqueue(who, finished);
        }

        return (done, end);
    }
}
