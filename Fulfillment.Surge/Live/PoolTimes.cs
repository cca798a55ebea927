namespace Fulfillment.Surge.Live;

/// <summary>
/// How long a pool is in hand, from being read to being settled: a part of its own and a part for each order, in
/// seconds. By Little's law (1961, doi 10.1287/opre.9.3.383) the orders in hand over a stretch of time are those that
/// were taken up in it times their stay; how a stay grows with the pool is the line of least squares through stretches
/// with small pools (before the surge) and with large ones (in it).
/// </summary>
internal static class PoolTimes
{
    internal const int Stretches = 24;

    /// <summary>Null where pools were all of one size, or nothing was planned.</summary>
    internal static (double PerPool, double PerOrder)? Of(
        IReadOnlyList<Look> looks, IReadOnlyList<(double At, int Orders)> pools, double seconds)
    {
        var seen = new List<(double Orders, double Size, double Stay)>();
        for (var stretch = 0; stretch < Stretches; stretch++)
        {
            var (from, to) = (seconds * stretch / Stretches, seconds * (stretch + 1) / Stretches);
            var taken = pools.Where(pool => pool.At >= from && pool.At < to).ToList();
            double orders = taken.Sum(pool => pool.Orders);
            if (orders == 0) continue;
            // An order's stay is that of its pool, so sizes are averaged over orders, too.
            seen.Add((orders, taken.Sum(pool => (double)pool.Orders * pool.Orders) / orders,
                InHand(looks, from, to) / orders));
        }

        return Line(seen);
    }

    /// <summary>Order-seconds in hand, by trapezoids between the looks.</summary>
    private static double InHand(IReadOnlyList<Look> looks, double from, double to)
    {
        var area = 0.0;
        for (var index = 1; index < looks.Count; index++)
        {
            var (before, after) = (looks[index - 1], looks[index]);
            var within = Math.Min(after.T, to) - Math.Max(before.T, from);
            if (within > 0) area += within * (before.InFlight + after.InFlight) / 2;
        }

        return area;
    }

    private static (double PerPool, double PerOrder)? Line(List<(double Orders, double Size, double Stay)> seen)
    {
        var weight = seen.Sum(one => one.Orders);
        if (weight == 0) return null;
        var (size, stay) = (seen.Sum(one => one.Orders * one.Size) / weight,
            seen.Sum(one => one.Orders * one.Stay) / weight);
        var spread = seen.Sum(one => one.Orders * (one.Size - size) * (one.Size - size));
        // Less than one order of difference: the line's slope would be noise.
        if (spread / weight < 1) return null;
        var perOrder = seen.Sum(one => one.Orders * (one.Size - size) * (one.Stay - stay)) / spread;
        var perPool = stay - (perOrder * size);
        // Neither part can be below nothing; noise that says so is given to the other.
        if (perOrder <= 0) return null;
        return perPool >= 0
            ? (perPool, perOrder)
            : (0, seen.Sum(one => one.Orders * one.Size * one.Stay)
                / seen.Sum(one => one.Orders * one.Size * one.Size));
    }
}
