using System.Numerics;
using Fulfillment.Planning.Routing;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// Every batch that some of the orders of a pool (at most 64 of them) can make, with its exact tour, or those of them
/// that the search has seen: the columns of a set partitioning. Enumerated depth first, the heaviest orders first.
/// </summary>
internal sealed class FeasibleBatches(Pool pool)
{
    internal const int OrdersMax = 64;
    private const int UnitsOfANode = 2;

    private readonly TourCost _tour = TourCost.For(pool.Floor);
    private readonly ulong[] _masks = new ulong[(OrdersMax + 1) * pool.Floor.MaskWords];
    private readonly int[] _orders = new int[OrdersMax];
    private readonly int[] _place = new int[pool.Orders];
    private readonly int[] _loads = new int[OrdersMax];
    private readonly int[] _lightest = new int[OrdersMax + 1];
    private readonly long[] _loadFrom = new long[OrdersMax + 1];
    private ulong[] _sets = new ulong[1024];
    private int[] _costs = new int[1024];
    private int _loadMin;
    private int _countMax;
    private long _unitsMax;

    /// <summary>Orders in the enumeration; bit i of a set is <c>Order(i)</c>.</summary>
    internal int Orders { get; private set; }

    internal int Count { get; private set; }

    internal long Units { get; private set; }

    internal ReadOnlySpan<ulong> Sets => _sets.AsSpan(0, Count);

    internal ReadOnlySpan<int> Costs => _costs.AsSpan(0, Count);

    internal int Order(int i) => _orders[i];

    /// <summary>False when there are more than <paramref name="countMax"/> or it would take too many units. Batches
    /// lighter than <paramref name="loadMin"/> are left out: no plan with few carts can use them.</summary>
    internal bool TryEnumerate(ReadOnlySpan<int> orders, long loadMin, int countMax, long unitsMax)
    {
        (Orders, Count, Units) = (orders.Length, 0, 0);
        (_loadMin, _countMax, _unitsMax) = ((int)Math.Max(0, loadMin), countMax, unitsMax);
        orders.CopyTo(_orders);
        var heaviestFirst = _orders.AsSpan(0, Orders);
        heaviestFirst.Sort((a, b) => pool.Loads[a] != pool.Loads[b] ? pool.Loads[b] - pool.Loads[a] : a - b);
        (_lightest[Orders], _loadFrom[Orders]) = (int.MaxValue, 0);
        for (var i = Orders - 1; i >= 0; i--)
        {
            _loads[i] = pool.Loads[_orders[i]];
            _lightest[i] = Math.Min(_lightest[i + 1], _loads[i]);
            _loadFrom[i] = _loadFrom[i + 1] + _loads[i];
        }

        return Extend(0, 0, 0, 0);
    }

    /// <summary>The batches seen that hold none but the given orders, and each order alone.</summary>
    internal void Collect(ReadOnlySpan<int> orders, SeenBatches seen)
    {
        (Orders, Count, Units) = (orders.Length, 0, 0);
        orders.CopyTo(_orders);
        Span<ulong> within = stackalloc ulong[seen.Words];
        within.Clear();
        for (var i = 0; i < Orders; i++)
        {
            within[orders[i] >> 6] |= 1UL << orders[i];
            _place[orders[i]] = i;
            Put(1UL << i, pool.Alone[orders[i]]);
        }

        Units += seen.Count;
        for (var c = 0; c < seen.Count; c++)
        {
            var set = seen.SetOf(c);
            var fits = true;
            for (var w = 0; w < set.Length && fits; w++) fits = (set[w] & ~within[w]) == 0;
            if (!fits) continue;
            var bits = 0UL;
            for (var w = 0; w < set.Length; w++)
            {
                for (var rest = set[w]; rest != 0; rest &= rest - 1)
                    bits |= 1UL << _place[w * 64 + BitOperations.TrailingZeroCount(rest)];
            }

            Units += UnitsOfANode;
            Put(bits, seen.CostOf(c));
        }
    }

    private void Put(ulong set, int cost)
    {
        if (Count == _sets.Length)
        {
            Array.Resize(ref _sets, 2 * Count);
            Array.Resize(ref _costs, 2 * Count);
        }

        (_sets[Count], _costs[Count]) = (set, cost);
        Count++;
    }

    private bool Extend(int from, int depth, ulong set, int load)
    {
        var words = pool.Floor.MaskWords;
        var cart = pool.Problem.Cart;
        if (depth == cart.OrdersMax) return true;
        var mask = _masks.AsSpan(depth * words, words);
        var longer = _masks.AsSpan((depth + 1) * words, words);
        for (var i = from; i < Orders; i++)
        {
            if (load + _lightest[i] > cart.LoadMax || load + _loadFrom[i] < _loadMin) return true;
            if (load + _loads[i] > cart.LoadMax) continue;
            // Also where nothing is added: of light orders there are more sets below the least load than time.
            Units += UnitsOfANode;
            if (Units >= _unitsMax) return false;
            mask.CopyTo(longer);
            Mask.Add(longer, pool.MaskOf(_orders[i]));
            if (load + _loads[i] >= _loadMin && !TryAdd(set | 1UL << i, longer)) return false;
            if (!Extend(i + 1, depth + 1, set | 1UL << i, load + _loads[i])) return false;
        }

        return true;
    }

    private bool TryAdd(ulong set, ReadOnlySpan<ulong> mask)
    {
        Units += _tour.Units;
        if (Count == _countMax || Units >= _unitsMax) return false;
        Put(set, _tour.Of(mask));
        return true;
    }
}
