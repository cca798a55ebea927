using System.Numerics;

namespace Fulfillment.Planning.Columns;

/// <summary>
/// What each order is worth, and what a batch is charged for two or three orders of a triple, in 1/256 mm. The sum of
/// the worths less all charges is a lower bound of every plan when no batch costs less than it is worth.
/// </summary>
internal sealed class Prices
{
    internal const int Scale = 256;
    internal const int TriplesMax = 192;

    internal long[] Orders { get; } = new long[OrderSet.Most];

    /// <summary>What a batch is worth for being one of at least so many carts; negative for being one of at most so
    /// many.</summary>
    internal long Cart { get; set; }

    /// <summary>Never negative.</summary>
    internal long[] Charges { get; } = new long[TriplesMax];

    internal void CopyTo(Prices other)
    {
        Orders.CopyTo(other.Orders, 0);
        Charges.CopyTo(other.Charges, 0);
        other.Cart = Cart;
    }

    /// <summary>The sum that no plan is below while no batch has a negative reduced cost.</summary>
    internal long Sum(int orders, int carts, int triples)
    {
        var sum = carts * Cart;
        for (var o = 0; o < orders; o++) sum += Orders[o];
        for (var t = 0; t < triples; t++) sum -= Charges[t];
        return sum;
    }

    /// <summary>What a batch costs beyond its orders' prices, without charges.</summary>
    internal long Reduced(OrderSet set, int cost)
    {
        var reduced = (long)cost * Scale - Cart;
        for (var rest = set.Low; rest != 0; rest &= rest - 1) reduced -= Orders[BitOperations.TrailingZeroCount(rest)];
        for (var rest = set.High; rest != 0; rest &= rest - 1)
            reduced -= Orders[64 + BitOperations.TrailingZeroCount(rest)];
        return reduced;
    }

    /// <summary>What a batch costs beyond its orders' prices and with its charges.</summary>
    internal long Reduced(OrderSet set, int cost, Triples triples)
    {
        var reduced = Reduced(set, cost);
        for (var t = 0; t < triples.Count; t++)
        {
            if (Charges[t] > 0 && triples.IsCharged(t, set)) reduced += Charges[t];
        }

        return reduced;
    }
}
