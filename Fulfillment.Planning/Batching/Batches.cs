using Fulfillment.Planning.Routing;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// A partition of the pool into batches with the length of each tour. Lengths of batches seen before are remembered by
/// their Zobrist hash (1970), which answers most questions of a search over up to a few hundred orders.
/// </summary>
internal sealed class Batches
{
    internal const int UnitsOfAnAnswer = 3;
    internal const int UnitsOfATry = 2;

    private readonly Pool _pool;
    private readonly TourCost _tour;
    private readonly ulong[] _keys;
    private readonly ulong[] _mask;
    private readonly int[] _place;
    private (ulong Hash, int Cost)[] _known = new (ulong, int)[1];
    private ulong[] _hashes = new ulong[16];
    private int[][] _members = new int[16][];
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
    }

    /// <summary>
    /// From now on lengths are remembered. Not from the start: a plan that is built and not searched would pay for
    /// megabytes, and for the collection of all garbage that they bring about, and look nothing up.
    /// </summary>
    internal void Remember()
    {
        // A size that depends on the pool alone: what is remembered must not depend on the budget.
        var orders = _pool.Orders;
        _known = new (ulong, int)[orders < 16 ? 1 << 12 : orders < 40 ? 1 << 16 : 1 << 18];
    }

    /// <summary>Batches in use and empty ones; the arrays below are filled up to here.</summary>
    internal int Count { get; private set; }

    internal int[] Loads { get; private set; } = new int[16];

    internal int[] Costs { get; private set; } = new int[16];

    /// <summary>Orders in each batch.</summary>
    internal int[] Sizes { get; private set; } = new int[16];

    /// <summary>The batch of every order.</summary>
    internal int[] Of { get; }

    internal long TotalMm { get; private set; }

    internal long UnitsSpent { get; private set; }

    internal Pool Pool => _pool;

    /// <summary>Starts from the given batches; an empty batch is always at hand, ready to take an order.</summary>
    internal void Start(List<List<int>> batches)
    {
        // Free of charge, as below: a budget of what was spent must end at the step that spent it.
        var spent = UnitsSpent;
        Count = 0;
        TotalMm = 0;
        _empty = 0;
        Overload = 0;
        OverloadMax = 0;
        foreach (var batch in batches)
        {
            if (batch.Count > 0) Open(batch);
        }

        Open([]);
        UnitsSpent = spent;
    }

    internal ReadOnlySpan<int> MembersOf(int batch) => _members[batch].AsSpan(0, Sizes[batch]);

    internal void Charge(long units) => UnitsSpent += units;

    internal int LoadOf(int order) => _pool.Loads[order];

    /// <summary>Load beyond the carts' that a round may run up on the way, and what a unit of it is charged.</summary>
    internal int OverloadMax { get; set; }

    internal long OverloadPriceMm { get; set; }

    /// <summary>Load beyond what the carts hold, in all batches together; a plan has none.</summary>
    internal long Overload { get; private set; }

    /// <summary>The change in what overload is charged when a batch gets so much heavier.</summary>
    internal long OverloadCharge(int batch, int moreLoad)
    {
        if (OverloadMax == 0) return 0;
        var room = (long)Loads[batch] - _pool.Problem.Cart.LoadMax;
        return OverloadPriceMm * (Math.Max(0, room + moreLoad) - Math.Max(0, room));
    }

    internal bool Fits(int batch, int moreOrders, int moreLoad) =>
        (moreLoad <= 0 || (long)Loads[batch] + moreLoad <= (long)_pool.Problem.Cart.LoadMax + OverloadMax)
        && Sizes[batch] + moreOrders <= _pool.Problem.Cart.OrdersMax;

    /// <summary>The tour length of a batch with one order taken out and one put in; -1 stands for none.</summary>
    internal int CostWith(int batch, int without, int with)
    {
        var hash = _hashes[batch];
        if (without >= 0) hash ^= _keys[without];
        if (with >= 0) hash ^= _keys[with];
        UnitsSpent += UnitsOfAnAnswer;
        if (hash == 0) return 0;
        ref var known = ref _known[hash & (ulong)(_known.Length - 1)];
        if (known.Hash == hash) return known.Cost;

        UnitsSpent += _tour.Units;
        var mask = _mask.AsSpan();
        mask.Clear();
        foreach (var o in MembersOf(batch))
        {
            if (o != without) Mask.Add(mask, _pool.MaskOf(o));
        }

        if (with >= 0) Mask.Add(mask, _pool.MaskOf(with));
        known = (hash, _tour.Of(mask));
        return known.Cost;
    }

    internal ulong HashOf(int batch) => _hashes[batch];

    /// <summary>Puts the orders of the given batches into new ones.</summary>
    internal void Replace(ReadOnlySpan<int> old, List<List<int>> replacements)
    {
        var spent = UnitsSpent;
        foreach (var b in old)
        {
            while (Sizes[b] > 0) Remove(_members[b][0], Costs[b]);
            SetCost(b, 0);
        }

        var next = 0;
        foreach (var batch in replacements)
        {
            var into = next < old.Length ? old[next++] : FirstEmpty();
            foreach (var o in batch) Insert(o, into, Costs[into]);
            SetCost(into, CostWith(into, -1, -1));
        }

        UnitsSpent = spent;
    }

    private int FirstEmpty()
    {
        var b = 0;
        while (Sizes[b] > 0) b++;
        return b;
    }

    internal void Remove(int order, int newCost)
    {
        var batch = Of[order];
        var members = _members[batch];
        var last = members[--Sizes[batch]];
        members[_place[order]] = last;
        _place[last] = _place[order];
        AddLoad(batch, -_pool.Loads[order]);
        _hashes[batch] ^= _keys[order];
        if (Sizes[batch] == 0) _empty++;
        SetCost(batch, newCost);
    }

    internal void Insert(int order, int batch, int newCost)
    {
        if (Sizes[batch] == 0 && --_empty == 0) Open([]);
        Put(order, batch);
        SetCost(batch, newCost);
    }

    private void Put(int order, int batch)
    {
        if (Sizes[batch] == _members[batch].Length) Array.Resize(ref _members[batch], 2 * Sizes[batch]);
        Of[order] = batch;
        _place[order] = Sizes[batch];
        _members[batch][Sizes[batch]++] = order;
        AddLoad(batch, _pool.Loads[order]);
        _hashes[batch] ^= _keys[order];
    }

    private void AddLoad(int batch, int load)
    {
        var room = (long)Loads[batch] - _pool.Problem.Cart.LoadMax;
        Overload += Math.Max(0, room + load) - Math.Max(0, room);
        Loads[batch] += load;
    }

    private void SetCost(int batch, int cost)
    {
        TotalMm += cost - Costs[batch];
        Costs[batch] = cost;
    }

    private void Open(List<int> orders)
    {
        if (Count == Loads.Length) Grow();
        var batch = Count++;
        (Loads[batch], Costs[batch], Sizes[batch], _hashes[batch]) = (0, 0, 0, 0);
        _members[batch] ??= new int[8];
        if (orders.Count == 0) _empty++;
        foreach (var o in orders) Put(o, batch);
        SetCost(batch, CostWith(batch, -1, -1));
    }

    private void Grow()
    {
        var size = 2 * Count;
        int[] loads = Loads, costs = Costs, sizes = Sizes;
        Array.Resize(ref loads, size);
        Array.Resize(ref costs, size);
        Array.Resize(ref sizes, size);
        Array.Resize(ref _hashes, size);
        Array.Resize(ref _members, size);
        (Loads, Costs, Sizes) = (loads, costs, sizes);
    }
}
