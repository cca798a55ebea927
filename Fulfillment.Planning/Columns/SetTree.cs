namespace Fulfillment.Planning.Columns;

/// <summary>
/// The cheapest choice of given batches that holds every order once, when it is cheaper than the plan at hand: depth
/// first, the order with the fewest batches left first, and never more reduced cost in a plan than the distance of the
/// plan at hand from the bound. Counted in units and stopped by them.
/// </summary>
internal sealed class SetTree
{
    private Item[] _items = [];
    private int[] _lists = new int[1 << 12];
    private readonly int[] _counts = new int[OrderSet.Most];
    private readonly long[] _shares = new long[OrderSet.Most];
    private readonly int[] _chosen = new int[OrderSet.Most + 1];
    private readonly OrderSet[] _best = new OrderSet[OrderSet.Most + 1];
    private int _bestCount, _count;
    private Limits _limits;
    private long _slack, _mostMm, _unitsMax;

    private readonly record struct Item(OrderSet Set, int Cost, int Load, long Reduced, long Share);

    /// <summary>What a choice may come to: reduced costs up to the slack and millimetres up to the most, each next one
    /// a step less; so many carts are paid for by the prices, any more cost a price each.</summary>
    internal readonly record struct Limits(
        long Slack, long Sum, long MostMm, long StepMm, Carts Carts, long CartPrice, long CartLoad, long Load);

    internal long Units { get; private set; }

    /// <summary>Whether every choice was looked at or ruled out.</summary>
    internal bool IsComplete { get; private set; }

    internal ReadOnlySpan<OrderSet> Best => _best.AsSpan(0, _bestCount);

    internal int Count => _count;

    internal void Clear() => _count = 0;

    internal void Add(OrderSet set, int cost, int load, long reduced)
    {
        if (_count == _items.Length) Array.Resize(ref _items, Math.Max(1024, 2 * _count));
        _items[_count++] = new(set, cost, load, reduced, reduced / set.Count);
    }

    /// <summary>True when a choice within the limits was found; the last one found is the best.</summary>
    internal bool TryBeat(int orders, Limits limits, long unitsMax)
    {
        (Units, _unitsMax, _bestCount, IsComplete) = (_count * 4, unitsMax, 0, true);
        (_limits, _slack, _mostMm) = (limits, limits.Slack, limits.MostMm);
        if (_slack < 0) return false;
        // Equal ones in the order of their sets, so that the order is the same everywhere.
        Array.Sort(_items, 0, _count, ByReduced);
        if (_lists.Length < _count) _lists = new int[2 * _count];
        for (var j = 0; j < _count; j++) _lists[j] = j;
        Visit(OrderSet.All(orders), 0, _count, new Spent(0, 0, 0, limits.Load));
        return _bestCount > 0;
    }

    private readonly record struct Spent(int Depth, long Reduced, long Mm, long LoadLeft);

    private static readonly Comparer<Item> ByReduced = Comparer<Item>.Create((a, b) =>
        a.Reduced != b.Reduced ? a.Reduced.CompareTo(b.Reduced)
        : a.Set.High != b.Set.High ? a.Set.High.CompareTo(b.Set.High) : a.Set.Low.CompareTo(b.Set.Low));

    /// <summary>What carts beyond those that the prices pay for, or that may be, cost at least from here.</summary>
    private long MoreCarts(in Spent spent)
    {
        var carts = spent.Depth + (spent.LoadLeft + _limits.CartLoad - 1) / _limits.CartLoad;
        if (carts <= _limits.Carts.Count) return 0;
        return _limits.Carts.IsAtMost ? long.MaxValue / 2 : (carts - _limits.Carts.Count) * _limits.CartPrice;
    }

    /// <summary>The list [from, to) holds the batches that fit the orders left.</summary>
    private void Visit(OrderSet left, int from, int to, in Spent spent)
    {
        if (left.IsEmpty)
        {
            if (spent.Mm > _mostMm) return;
            _mostMm = spent.Mm - _limits.StepMm;
            _slack = Math.Min(_slack, _mostMm * Prices.Scale - _limits.Sum);
            _bestCount = spent.Depth;
            for (var d = 0; d < spent.Depth; d++) _best[d] = _items[_chosen[d]].Set;
            return;
        }

        Units += 4 + (to - from) / 2;
        if (Units >= _unitsMax) IsComplete = false;
        if (!IsComplete) return;
        if (Rarest(left, from, to, _slack - spent.Reduced) is not { } rare) return;
        if (_lists.Length < to + (to - from)) Array.Resize(ref _lists, 2 * (to + (to - from)));
        for (var i = from; i < to; i++)
        {
            ref readonly var item = ref _items[_lists[i]];
            if (!item.Set.Holds(rare)) continue;
            var next = new Spent(
                spent.Depth + 1, spent.Reduced + item.Reduced, spent.Mm + item.Cost, spent.LoadLeft - item.Load);
            if (next.Reduced > _slack) return;
            var total = next.Reduced + MoreCarts(next);
            if (total > _slack) continue;
            var end = to;
            for (var k = from; k < to; k++)
            {
                var other = _lists[k];
                if (total + _items[other].Reduced > _slack) break;
                if (!_items[other].Set.Meets(item.Set)) _lists[end++] = other;
            }

            Units += 1 + (to - from) / 4;
            _chosen[spent.Depth] = _lists[i];
            Visit(left - item.Set, to, end, next);
            if (!IsComplete) return;
        }
    }

    /// <summary>The order left in the fewest batches; null when one is in none, or the orders' shares of the cheapest
    /// batches come to more than the slack.</summary>
    private int? Rarest(OrderSet left, int from, int to, long slack)
    {
        Array.Clear(_counts);
        Array.Fill(_shares, long.MaxValue);
        for (var i = from; i < to; i++)
        {
            var item = _items[_lists[i]];
            for (var rest = item.Set; !rest.IsEmpty; rest = rest.WithoutFirst)
            {
                var o = rest.First;
                _counts[o]++;
                _shares[o] = Math.Min(_shares[o], item.Share);
            }
        }

        var rarest = -1;
        var shares = 0L;
        for (var rest = left; !rest.IsEmpty; rest = rest.WithoutFirst)
        {
            var r = rest.First;
            if (_counts[r] == 0) return null;
            shares += _shares[r];
            if (rarest < 0 || _counts[r] < _counts[rarest]) rarest = r;
        }

        return shares > slack ? null : rarest;
    }
}
