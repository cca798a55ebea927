using Fulfillment.Planning.Batching;

namespace Fulfillment.Planning.Columns;

/// <summary>
/// Column generation over a whole pool, parted into plans with few carts and plans with more where the relaxation takes
/// a part of a cart: the one branch that lifts its bound most.
/// </summary>
internal sealed class WholePool
{
    private const int OtherHalfShare = 5;

    private readonly Pool _pool;
    private readonly int[] _orders;
    private readonly List<Generation> _parts = [];
    private long _boundMm;
    private long _unitsBefore;

    internal WholePool(Pool pool, int[] orders)
    {
        (_pool, _orders) = (pool, orders);
        _parts.Add(new Generation(pool, _orders));
    }

    internal long Units => _unitsBefore + _parts.Sum(p => p.Units);

    /// <summary>No plan is shorter.</summary>
    internal long BoundMm => Math.Max(_boundMm, _parts.Min(p => p.BoundMm));

    /// <summary>Whether the best plan known is proved to be the best there is.</summary>
    internal bool IsProof => _parts.TrueForAll(p => p.IsProof);

    internal void Know(OrderSet set, int cost)
    {
        foreach (var part in _parts) part.Know(set, cost);
    }

    /// <summary>See <see cref="Generation.Advance"/>.</summary>
    internal List<List<int>>? Advance(long upperMm, SeenBatches? seen, long shareUnits, long budgetUnits)
    {
        List<List<int>>? best = null;
        var allowance = new Allowance(Units + shareUnits, Units + budgetUnits);
        if (_parts is [{ Fork: null } whole])
        {
            best = whole.Advance(upperMm, seen, shareUnits, budgetUnits);
            if (whole.Fork is not { } carts) return best;
            Part(whole, carts);
        }

        // Good plans have few carts most often: the other half is only to be ruled out.
        for (var i = _parts.Count - 1; i >= 0 && !allowance.IsSpent(Units); i--)
        {
            if (best is not null) upperMm = best.Sum(b => (long)_pool.CostOf(b));
            var share = (allowance.ShareUntil - Units) / (i == 0 ? 1 : OtherHalfShare);
            if (_parts[i].Advance(upperMm, seen, share, allowance.Budget(Units)) is { } better) best = better;
        }

        return best;
    }

    private void Part(Generation whole, int carts)
    {
        _boundMm = whole.BoundMm;
        _unitsBefore += whole.Units;
        _parts.Clear();
        // A part of a cart: so many or fewer. Whole carts, as few as there can be: so many or more.
        var few = carts > whole.CartsLeast ? carts - 1 : carts;
        var fewer = few == whole.CartsLeast ? Carts.Exactly(few) : Carts.AtMost(few);
        foreach (var half in (ReadOnlySpan<Carts>)[fewer, Carts.AtLeast(few + 1)])
        {
            var part = new Generation(_pool, _orders, half);
            for (var j = 0; j < whole.Columns.Count; j++) part.Know(whole.Columns.Sets[j], whole.Columns.Costs[j]);
            _parts.Add(part);
        }
    }
}
