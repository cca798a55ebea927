namespace Fulfillment.Planning.Batching;

/// <summary>
/// The late orders of a set of batches, and the order in which to start them: one rule for the search and for the plan
/// it ends in. The search asks after every move it makes, so nothing is allocated on the way.
/// </summary>
internal sealed class Deadlines
{
    private const int FewTours = 8;

    private readonly Pool _pool;
    private readonly FloorPace _pace;
    private readonly long[] _due;
    private readonly PriorityQueue<int, (long FreeAt, int Picker)> _pickers = new();
    private readonly List<int> _late = [];
    private readonly int[] _orders;
    private readonly Comparison<int> _earliestFirst;
    private Tour[] _tours = new Tour[16];
    private int[] _given = new int[16], _byDue = new int[16], _lostLast = new int[16];
    private long[] _ends = new long[16];
    private long[] _endOfBatch = new long[16];
    private int[] _bestOrder = [];
    private int _bestLate;
    private int _count;

    internal Deadlines(Pool pool)
    {
        _pool = pool;
        _pace = pool.Problem.Pace;
        _due = [.. pool.Problem.Orders.Select(o => o.ShipBy ?? long.MaxValue)];
        _orders = new int[pool.Orders];
        _earliestFirst = (a, b) => _tours[a].FirstDue != _tours[b].FirstDue
            ? _tours[a].FirstDue.CompareTo(_tours[b].FirstDue) : a - b;
        var slowest = pool.Problem.NowUnixSeconds;
        for (var o = 0; o < pool.Orders; o++)
            slowest += Schedule.TourSeconds(_pace, pool.Alone[o], pool.Picks[o]);

        // One order a tour, one picker: nothing the search may build ends later than this.
        Matter = slowest > _due.Min();
    }

    private readonly record struct Tour(int Batch, int From, int To, long Seconds, long FirstDue);

    /// <summary>False when no order can be late whatever the plan; the search then looks at distance alone.</summary>
    internal bool Matter { get; }

    /// <summary>What looking at ship-bys has taken so far, in work units.</summary>
    internal long Units { get; private set; }

    /// <summary>The late orders that were remembered last.</summary>
    internal IReadOnlyList<int> Late => _late;

    internal long DueOf(int order) => _due[order];

    /// <summary>When the tour of a batch ended that was remembered last, while orders were late.</summary>
    internal long EndOf(int batch) => batch < _endOfBatch.Length ? _endOfBatch[batch] : long.MaxValue;

    /// <summary>Late orders when the batches are started in the given order.</summary>
    internal int LateIn(IReadOnlyList<IReadOnlyList<int>> batches, IReadOnlyList<long> distancesMm)
    {
        Load(batches, distancesMm);
        return LateIn(_given);
    }

    /// <summary>
    /// Earliest ship-by first (Jackson's rule); batches that are late as a whole then go last, where they cost nobody
    /// else his ship-by. The given order stands when neither rule comes up to it. Few tours are then put off one by
    /// one.
    /// </summary>
    internal int[] Sequence(IReadOnlyList<IReadOnlyList<int>> batches, IReadOnlyList<long> distancesMm, out int late)
    {
        Load(batches, distancesMm);
        return [.. Best(out late).AsSpan(0, _count)];
    }

    /// <summary>Late orders of the batches as they stand, by the same rule.</summary>
    internal int LateNow(Batches batches)
    {
        Clear(batches.Count);
        for (var b = 0; b < batches.Count; b++)
        {
            var members = batches.MembersOf(b);
            if (members.Length > 0) Add(b, members, batches.Costs[b]);
        }

        Units += _pool.Orders / 4 + 4 * _count;
        _bestOrder = Best(out _bestLate);
        return _bestLate;
    }

    /// <summary>Remembers late orders and ends as <see cref="LateNow"/> found them last: those of the batches that the
    /// search stands on, whatever it asks about next.</summary>
    internal void Remember()
    {
        _late.Clear();
        if (_bestLate == 0) return;
        if (_endOfBatch.Length < _tours.Length) _endOfBatch = new long[_tours.Length];
        Array.Fill(_endOfBatch, long.MaxValue);
        LateIn(_bestOrder);
        for (var i = 0; i < _count; i++)
        {
            var tour = _tours[_bestOrder[i]];
            _endOfBatch[tour.Batch] = _ends[i];
            foreach (var o in _orders.AsSpan(tour.From, tour.To - tour.From))
            {
                if (_due[o] < _ends[i]) _late.Add(o);
            }
        }
    }

