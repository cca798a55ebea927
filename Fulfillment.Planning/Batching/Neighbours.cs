using Fulfillment.Planning.Routing;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// For every order the few others that are best walked together with it. Where tours are quick to price and the pool is
/// of middling size by the exact tour of the pair, else by the aisles they do not share.
/// </summary>
internal sealed class Neighbours
{
    internal const int Most = 24;
    private const int ExactOrdersMax = 1_200;
    private const int ExactUnitsMax = 100;

    private readonly int[][] _near;

    internal Neighbours(Pool pool)
    {
        var n = pool.Orders;
        var tour = TourCost.For(pool.Floor);
        var isExact = n <= ExactOrdersMax && tour.Units <= ExactUnitsMax;
        Units = (long)n * n / 2 * (isExact ? tour.Units : 3);
        var scores = isExact ? ExactScores(pool, tour) : null;
        _near = new int[n][];
        var nearest = new (int Score, int Order)[Math.Min(Most, n - 1)];
        for (var a = 0; a < n; a++)
        {
            var found = 0;
            for (var b = 0; b < n; b++)
            {
                if (a == b) continue;
                var score = scores is null ? AislesNotShared(pool, a, b) : scores[a * n + b];
                if (found == nearest.Length && score >= nearest[^1].Score) continue;
                var at = found < nearest.Length ? found++ : found - 1;
                for (; at > 0 && nearest[at - 1].Score > score; at--) nearest[at] = nearest[at - 1];
                nearest[at] = (score, b);
            }

            _near[a] = [.. nearest.Take(found).Select(x => x.Order)];
        }
    }

    /// <summary>What finding them took, in work units.</summary>
    internal long Units { get; }

    internal ReadOnlySpan<int> Of(int order) => _near[order];

    /// <summary>The pair's tour less half of what the two cost alone, twice; low means they belong together.</summary>
    private static int[] ExactScores(Pool pool, TourCost tour)
    {
        var n = pool.Orders;
        var scores = new int[n * n];
        var merged = new ulong[pool.Floor.MaskWords];
        for (var a = 0; a < n; a++)
        {
            for (var b = 0; b < a; b++)
            {
                pool.MaskOf(a).CopyTo(merged);
                Mask.Add(merged, pool.MaskOf(b));
                scores[a * n + b] = scores[b * n + a] = 2 * tour.Of(merged) - pool.Alone[a] - pool.Alone[b];
            }
        }

        return scores;
    }

    private static int AislesNotShared(Pool pool, int a, int b)
    {
        var apart = 0;
        var maskA = pool.MaskOf(a);
        var maskB = pool.MaskOf(b);
        for (var w = 0; w < maskA.Length; w++) apart += (maskA[w] == 0) != (maskB[w] == 0) ? 1 : 0;
        return apart;
    }
}
