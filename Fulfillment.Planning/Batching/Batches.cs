using Fulfillment.Planning.Routing;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// A partition of the pool into batches with the length of each tour. Lengths of batches seen before are remembered by
/// their Zobrist hash (1970), which answers most questions of a search over up to a few hundred orders.
/// </summary>
internal sealed class Batches
{
    internal const int UnitsOfAnAnswer = 4;

    private readonly Pool _pool;
    private readonly TourCost _tour;
    private readonly ulong[] _keys;
    private readonly ulong[] _mask;
    private readonly (ulong Hash, int Cost)[] _known;
    private readonly int[] _place;
    private int _empty;

    internal Batches(Pool pool, ulong seed)
    {
        _pool = pool;
        _tour = TourCost.For(pool.Floor);
        _mask = new ulong[pool.Floor.MaskWords];
        _place = new int[pool.Orders];
        Of = new int[pool.Orders];
        _keys = new ulong[pool.Orders];
        var draw = new Draw(seed);
        for (var o = 0; o < _keys.Length; o++) _keys[o] = draw.Next();
        // A size that depends on the pool alone: what is remembered must not depend on the budget.
        _known = new (ulong, int)[pool.Orders < 16 ? 1 << 12 : pool.Orders < 40 ? 1 << 16 : 1 << 18];
    }

    internal List<List<int>> Members { get; } = [];

    internal List<int> Loads { get; } = [];

    internal List<int> Costs { get; } = [];

    internal List<ulong> Hashes { get; } = [];

    /// <summary>The batch of every order.</summary>
    internal int[] Of { get; }

    internal long TotalMm { get; private set; }

    internal long UnitsSpent { get; private set; }

    internal Pool Pool => _pool;

    /// <summary>Starts from the given batches; an empty batch is always at hand, ready to take an order.</summary>
    internal void Start(List<List<int>> batches)
    {
        Members.Clear();
        Loads.Clear();
        Costs.Clear();
        Hashes.Clear();
        TotalMm = 0;
        _empty = 0;
        foreach (var batch in batches)
        {
            if (batch.Count > 0) Open(batch);
        }

        Open([]);
    }

    internal int LoadOf(int order) => _pool.Loads[order];

    internal bool Fits(int batch, int moreOrders, int moreLoad) =>
        Loads[batch] + moreLoad <= _pool.Problem.Cart.LoadMax
        && Members[batch].Count + moreOrders <= _pool.Problem.Cart.OrdersMax;

    /// <summary>The tour length of a batch with one order taken out and one put in; -1 stands for none.</summary>
    internal int CostWith(int batch, int without, int with)
    {
        var hash = Hashes[batch];
        if (without >= 0) hash ^= _keys[without];
        if (with >= 0) hash ^= _keys[with];
        UnitsSpent += UnitsOfAnAnswer;
        if (hash == 0) return 0;
        ref var known = ref _known[hash & (ulong)(_known.Length - 1)];
        if (known.Hash == hash) return known.Cost;

        UnitsSpent += _tour.Units;
        var mask = _mask.AsSpan();
        mask.Clear();
        foreach (var o in Members[batch])
        {
            if (o != without) Mask.Add(mask, _pool.MaskOf(o));
        }

        if (with >= 0) Mask.Add(mask, _pool.MaskOf(with));
        known = (hash, _tour.Of(mask));
        return known.Cost;
    }

    internal void Remove(int order, int newCost)
    {
        var batch = Of[order];
        var members = Members[batch];
        var last = members[^1];
        members[_place[order]] = last;
        _place[last] = _place[order];
        members.RemoveAt(members.Count - 1);
        Loads[batch] -= _pool.Loads[order];
        Hashes[batch] ^= _keys[order];
        if (members.Count == 0) _empty++;
        SetCost(batch, newCost);
    }

    internal void Insert(int order, int batch, int newCost)
    {
        if (Members[batch].Count == 0 && --_empty == 0) Open([]);
        Of[order] = batch;
        _place[order] = Members[batch].Count;
        Members[batch].Add(order);
        Loads[batch] += _pool.Loads[order];
        Hashes[batch] ^= _keys[order];
        SetCost(batch, newCost);
    }

    private void SetCost(int batch, int cost)
    {
        TotalMm += cost - Costs[batch];
        Costs[batch] = cost;
    }

    private void Open(List<int> orders)
    {
        var batch = Members.Count;
        Members.Add([.. orders]);
        Loads.Add(orders.Sum(o => _pool.Loads[o]));
        Costs.Add(0);
        Hashes.Add(0);
        if (orders.Count == 0) _empty++;
        for (var i = 0; i < orders.Count; i++)
        {
            Of[orders[i]] = batch;
            _place[orders[i]] = i;
            Hashes[batch] ^= _keys[orders[i]];
        }

        SetCost(batch, CostWith(batch, -1, -1));
    }
}
