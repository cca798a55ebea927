namespace Fulfillment.Planning.Batching;

/// <summary>The late orders of a set of batches, and the order in which to start them.</summary>
internal sealed class Deadlines
{
    private readonly Pool _pool;
    private readonly FloorPace _pace;

    internal Deadlines(Pool pool)
    {
        _pool = pool;
        _pace = pool.Problem.Pace;
        var slowest = pool.Problem.NowUnixSeconds;
        long? earliest = null;
        for (var o = 0; o < pool.Orders; o++)
        {
            slowest += Schedule.TourSeconds(_pace, pool.Alone[o], pool.Picks[o]);
            if (pool.Problem.Orders[o].ShipBy is { } due) earliest = Math.Min(earliest ?? due, due);
        }

        // One order a tour, one picker: nothing the search may build ends later than this.
        Matter = earliest is { } first && slowest > first;
    }

    /// <summary>False when no order can be late whatever the plan; the search then looks at distance alone.</summary>
    internal bool Matter { get; }

    /// <summary>Late orders when the batches are started in the given order.</summary>
    internal int LateIn(IReadOnlyList<IReadOnlyList<int>> batches, IReadOnlyList<long> distancesMm)
    {
        var late = 0;
        var ends = Ends(batches, distancesMm);
        for (var b = 0; b < batches.Count; b++)
        {
            foreach (var o in batches[b])
            {
                if (_pool.Problem.Orders[o].ShipBy < ends[b]) late++;
            }
        }

        return late;
    }

    /// <summary>
    /// Earliest ship-by first (Jackson's rule); batches that are late as a whole then go last, where they cost nobody
    /// else his ship-by. The given order is kept when the rule does not beat it.
    /// </summary>
    internal int[] Sequence(IReadOnlyList<IReadOnlyList<int>> batches, IReadOnlyList<long> distancesMm, out int late)
    {
        var given = Enumerable.Range(0, batches.Count).ToArray();
        late = LateIn(batches, distancesMm);
        if (late == 0) return given;
        var byDue = given.OrderBy(b => batches[b].Min(o => _pool.Problem.Orders[o].ShipBy ?? long.MaxValue)).ToArray();
        var lateByDue = LateIn(Pick(batches, byDue), Pick(distancesMm, byDue));
        var ends = Ends(Pick(batches, byDue), Pick(distancesMm, byDue));
        bool IsLost(int batch, long end) =>
            batches[batch].All(o => _pool.Problem.Orders[o].ShipBy is not { } due || due < end);
        var lostLast = byDue.Select((b, i) => (Batch: b, Lost: IsLost(b, ends[i])))
            .OrderBy(x => x.Lost).Select(x => x.Batch).ToArray();
        var lateLostLast = LateIn(Pick(batches, lostLast), Pick(distancesMm, lostLast));
        var best = given;
        if (lateByDue < late) (best, late) = (byDue, lateByDue);
        if (lateLostLast < late) (best, late) = (lostLast, lateLostLast);
        return best;
    }

    private static T[] Pick<T>(IReadOnlyList<T> items, int[] order) => [.. order.Select(i => items[i])];

    private long[] Ends(IReadOnlyList<IReadOnlyList<int>> batches, IReadOnlyList<long> distancesMm)
    {
        var seconds = new long[batches.Count];
        for (var b = 0; b < seconds.Length; b++)
            seconds[b] = Schedule.TourSeconds(_pace, distancesMm[b], batches[b].Sum(o => (long)_pool.Picks[o]));
        return Schedule.Ends(_pace, _pool.Problem.NowUnixSeconds, seconds);
    }
}
