namespace Fulfillment.Planning.Batching;

/// <summary>
/// The anytime search: constructive starts, then simulated annealing in rounds, each twice as long as the one before
/// (three times where moves are few) and starting from the best plan. Rounds have fixed lengths, so a smaller budget
/// walks a prefix of a larger one's way. Integers only on every decision.
/// </summary>
internal sealed class Search
{
    private readonly Pool _pool;
    private readonly Batches _batches;
    private readonly long _stopAtMm;
    private Draw _draw;
    private readonly List<List<int>> _best = [];
    private long _bestMm = long.MaxValue;
    private int _bestLate = int.MaxValue;
    private int _late;

    internal Search(Pool pool, ulong seed, long stopAtMm)
    {
        _pool = pool;
        _stopAtMm = stopAtMm;
        _batches = new Batches(pool, seed);
        _draw = new Draw(~seed);
        Deadlines = new Deadlines(pool);
    }

    internal Deadlines Deadlines { get; }

    internal string Algorithm { get; private set; } = "first-come-first-served/exact";

    /// <summary>What the search took: the budget that replays it.</summary>
    internal long UnitsSpent { get; private set; }

    /// <summary>What the search proved: no plan is shorter. 0 when it proved nothing.</summary>
    internal long BoundMm { get; private set; }

    private bool IsDone => _bestMm <= _stopAtMm && _bestLate == 0;

    /// <summary>The best batches found, with their tour lengths.</summary>
    internal (List<List<int>> Batches, List<long> DistancesMm) Best()
    {
        _batches.Start(_best);
        return (_best, [.. _batches.Costs.Take(_best.Count).Select(c => (long)c)]);
    }

    internal void Run(Budget budget, CancellationToken stop)
    {
        var neighbours = new Neighbours(_pool);
        Build(neighbours);
        if (!IsOver(budget, stop)) Improve(neighbours, budget, stop);
        UnitsSpent = _batches.UnitsSpent;
    }

    private void Build(Neighbours neighbours)
    {
        Offer(_pool.FirstComeFirstServed(), "first-come-first-served/exact");
        var (saved, units) = Savings.Build(_pool, neighbours);
        _batches.Charge(neighbours.Units + units);
        Offer(saved, "savings/exact");
        if (Deadlines.Matter) Offer(ByShipBy(), "ship-by/exact");
    }

    private void Improve(Neighbours neighbours, Budget budget, CancellationToken stop)
    {
        _batches.Remember();
        // Where moves are few a second is too short for what was seen to come together again.
        var seen = _pool.HasFewMoves ? null : new SeenBatches(_pool);
        var growth = _pool.HasFewMoves ? 3 : 2;
        var polish = new Polish(_pool, _batches, neighbours, seen);
        var round = 0;
        for (var length = RoundUnits(); !IsOver(budget, stop) && !IsShortest(polish); length *= growth)
        {
            _batches.Start(_best);
            // Every other round, for there may be no way to do with fewer; large pools do not overload carts.
            if (round++ % 2 == 0 && !_pool.IsLarge) CloseCart.TryApply(_batches);
            if (Deadlines.Matter) Stand();
            Algorithm = "annealing/exact";
            new Annealing(_batches, neighbours, Deadlines, Accept, seen)
                .Round(ref _draw, length, budget, () => IsOver(budget, stop));
            if (!IsOver(budget, stop)) PolishBest(polish, budget, stop);
        }

        BoundMm = polish.BoundMm;
    }

    private bool IsOver(Budget budget, CancellationToken stop) =>
        _batches.UnitsSpent >= budget.Units || IsDone || stop.IsCancellationRequested;

    /// <summary>A shorter plan that is late is none, so the proof must be one of the plan at hand.</summary>
    private bool IsShortest(Polish polish) => polish.IsProof && _bestLate == 0 && _bestMm == polish.BoundMm;

    private void PolishBest(Polish polish, Budget budget, CancellationToken stop)
    {
        _batches.Start(_best);
        if (polish.Whole(budget.Units - _batches.UnitsSpent) is { } whole) Offer(whole, "column-generation/exact");
        if (IsOver(budget, stop) || IsShortest(polish)) return;
        _batches.Start(_best);
        if (polish.SeenGroups(_batches.UnitsSpent / 4, budget.Units - _batches.UnitsSpent) && Keep())
            Algorithm = "set-partitioning/exact";

        while (!IsOver(budget, stop) && !IsShortest(polish))
        {
            _batches.Start(_best);
            if (!polish.Groups(_batches.UnitsSpent / 8, budget.Units - _batches.UnitsSpent) || !Keep()) return;
            Algorithm = "set-partitioning/exact";
        }
    }

    private long RoundUnits() => 750_000L * Math.Max(1, _pool.Orders / 50);

    private void Offer(List<List<int>> batches, string name)
    {
        _batches.Start(batches);
        if (Keep()) Algorithm = name;
    }

    /// <summary>
    /// Whether the batches as they stand may stay as regards ship-by; remembers them when they are the best. A step
    /// that is too dear for its distance may stay when fewer orders are late.
    /// </summary>
    private bool Accept(bool isTooDear)
    {
        if (!Deadlines.Matter)
        {
            if (_batches.TotalMm < _bestMm && _batches.Overload == 0) Keep();
            return true;
        }

        var late = LateNow();
        if (late > _late || (isTooDear && late == _late)) return false;
        _late = late;
        Deadlines.Remember();
        if (_batches.Overload == 0 && (late, _batches.TotalMm).CompareTo((_bestLate, _bestMm)) < 0) Keep();
        return true;
    }

    private bool Keep()
    {
        var late = Deadlines.Matter ? LateNow() : 0;
        if ((late, _batches.TotalMm).CompareTo((_bestLate, _bestMm)) >= 0) return false;
        (_bestLate, _bestMm) = (late, _batches.TotalMm);
        _best.Clear();
        for (var b = 0; b < _batches.Count; b++)
        {
            if (_batches.Sizes[b] > 0) _best.Add([.. _batches.MembersOf(b)]);
        }

        return true;
    }

    /// <summary>Takes the batches as they stand as where the search goes on from.</summary>
    private void Stand()
    {
        _late = LateNow();
        Deadlines.Remember();
    }

    private int LateNow()
    {
        var before = Deadlines.Units;
        var late = Deadlines.LateNow(_batches);
        _batches.Charge(Deadlines.Units - before);
        return late;
    }

    /// <summary>First come first served by ship-by.</summary>
    private List<List<int>> ByShipBy()
    {
        var batches = new List<List<int>>();
        var load = 0;
        var byDue = Enumerable.Range(0, _pool.Orders).OrderBy(o => _pool.Problem.Orders[o].ShipBy ?? long.MaxValue);
        foreach (var o in byDue)
        {
            var cart = _pool.Problem.Cart;
            if (batches.Count == 0 || load + _pool.Loads[o] > cart.LoadMax || batches[^1].Count == cart.OrdersMax)
            {
                batches.Add([]);
                load = 0;
            }

            batches[^1].Add(o);
            load += _pool.Loads[o];
        }

        return batches;
    }
}
