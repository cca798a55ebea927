namespace Fulfillment.Planning;

/// <summary>
/// The orders of a pool, each light enough for a cart. <see cref="Split"/> lists the parts of every order that was
/// split;
/// <see cref="TooHeavy"/> lists orders with a single unit that no cart can carry: they are in no list of orders.
/// </summary>
public sealed record SplitOrders(
    IReadOnlyList<PlanningOrder> Orders,
    IReadOnlyDictionary<long, IReadOnlyList<OrderKey>> Split,
    IReadOnlyList<OrderKey> TooHeavy);

/// <summary>
/// Splits orders heavier than a cart: by line first, and a line heavier than a cart by units. Parts keep the order's id
/// and are numbered from 1; lines are taken aisle by aisle, so that a part stays together on the floor. Pure.
/// </summary>
public static class OrderSplitter
{
    public static SplitOrders Split(IReadOnlyList<PlanningOrder> orders, Cart cart)
    {
        var whole = new List<PlanningOrder>(orders.Count);
        var split = new Dictionary<long, IReadOnlyList<OrderKey>>();
        var tooHeavy = new List<OrderKey>();
        foreach (var order in orders)
        {
            if (order.Load <= cart.LoadMax)
            {
                whole.Add(order);
            }
            else if (order.Picks.Any(p => UnitLoad(p) > cart.LoadMax))
            {
                tooHeavy.Add(order.Key);
            }
            else
            {
                var parts = PartsOf(order, cart.LoadMax);
                whole.AddRange(parts);
                split[order.Key.Id] = [.. parts.Select(p => p.Key)];
            }
        }

        return new SplitOrders(whole, split, tooHeavy);
    }

    private static List<PlanningOrder> PartsOf(PlanningOrder order, int loadMax)
    {
        var parts = new List<PlanningOrder>();
        var picks = new List<Pick>();
        var load = 0L;
        var byPlace = order.Picks.OrderBy(p => p.Location.Aisle).ThenBy(p => p.Location.Bay).SelectMany(p => Chunks(p,
            loadMax));
        foreach (var chunk in byPlace)
        {
            if (picks.Count > 0 && load + chunk.Load > loadMax)
            {
                parts.Add(order with { Key = new(order.Key.Id, parts.Count + 1), Picks = [.. picks] });
                picks.Clear();
                load = 0;
            }

            picks.Add(chunk);
            load += chunk.Load;
        }

        parts.Add(order with { Key = new(order.Key.Id, parts.Count + 1), Picks = [.. picks] });
        return parts;
    }

    private static IEnumerable<Pick> Chunks(Pick pick, int loadMax)
    {
        if (pick.Load <= loadMax || pick.Quantity < 1) return [pick];
        var unit = UnitLoad(pick);
        var unitsPerChunk = (int)(loadMax / unit);
        return Enumerable.Range(0, (pick.Quantity + unitsPerChunk - 1) / unitsPerChunk).Select(i =>
        {
            var quantity = Math.Min(unitsPerChunk, pick.Quantity - i * unitsPerChunk);
            return pick with { Quantity = quantity, Load = (int)(quantity * unit) };
        });
    }

    /// <summary>A unit's share of its line's load, rounded up: a split never makes a part look lighter than it
    /// is.</summary>
    private static long UnitLoad(Pick pick) =>
        pick.Quantity < 1 ? 0 : (pick.Load + (long)pick.Quantity - 1) / pick.Quantity;
}
