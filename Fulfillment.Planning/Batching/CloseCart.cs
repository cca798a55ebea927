using System.Diagnostics;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// Takes the lightest cart out of a plan that has more carts than its load needs, and spreads its orders over the
/// others, overloaded where they have no room. No small move leads from full carts to one cart fewer, because every
/// step on the way is longer; annealing sorts out the overload (one route fewer: Nagata and Braysy 2009, doi
/// 10.1016/j.orl.2009.04.006).
/// </summary>
internal static class CloseCart
{
    /// <summary>False, and nothing is changed, when the plan has as few carts as can be.</summary>
    internal static bool TryApply(Batches batches)
    {
        var (carts, lightest) = (0, -1);
        for (var b = 0; b < batches.Count; b++)
        {
            if (batches.Sizes[b] == 0) continue;
            carts++;
            if (lightest < 0 || batches.Loads[b] < batches.Loads[lightest]) lightest = b;
        }

        if (carts <= batches.Pool.CartsLeast) return false;
        var pricePerLoad = batches.TotalMm / carts / batches.Pool.Problem.Cart.LoadMax;
        int[] orders = [.. batches.MembersOf(lightest)];
        Array.Sort(orders, (a, b) => batches.LoadOf(a) != batches.LoadOf(b)
            ? batches.LoadOf(b) - batches.LoadOf(a) : a - b);
        foreach (var order in orders) Move(batches, order, pricePerLoad);
        return true;
    }

    /// <summary>To where it costs least, a unit of overload at its share of a mean tour.</summary>
    private static void Move(Batches batches, int order, long pricePerLoad)
    {
        var (from, load, cart) = (batches.Of[order], batches.LoadOf(order), batches.Pool.Problem.Cart);
        var (least, to, toCost) = (long.MaxValue, -1, 0);
        for (var b = 0; b < batches.Count; b++)
        {
            if (b == from || batches.Sizes[b] == 0 || batches.Sizes[b] == cart.OrdersMax) continue;
            var over = Math.Max(0, (long)batches.Loads[b] + load - cart.LoadMax);
            // Overload of one cart by much is harder to be rid of than of many by little.
            var charge = over * over * pricePerLoad;
            if (charge >= least) continue;
            var cost = batches.CostWith(b, -1, order);
            var more = cost - batches.Costs[b] + charge;
            if (more < least) (least, to, toCost) = (more, b, cost);
        }

        if (to < 0) return;
        var fromCost = batches.CostWith(from, order, -1);
        var (before, delta) = (batches.TotalMm, fromCost + toCost - batches.Costs[from] - batches.Costs[to]);
        batches.Remove(order, fromCost);
        batches.Insert(order, to, toCost);
        Debug.Assert(batches.TotalMm - before == delta, "A move must cost what it said.");
    }
}
