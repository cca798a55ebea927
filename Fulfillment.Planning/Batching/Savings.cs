using Fulfillment.Planning.Routing;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// Clarke and Wright (1964, doi 10.1287/opre.12.4.568) with exact tours, the matrix brought up to date after every
/// merge.
/// Each batch looks only at the neighbours of its orders, and a heap with stale entries orders the merges.
/// </summary>
internal static class Savings
{
    /// <summary>The merged batches and what finding them took, in work units.</summary>
    internal static (List<List<int>> Batches, long Units) Build(Pool pool, Neighbours neighbours)
    {
        var n = pool.Orders;
        var units = 0L;
        var tour = TourCost.For(pool.Floor);
        var words = pool.Floor.MaskWords;
        var mask = new ulong[n * words];
        for (var o = 0; o < n; o++) pool.MaskOf(o).CopyTo(mask.AsSpan(o * words));
        var members = Enumerable.Range(0, n).Select(o => new List<int> { o }).ToList();
        var (load, cost, version) = (pool.Loads.ToArray(), pool.Alone.ToArray(), new int[n]);
        var merged = new ulong[words];
        var heap = new PriorityQueue<(int A, int B, int VersionA, int VersionB), (int Loss, int A, int B)>();
        var near = new SortedSet<int>[n];
        for (var a = 0; a < n; a++) near[a] = [];

        void Consider(int a, int b)
        {
            if (load[a] + load[b] > pool.Problem.Cart.LoadMax) return;
            if (members[a].Count + members[b].Count > pool.Problem.Cart.OrdersMax) return;
            mask.AsSpan(a * words, words).CopyTo(merged);
            Mask.Add(merged, mask.AsSpan(b * words, words));
            units += tour.Units;
            var saving = cost[a] + cost[b] - tour.Of(merged);
            if (saving > 0) heap.Enqueue((a, b, version[a], version[b]), (-saving, a, b));
        }

        for (var a = 0; a < n; a++)
        {
            foreach (var b in neighbours.Of(a))
            {
                near[a].Add(b);
                near[b].Add(a);
            }
        }

        for (var a = 0; a < n; a++)
        {
            foreach (var b in near[a])
            {
                if (a < b) Consider(a, b);
            }
        }

        while (heap.TryDequeue(out var m, out var key))
        {
            if (version[m.A] != m.VersionA || version[m.B] != m.VersionB) continue;
            var (a, b) = (m.A, m.B);
            cost[a] += cost[b] + key.Loss;
            load[a] += load[b];
            Mask.Add(mask.AsSpan(a * words, words), mask.AsSpan(b * words, words));
            members[a].AddRange(members[b]);
            members[b].Clear();
            version[a]++;
            version[b]++;
            foreach (var c in near[b])
            {
                near[c].Remove(b);
                if (c == a) continue;
                near[c].Add(a);
                near[a].Add(c);
            }

            near[b].Clear();
            foreach (var c in near[a]) Consider(Math.Min(a, c), Math.Max(a, c));
        }

        return ([.. members.Where(m => m.Count > 0)], units);
    }
}
