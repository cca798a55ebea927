namespace Fulfillment.Planning.Columns;

/// <summary>
/// Branch and bound over listed batches: at each node the relaxation with those batches that gain, then a pair of
/// orders that it puts together in part is put together or kept apart (Ryan and Foster 1981; Barnhart et al. 1998, doi
/// 10.1287/opre.46.3.316). Depth first, together first: the first way down is a dive.
/// </summary>
internal sealed class PairTree(ColumnPool columns, Triples triples, Master master)
{
    private const double Whole = 0.99;
    private const double Wanted = 0.7;

    private readonly PairRules _rules = new();
    private readonly Prices _prices = new();
    private readonly Harvest _harvest = new();
    private readonly OrderSet[] _taken = new OrderSet[OrderSet.Most + 1 + Prices.TriplesMax];
    private readonly double[] _shares = new double[OrderSet.Most + 1 + Prices.TriplesMax];
    private readonly double[] _pair = new double[OrderSet.Most * OrderSet.Most];
    private readonly List<OrderSet> _best = [];
    private ColumnPool? _listed;
    private bool _isCutOff, _isCutShort, _isSure;
    private int _orders, _carts, _count;
    private long _upper, _step, _until, _otherUnits;

    internal long Units => _otherUnits;

    /// <summary>Whether every choice of the listed batches was looked at or ruled out.</summary>
    internal bool IsComplete => !_isCutOff && _isSure && !_isCutShort;

    /// <summary>The best choice found; an order may be in several of its batches.</summary>
    internal IReadOnlyList<OrderSet> Best => _best;

    /// <summary>True when a choice of the listed batches shorter than <paramref name="upperMm"/> was found.</summary>
    internal bool TryBeat(ColumnPool listed, int orders, int carts, long upperMm, long stepMm, long unitsMax)
    {
        (_listed, _orders, _carts, _upper, _step) = (listed, orders, carts, upperMm, stepMm);
        (_until, _isCutOff, _isSure) = (Spent + unitsMax, false, true);
        _best.Clear();
        // A dive, then dives that swerve once (limited discrepancy search: Harvey and Ginsberg 1995), then all.
        foreach (var swerves in (ReadOnlySpan<int>)[0, 1, -1])
        {
            _rules.Clear();
            _isCutShort = false;
            master.Ban(null);
            Visit(swerves);
            if (_isCutOff || !_isCutShort) break;
        }

        master.Ban(null);
        return _best.Count > 0;
    }

    private long Spent => _otherUnits + master.Units;

    private void Visit(int swerves)
    {
        if (!TrySolve() || _rules.Count == PairRules.Most)
        {
            _isCutOff = true;
            return;
        }

        // No batch is cheaper than its prices by more than was let pass, and no plan has more batches than orders.
        var bound = _prices.Sum(_orders, _carts, triples.Count) + _orders * Generation.LeastReduced;
        if (bound > (_upper - _step) * Prices.Scale) return;
        var (one, other) = Choose();
        if (one < 0)
        {
            TakePlan();
            return;
        }

        // The other way first, as long as it may: what was decided early is most often wrong.
        if (swerves > 0) Branch(one, other, false, swerves - 1);
        Branch(one, other, true, swerves);
        if (swerves == 0) _isCutShort = true;
        if (swerves < 0) Branch(one, other, false, swerves);
    }

    private void Branch(int one, int other, bool areTogether, int swerves)
    {
        if (_isCutOff) return;
        _rules.Push(one, other, areTogether);
        master.Ban(_rules);
        Visit(swerves);
        _rules.Pop();
    }

    private bool TrySolve()
    {
        while (true)
        {
            if (Spent >= _until || !master.TrySolve(_until - Spent)) return false;
            master.Round(_prices);
            _harvest.Start(Harvest.Most, Generation.LeastReduced);
            var threshold = Generation.LeastReduced;
            for (var j = 0; j < _listed!.Count; j++)
            {
                var (set, cost) = (_listed!.Sets[j], _listed.Costs[j]);
                var reduced = _prices.Reduced(set, cost);
                if (reduced >= threshold || !_rules.Allow(set)) continue;
                reduced = _prices.Reduced(set, cost, triples);
                if (reduced < threshold && !columns.Holds(set)) threshold = _harvest.Take(set, cost, reduced);
            }

            _otherUnits += _listed!.Count;
            if (_harvest.Count == 0) return true;
            for (var i = 0; i < _harvest.Count; i++)
            {
                if (!columns.TryAdd(_harvest[i].Set, _harvest[i].Cost)) return false;
            }
        }
    }

    /// <summary>The pair to branch on; (-1, -1) when every pair is together or apart as a whole.</summary>
    private (int One, int Other) Choose()
    {
        _count = master.Taken(_taken, _shares);
        Array.Clear(_pair);
        for (var b = 0; b < _count; b++)
        {
            for (var one = _taken[b]; !one.IsEmpty; one = one.WithoutFirst)
            {
                for (var other = one.WithoutFirst; !other.IsEmpty; other = other.WithoutFirst)
                    _pair[one.First * OrderSet.Most + other.First] += _shares[b];
            }
        }

        _otherUnits += 30 * _count + _orders * _orders / 2;
        var (best, bestFar) = ((-1, -1), double.MaxValue);
        for (var i = 0; i < _orders; i++)
        {
            for (var j = i + 1; j < _orders; j++)
            {
                var share = _pair[i * OrderSet.Most + j];
                if (share is < 1 - Whole or > Whole) continue;
                var far = share > Wanted ? share - Wanted : Wanted - share;
                if (far < bestFar) (best, bestFar) = ((i, j), far);
            }
        }

        return best;
    }

    private void TakePlan()
    {
        var (left, sum) = (OrderSet.All(_orders), 0L);
        for (var b = 0; b < _count; b++)
        {
            if (_shares[b] < Whole || !_taken[b].Meets(left)) continue;
            sum += columns.CostOf(_taken[b]);
            left -= _taken[b];
        }

        // Only rounding makes of whole shares no plan, or none as short as the relaxation.
        _isSure &= left.IsEmpty && sum < _upper;
        if (!left.IsEmpty || sum >= _upper) return;
        _best.Clear();
        for (var b = 0; b < _count; b++)
        {
            if (_shares[b] >= Whole) _best.Add(_taken[b]);
        }

        _upper = sum;
    }
}
