using Fulfillment.Planning.Batching;
using Fulfillment.Planning.Routing;

namespace Fulfillment.Planning.Columns;

/// <summary>
/// Finds the batches that cost less than their orders are worth, each with its exact tour: depth first, the orders that
/// are worth most for their load first. A tour is no shorter for an order more, so an order whose batch costs more than
/// it is worth and all that could be put into the room left is struck from the branch
/// (the bound is Dantzig's for the knapsack: 1957, doi 10.1287/opre.5.2.266).
/// </summary>
internal sealed class BatchPricing
{
    private const int UnitsOfALook = 1;

    private readonly Pool _pool;
    private readonly TourCost _tour;
    private readonly int _words;
    private readonly int[] _orders;
    private readonly int[] _pair = new int[OrderSet.Most * OrderSet.Most];
    private readonly ulong[] _masks;
    private readonly int[] _byWorth = new int[OrderSet.Most];
    private readonly double[] _perLoad = new double[OrderSet.Most];
    private readonly Level[] _levels = new Level[OrderSet.Most + 1];
    private readonly (OrderSet Others, long Charge)[][] _chargesOf = new (OrderSet, long)[OrderSet.Most][];
    private readonly int[] _chargeCount = new int[OrderSet.Most];
    private readonly Comparison<int> _worthFirst;
    private Prices _prices = new();
    private long _threshold, _unitsUntil;
    private bool _isCut;

    private sealed class Level
    {
        internal readonly int[] Order = new int[OrderSet.Most];
        internal readonly int[] Cost = new int[OrderSet.Most];
        internal readonly long[] Gain = new long[OrderSet.Most];
    }

    internal BatchPricing(Pool pool, int[] orders)
    {
        (_pool, _orders) = (pool, orders);
        _tour = TourCost.For(pool.Floor);
        _words = pool.Floor.MaskWords;
        _masks = new ulong[(orders.Length + 2) * _words];
        for (var i = 0; i < orders.Length; i++) _chargesOf[i] = new (OrderSet, long)[8];
        for (var d = 0; d < _levels.Length; d++) _levels[d] = new Level();
        _worthFirst = (a, b) => _perLoad[a] != _perLoad[b] ? _perLoad[b].CompareTo(_perLoad[a]) : a - b;
        PricePairs();
    }

    private int Orders => _orders.Length;

    /// <summary>Lighter batches are in no plan that is looked for.</summary>
    internal long LoadMin { get; init; }

    private void PricePairs()
    {
        var mask = _masks.AsSpan(0, _words);
        for (var i = 0; i < Orders; i++)
        {
            for (var j = 0; j < i; j++)
            {
                _pool.MaskOf(_orders[i]).CopyTo(mask);
                Mask.Add(mask, _pool.MaskOf(_orders[j]));
                _pair[i * OrderSet.Most + j] = _pair[j * OrderSet.Most + i] = _tour.Of(mask);
            }
        }

        Units += (long)Orders * Orders / 2 * _tour.Units;
    }

    internal long Units { get; private set; }

    /// <summary>Takes every batch found: its orders, cost and reduced cost; gives the reduced cost from which on
    /// batches are of no interest.</summary>
    internal delegate long Taker(OrderSet set, int cost, long reduced);

    /// <summary>
    /// Every batch of the branch of one order whose reduced cost is below the threshold, as far as the taker keeps it
    /// there. False when the units ran out.
    /// </summary>
    internal bool TryBranch(int rank, long threshold, long unitsMax, Taker take)
    {
        var cart = _pool.Problem.Cart;
        (_threshold, _unitsUntil, _isCut) = (threshold, Units + unitsMax, false);
        var root = _byWorth[rank];
        var (load, cost, gain) = (LoadOf(root), _pool.Alone[_orders[root]], _prices.Orders[root] + _prices.Cart);
        var reduced = (long)cost * Prices.Scale - gain;
        if (reduced < _threshold && load >= LoadMin) _threshold = take(OrderSet.Of(root), cost, reduced);
        if (cart.OrdersMax == 1) return true;
        var level = _levels[1];
        var count = 0;
        for (var r = rank + 1; r < Orders; r++)
        {
            var o = _byWorth[r];
            if (load + LoadOf(o) > cart.LoadMax) continue;
            (level.Order[count], level.Cost[count]) = (o, _pair[root * OrderSet.Most + o]);
            count++;
        }

        _pool.MaskOf(_orders[root]).CopyTo(_masks.AsSpan(_words, _words));
        Visit(1, OrderSet.Of(root), load, cost, gain, count, take);
        return !_isCut;
    }

