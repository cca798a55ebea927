using Fulfillment.Planning;
using Fulfillment.Planning.Routing;

namespace Fulfillment.Tests.Planning;

/// <summary>The optimum of a small pool: every subset priced, then the cheapest partition by subset dynamic
/// programming.</summary>
internal static class BruteForce
{
    internal static long ShortestMm(PlanningProblem problem)
    {
        var n = problem.Orders.Count;
        var floor = new Floor(problem.Layout);
        var tour = TourCost.For(floor);
        var best = new long[1 << n];
        for (var set = 1; set < 1 << n; set++)
        {
            best[set] = long.MaxValue;
            for (var batch = set; batch > 0; batch = (batch - 1) & set)
            {
                var orders = Enumerable.Range(0, n).Where(o => (batch >> o & 1) == 1)
                    .Select(o => problem.Orders[o]).ToList();
                if (orders.Sum(o => o.Load) > problem.Cart.LoadMax || orders.Count > problem.Cart.OrdersMax) continue;
                var mask = new ulong[floor.MaskWords];
                foreach (var pick in orders.SelectMany(o => o.Picks)) floor.Mark(pick.Location, mask);
                best[set] = Math.Min(best[set], best[set & ~batch] + tour.Of(mask));
            }
        }

        return best[^1];
    }
}
