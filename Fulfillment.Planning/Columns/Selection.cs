using Fulfillment.Planning.Batching;

namespace Fulfillment.Planning.Columns;

/// <summary>
/// Plans from batches and their prices: the batches known, or all below a reduced cost, which are few when the bound is
/// near (Baldacci, Christofides and Mingozzi 2008, doi 10.1007/s10107-007-0178-5), are put together in the best way.
/// </summary>
internal sealed class Selection(
    Pool pool, ColumnPool columns, Triples triples, Master master, BatchPricing pricing)
{
    private const int ListedMax = 12_000;
    private const int NarrowestCut = 64;

    private readonly ColumnPool _listed = new();
    private readonly SetTree _tree = new();
    private readonly PairTree _pairs = new(columns, triples, master);
    private int[] _orders = [];
    private Carts _carts;
    private long _load, _otherUnits;

    internal long Units => _otherUnits + _pairs.Units;

    internal long UpperMm { get; private set; }

    /// <summary>Better batches than the plan's, or null.</summary>
    internal List<List<int>>? Better { get; private set; }

    internal void Start(int[] orders, Carts carts, long load) => (_orders, _carts, _load) = (orders, carts, load);

    /// <summary>From now on only plans shorter than this are of interest.</summary>
    internal void Beat(long upperMm) => (UpperMm, Better) = (upperMm, null);

    /// <summary>No plan comes to less, though batches that gain a little were let pass.</summary>
    private long Sum(Prices prices) =>
        prices.Sum(_orders.Length, _carts.Count, triples.Count) + _orders.Length * Generation.LeastReduced;

    /// <summary>What the reduced costs of a better plan come to at most.</summary>
    private long Slack(Prices prices) => (UpperMm - pool.StepMm) * Prices.Scale - Sum(prices);

    /// <summary>Plans from the batches known. True when there can be no other that is better.</summary>
    internal bool Known(Prices prices, long unitsMax) => TryChoose(columns, prices, Slack(prices), unitsMax);

    /// <summary>Lists every batch below a reduced cost, as high as their number allows; null when there is none that
    /// can be listed.</summary>
    internal long? List(Prices prices, Func<int, long> unitsOf)
    {
        var slack = Slack(prices);
        for (var cut = slack; cut > slack / NarrowestCut; cut /= 2)
        {
            if (TryList(prices, cut, unitsOf(4))) return cut;
        }

        return null;
    }

    private bool TryList(Prices prices, long cut, long unitsMax)
    {
        _listed.Clear();
        pricing.Use(prices, triples);
        var start = pricing.Units;
        long Take(OrderSet set, int cost, long reduced)
        {
            _listed.TryAdd(set, cost);
            return _listed.Count < ListedMax ? cut + 1 : long.MinValue / 2;
        }

        for (var rank = 0; rank < _orders.Length; rank++)
        {
            var left = unitsMax - (pricing.Units - start);
            if (left <= 0 || !pricing.TryBranch(rank, cut + 1, left, Take)) return false;
            if (_listed.Count >= ListedMax) return false;
        }

        return true;
    }

    /// <summary>Whether no plan of listed batches only is better than the best now known.</summary>
    internal bool Listed(Prices prices, long cut, long unitsMax) =>
        TryChoose(_listed, prices, Math.Min(cut, Slack(prices)), unitsMax);

    /// <summary>The same by branching on pairs, which goes down first and proves later.</summary>
    internal bool ListedByPairs(long unitsMax)
    {
        if (_pairs.TryBeat(_listed, _orders.Length, _carts.Count, UpperMm, pool.StepMm, unitsMax))
            TakePlan(_pairs.Best);
        return _pairs.IsComplete;
    }

    /// <summary>No plan is shorter when all batches below the cut were looked at.</summary>
    internal long BoundMm(Prices prices, long cut) =>
        Math.Min(UpperMm, RoundedUp(Sum(prices) + cut + 1));

    internal long RoundedUp(long scaled)
    {
        var mm = (scaled + Prices.Scale - 1) / Prices.Scale;
        return (mm + pool.StepMm - 1) / pool.StepMm * pool.StepMm;
    }

    private bool TryChoose(ColumnPool from, Prices prices, long slack, long unitsMax)
    {
        _tree.Clear();
        var cart = pool.Problem.Cart.LoadMax;
        var spare = (long)_carts.Count * cart - _load;
        for (var j = 0; j < from.Count; j++)
        {
            var set = from.Sets[j];
            var reduced = prices.Reduced(set, from.Costs[j], triples);
            if (reduced > slack) continue;
            var load = 0;
            for (var rest = set; !rest.IsEmpty; rest = rest.WithoutFirst) load += pool.Loads[_orders[rest.First]];
            // So light that a plan with it has a cart more than the prices pay for.
            if (cart - load > spare && (_carts.IsAtMost || reduced + prices.Cart > slack)) continue;
            _tree.Add(set, from.Costs[j], load, Math.Max(0, reduced));
        }

        var looked = from.Count * (1L + triples.Count / 4);
        _otherUnits += looked;
        var step = pool.StepMm;
        var limits = new SetTree.Limits(slack, Sum(prices), UpperMm - step, step, _carts, prices.Cart, cart, _load);
        var isBetter = _tree.TryBeat(_orders.Length, limits, unitsMax - looked);
        _otherUnits += _tree.Units;
        if (isBetter) TakePlan(_tree.Best.ToArray());
        return _tree.IsComplete;
    }

    /// <summary>An order that is in several of the batches stays in the first.</summary>
    private void TakePlan(IEnumerable<OrderSet> sets)
    {
        Better = [];
        var left = OrderSet.All(_orders.Length);
        foreach (var set in sets)
        {
            var batch = new List<int>();
            for (var rest = set & left; !rest.IsEmpty; rest = rest.WithoutFirst) batch.Add(_orders[rest.First]);
            left -= set;
            if (batch.Count > 0) Better.Add(batch);
        }

        UpperMm = Better.Sum(b => (long)pool.CostOf(b));
    }
}