    private void Load(IReadOnlyList<IReadOnlyList<int>> batches, IReadOnlyList<long> distancesMm)
    {
        Clear(batches.Count);
        for (var b = 0; b < batches.Count; b++) Add(b, [.. batches[b]], distancesMm[b]);
    }

    private void Clear(int most)
    {
        _count = 0;
        if (_tours.Length >= most) return;
        _tours = new Tour[2 * most];
        (_given, _byDue, _lostLast) = (new int[2 * most], new int[2 * most], new int[2 * most]);
        _ends = new long[2 * most];
    }

    private void Add(int batch, ReadOnlySpan<int> members, long distanceMm)
    {
        var from = _count == 0 ? 0 : _tours[_count - 1].To;
        members.CopyTo(_orders.AsSpan(from));
        var (picks, due) = (0L, long.MaxValue);
        foreach (var o in members)
        {
            picks += _pool.Picks[o];
            due = Math.Min(due, _due[o]);
        }

        _given[_count] = _count;
        var seconds = Schedule.TourSeconds(_pace, distanceMm, picks);
        _tours[_count++] = new(batch, from, from + members.Length, seconds, due);
    }

    private int[] Best(out int late)
    {
        Array.Copy(_given, _byDue, _count);
        _byDue.AsSpan(0, _count).Sort(_earliestFirst);
        late = LateIn(_byDue);
        if (late == 0) return _byDue;
        var at = 0;
        for (var pass = 0; pass < 2; pass++)
        {
            for (var i = 0; i < _count; i++)
            {
                if (IsLost(_tours[_byDue[i]], _ends[i]) == (pass == 1)) _lostLast[at++] = _byDue[i];
            }
        }

        var best = _byDue;
        if (LateIn(_lostLast) is var fewer && fewer < late) (best, late) = (_lostLast, fewer);
        if (LateIn(_given) is var asGiven && asGiven < late) (best, late) = (_given, asGiven);
        if (_count <= FewTours) late = PutOff(best, late);
        return best;
    }

    /// <summary>Of few tours each is put off to the end, as long as that leaves fewer orders late (after Moore 1968,
    /// doi 10.1287/mnsc.15.1.102).</summary>
    private int PutOff(int[] order, int late)
    {
        for (var i = 0; i < _count - 1 && late > 0; i++)
        {
            var tour = order[i];
            Array.Copy(order, i + 1, order, i, _count - 1 - i);
            order[_count - 1] = tour;
            if (LateIn(order) is var fewer && fewer < late)
            {
                (late, i) = (fewer, -1);
                continue;
            }

            Array.Copy(order, i, order, i + 1, _count - 1 - i);
            order[i] = tour;
        }

        return late;
    }

    /// <summary>Whether none of its orders is in time.</summary>
    private bool IsLost(Tour tour, long end)
    {
        foreach (var o in _orders.AsSpan(tour.From, tour.To - tour.From))
        {
            if (_due[o] >= end && _due[o] < long.MaxValue) return false;
        }

        return true;
    }

    /// <summary>Starts the tours in this order, each by the picker who is free first, and counts late orders.</summary>
    private int LateIn(int[] order)
    {
        Units += _pool.Orders / 4 + 6 * _count;
        _pickers.Clear();
        for (var p = 0; p < Math.Min(_pace.Pickers, _count); p++)
            _pickers.Enqueue(p, (_pool.Problem.NowUnixSeconds, p));
        var late = 0;
        for (var i = 0; i < _count; i++)
        {
            var tour = _tours[order[i]];
            _pickers.TryPeek(out var picker, out var at);
            _ends[i] = at.FreeAt + tour.Seconds;
            _pickers.DequeueEnqueue(picker, (_ends[i], picker));
            foreach (var o in _orders.AsSpan(tour.From, tour.To - tour.From)) late += _due[o] < _ends[i] ? 1 : 0;
        }

        return late;
    }
}