    /// <summary>Takes prices and orders the search by them.</summary>
    internal void Use(Prices prices, Triples triples)
    {
        _prices = prices;
        for (var i = 0; i < Orders; i++)
        {
            _byWorth[i] = i;
            _perLoad[i] = LoadOf(i) == 0 ? double.MaxValue : (double)prices.Orders[i] / LoadOf(i);
        }

        _byWorth.AsSpan(0, Orders).Sort(_worthFirst);
        Array.Clear(_chargeCount);
        for (var t = 0; t < triples.Count; t++)
        {
            if (prices.Charges[t] <= 0) continue;
            for (var rest = triples[t]; !rest.IsEmpty; rest = rest.WithoutFirst)
            {
                var o = rest.First;
                if (_chargeCount[o] == _chargesOf[o].Length) Array.Resize(ref _chargesOf[o], 2 * _chargeCount[o]);
                _chargesOf[o][_chargeCount[o]++] = (triples[t] - OrderSet.Of(o), prices.Charges[t]);
            }
        }
    }

    private int LoadOf(int i) => _pool.Loads[_orders[i]];

    /// <summary>What an order adds to the charges of a batch.</summary>
    private long ChargeOf(int order, OrderSet batch)
    {
        var sum = 0L;
        foreach (var (others, charge) in _chargesOf[order].AsSpan(0, _chargeCount[order]))
        {
            if ((others & batch).Count == 1) sum += charge;
        }

        return sum;
    }

    /// <summary>What the orders of the level from one place on, and those before another, are worth at most in the room
    /// left.</summary>
    private long Worth(Level level, int before, int from, int to, long room)
    {
        var sum = 0L;
        for (var i = 0; i < to && room > 0; i++)
        {
            if (i == before)
            {
                i = from;
                if (i >= to) break;
            }

            var o = level.Order[i];
            var load = LoadOf(o);
            if (load <= room)
            {
                room -= load;
                sum += _prices.Orders[o];
                continue;
            }

            // Rounded up, whatever the division did.
            return sum + (long)(room * _perLoad[o]) + 2;
        }

        return sum;
    }

    /// <summary>The level holds the orders that may be added, and for each what no batch with it costs less
    /// than.</summary>
    private void Visit(int depth, OrderSet set, long load, int cost, long gain, int count, Taker take)
    {
        var level = _levels[depth];
        var kept = Filter(depth, set, load, cost, gain, count);
        var cart = _pool.Problem.Cart;
        for (var i = 0; i < kept && !_isCut; i++)
        {
            var (o, longer, worth) = (level.Order[i], level.Cost[i], level.Gain[i]);
            var reduced = (long)longer * Prices.Scale - worth;
            if (reduced < _threshold && load + LoadOf(o) >= LoadMin)
                _threshold = take(set | OrderSet.Of(o), longer, reduced);
            if (depth + 1 >= cart.OrdersMax || i + 1 == kept) continue;
            var room = cart.LoadMax - load - LoadOf(o);
            Units += UnitsOfALook;
            if (reduced - Worth(level, 0, i + 1, kept, room) >= _threshold) continue;
            var next = _levels[depth + 1];
            var fit = 0;
            for (var j = i + 1; j < kept; j++)
            {
                if (LoadOf(level.Order[j]) > room) continue;
                (next.Order[fit], next.Cost[fit]) = (level.Order[j], level.Cost[j]);
                fit++;
            }

            if (fit == 0) continue;
            var mask = _masks.AsSpan((depth + 1) * _words, _words);
            _masks.AsSpan(depth * _words, _words).CopyTo(mask);
            Mask.Add(mask, _pool.MaskOf(_orders[o]));
            Visit(depth + 1, set | OrderSet.Of(o), load + LoadOf(o), longer, worth, fit, take);
        }
    }

    /// <summary>Keeps the orders of the level that can still be in a batch of interest, and prices the batch with
    /// each.</summary>
    private int Filter(int depth, OrderSet set, long load, int cost, long gain, int count)
    {
        var level = _levels[depth];
        var cartLoad = _pool.Problem.Cart.LoadMax;
        var mask = _masks.AsSpan(depth * _words, _words);
        var longer = _masks.AsSpan((depth + 1) * _words, _words);
        var kept = 0;
        for (var i = 0; i < count; i++)
        {
            Units += UnitsOfALook;
            if (Units >= _unitsUntil)
            {
                _isCut = true;
                return 0;
            }

            var o = level.Order[i];
            var worth = gain + _prices.Orders[o] - ChargeOf(o, set);
            var most = worth + Worth(level, kept, i + 1, count, cartLoad - load - LoadOf(o));
            var least = Math.Max(cost, level.Cost[i]);
            if ((long)least * Prices.Scale - most >= _threshold) continue;
            if (depth > 1)
            {
                Units += _tour.Units;
                mask.CopyTo(longer);
                Mask.Add(longer, _pool.MaskOf(_orders[o]));
                least = _tour.Of(longer);
                if ((long)least * Prices.Scale - most >= _threshold) continue;
            }

            (level.Order[kept], level.Cost[kept], level.Gain[kept]) = (o, least, worth);
            kept++;
        }

        return kept;
    }
}
