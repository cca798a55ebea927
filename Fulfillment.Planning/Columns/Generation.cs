using Fulfillment.Planning.Batching;

namespace Fulfillment.Planning.Columns;

/// <summary>
/// Column generation over the exact tours of at most 128 orders, and what it leads to: a lower bound, and plans from
/// the batches that matter. It goes on from where it stopped, so that its share of a budget can grow with the search.
/// </summary>
internal sealed class Generation
{
    /// <summary>A batch that gains no more is let pass, and the bound gives it away.</summary>
    internal const long LeastReduced = -Prices.Scale / 4;

    private const double LeastOfCart = 0.02;
    private const int KeptPerBranch = 8;
    private const int TriplesPerTurn = 24;
    private const int LeastLift = 16;
    private const int KnownShare = 16;
    private const long BranchUnits = 20_000;

    private readonly Pool _pool;
    private readonly ColumnPool _columns = new();
    private readonly Triples _triples = new();
    private readonly Master _master;
    private readonly BatchPricing _pricing;
    private readonly Selection _selection;
    private readonly Prices _now = new(), _centre = new(), _tried = new();
    private readonly Harvest _harvest = new();
    private readonly OrderSet[] _taken = new OrderSet[OrderSet.Most + 1 + Prices.TriplesMax];
    private readonly double[] _shares = new double[OrderSet.Most + 1 + Prices.TriplesMax];
    private readonly int _count;
    private readonly Carts _carts;
    private readonly bool _mayFork;
    private long _branchUnits = BranchUnits, _otherUnits, _valueMm, _triedUnits;
    private bool _hasCentre;

    /// <summary>Without a number of carts any number is allowed.</summary>
    internal Generation(Pool pool, int[] orders, Carts? carts = null)
    {
        (_pool, _count, _mayFork) = (pool, orders.Length, carts is null);
        var (load, cart) = (0L, pool.Problem.Cart);
        foreach (var o in orders) load += pool.Loads[o];
        var least = Math.Max((load + cart.LoadMax - 1) / cart.LoadMax, (_count + cart.OrdersMax - 1L) / cart.OrdersMax);
        _carts = carts ?? Carts.AtLeast((int)least);
        int[] alone = [.. orders.Select(o => pool.Alone[o])];
        for (var i = 0; i < _count; i++) _columns.TryAdd(OrderSet.Of(i), alone[i]);
        _pricing = new BatchPricing(pool, orders)
        {
            LoadMin = _carts.IsAtMost ? load - (_carts.Count - 1L) * cart.LoadMax : 0,
        };
        _master = new Master(_columns, _triples);
        _master.Start(_count, _carts, alone);
        _selection = new Selection(pool, _columns, _triples, _master, _pricing);
        _selection.Start(orders, _carts, load);
    }

    internal long Units => _otherUnits + _master.Units + _pricing.Units + _selection.Units;

    /// <summary>No plan with so many carts is shorter.</summary>
    internal long BoundMm { get; private set; }

    /// <summary>Whether no plan with so many carts is shorter than the best known.</summary>
    internal bool IsProof { get; private set; }

    /// <summary>So many carts, or one fewer and a part of one, the relaxation takes: it is time to look at plans with
    /// few carts apart from those with more.</summary>
    internal int? Fork { get; private set; }

    /// <summary>No plan has fewer carts.</summary>
    internal int CartsLeast => _carts.Count;

    /// <summary>The batches known, by the places of their orders.</summary>
    internal ColumnPool Columns => _columns;

    /// <summary>A batch that a plan may hold, by the places of its orders.</summary>
    internal void Know(OrderSet set, int cost) => _columns.TryAdd(set, cost);

    /// <summary>Goes on until the units are spent, the plan is proved or there is nothing more to do. Better batches
    /// than the plan's, or null. Seen batches are those of a whole pool.</summary>
    internal List<List<int>>? Advance(long upperMm, SeenBatches? seen, long shareUnits, long budgetUnits)
    {
        var allowance = new Allowance(Units + shareUnits, Units + budgetUnits);
        _selection.Beat(upperMm);
        Prove(BoundMm);
        // What was tried to its end is tried again with twice the units only.
        while (!IsProof && !allowance.IsSpent(Units) && shareUnits >= 2 * _triedUnits)
        {
            if (!_master.TrySolve(allowance.Budget(Units))) break;
            if (seen is not null)
            {
                if (!TakeSeen(seen)) seen = null;
                continue;
            }

            if (TryPrice(allowance)) continue;
            if (allowance.IsSpent(Units) || HasForked()) break;
            if (TryClose(allowance)) continue;
            if (Fork is not null) break;
            _triedUnits = shareUnits;
        }

        // One more for a proof, so that a budget of just what was spent gets to the same end.
        _otherUnits += IsProof ? 1 : 0;
        return _selection.Better;
    }

    private bool TakeSeen(SeenBatches seen)
    {
        _master.Round(_now);
        _harvest.Start(Harvest.Most, LeastReduced);
        _otherUnits += seen.Count;
        var threshold = LeastReduced;
        for (var c = 0; c < seen.Count; c++)
        {
            var words = seen.SetOf(c);
            var set = new OrderSet(words[0], words.Length > 1 ? words[1] : 0);
            var reduced = _now.Reduced(set, seen.CostOf(c), _triples);
            if (reduced < threshold) threshold = _harvest.Take(set, seen.CostOf(c), reduced);
        }

        return Gather() > 0;
    }

    private int Gather()
    {
        var added = 0;
        for (var i = 0; i < _harvest.Count; i++) added += _columns.TryAdd(_harvest[i].Set, _harvest[i].Cost) ? 1 : 0;
        return added;
    }

    /// <summary>True when there are new batches for the relaxation; otherwise it is at its optimum or the units are
    /// spent.</summary>
    private bool TryPrice(Allowance allowance)
    {
        for (var isSmooth = _hasCentre; ;)
        {
            _master.Round(_now);
            if (isSmooth) Blend();
            else _now.CopyTo(_tried);
            _pricing.Use(_tried, _triples);
            var (added, isExact, least) = (0, true, 0L);
            for (var rank = 0; rank < _count; rank++)
            {
                if (allowance.IsSpent(Units)) return false;
                _harvest.Start(KeptPerBranch, LeastReduced);
                var unitsMax = Math.Min(_branchUnits, allowance.Budget(Units));
                isExact &= _pricing.TryBranch(rank, LeastReduced, unitsMax, _harvest.Take);
                // What a branch without a batch of interest may still hold.
                least += _harvest.Count > 0 ? _harvest.Least : LeastReduced;
                added += Gather();
            }

            if (isExact) Bound(_tried.Sum(_count, _carts.Count, _triples.Count) + least);
            if (added > 0) return true;
            if (!isExact) _branchUnits *= 4;
            else if (isSmooth) isSmooth = false;
            else return false;
        }
    }

    private void Bound(long sum)
    {
        var mm = _selection.RoundedUp(sum);
        if (mm <= BoundMm && _hasCentre) return;
        _tried.CopyTo(_centre);
        _hasCentre = true;
        Prove(mm);
    }

    private void Prove(long boundMm)
    {
        BoundMm = Math.Max(BoundMm, boundMm);
        IsProof |= BoundMm >= _selection.UpperMm;
    }

    /// <summary>Prices half-way to those of the best bound, which swing less (Wentges 1997, doi
    /// 10.1016/S0969-6016(97)00001-4).</summary>
    private void Blend()
    {
        for (var i = 0; i < _count; i++) _tried.Orders[i] = (_centre.Orders[i] + _now.Orders[i]) / 2;
        for (var t = 0; t < _triples.Count; t++) _tried.Charges[t] = (_centre.Charges[t] + _now.Charges[t]) / 2;
        _tried.Cart = (_centre.Cart + _now.Cart) / 2;
    }

    /// <summary>Where the relaxation takes a part of a cart, plans with fewer carts are looked for apart from those
    /// with more.</summary>
    private bool HasForked()
    {
        var total = _master.Total();
        var carts = CartsTaken(total);
        if (_mayFork && carts > _carts.Count && total - (carts - 1) >= LeastOfCart) Fork = carts;
        return Fork is not null;
    }

    private static int CartsTaken(double total) => (int)(total + 1 - LeastOfCart);

    /// <summary>The relaxation is at its optimum: plans from its batches, then triples that lift it, and when they lift
    /// it no more every batch that a better plan may hold. False when there is nothing left to do.</summary>
    private bool TryClose(Allowance allowance)
    {
        _master.Round(_now);
        _selection.Known(_now, Math.Min(allowance.Budget(Units), Units / KnownShare));
        Prove(BoundMm);
        if (IsProof || allowance.IsOver(Units)) return true;
        var valueMm = (long)_master.ValueMm();
        var isLifted = valueMm - _valueMm >= (_selection.UpperMm - valueMm) / LeastLift;
        _valueMm = valueMm;
        return (isLifted && TryTriples()) || TryList(allowance);
    }

    private bool TryTriples()
    {
        var taken = _master.Taken(_taken, _shares);
        var found = _triples.TryAdd(_taken.AsSpan(0, taken), _shares.AsSpan(0, taken), _count, TriplesPerTurn);
        _otherUnits += _triples.Units;
        if (found) _master.TakeTriples();
        return found;
    }

    private bool TryList(Allowance allowance)
    {
        if (_selection.List(_now, divisor => allowance.Part(Units, divisor)) is not { } cut) return false;
        var isThrough = _selection.Listed(_now, cut, allowance.Part(Units, 6));
        if (!isThrough && _mayFork)
        {
            // What a cart more costs is most of what is still open.
            Fork = CartsTaken(_master.Total());
            return false;
        }

        isThrough = isThrough || _selection.ListedByPairs(allowance.Part(Units, 1));
        Prove(isThrough ? _selection.BoundMm(_now, cut) : BoundMm);
        return IsProof;
    }
}
