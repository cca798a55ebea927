using Fulfillment.Planning.Batching;
using Fulfillment.Planning.Routing;

namespace Fulfillment.Planning;

/// <summary>
/// Joint order batching and picker routing: exact routes, savings, then an anytime search. Fewest late orders first,
/// then distance; never worse than <see cref="BaselinePlanner"/> on the same pool in that order.
/// </summary>
public static class OptimizedPlanner
{
    /// <summary>Plans the pool. Pure: the same problem, budget and seed give the same plan, byte for byte.</summary>
    /// <remarks>The search ends early when a plan without late orders is no longer than <c>stopAtMm</c> (a known
    /// optimum).</remarks>
    public static PlanningOutcome Plan(
        PlanningProblem problem, Budget budget, ulong seed, long stopAtMm = 0, CancellationToken stop = default)
    {
        if (Admission.Refuse(problem) is { } refused) return refused;
        if (budget.Units < 1) return new PlanningOutcome.Refused(Refusal.BudgetNotPositive, []);
        var pool = new Pool(problem);
        var search = new Search(pool, seed, stopAtMm);
        search.Run(budget, stop);
        return new PlanningOutcome.Planned(PlanOf(pool, search, seed));
    }

    private static Plan PlanOf(Pool pool, Search search, ulong seed)
    {
        var (batches, distances) = search.Best();
        var order = search.Deadlines.Sequence(batches, distances, out var late);
        var walk = new Walk(pool.Floor);
        var exact = new ExactRoute(pool.Floor);
        var mask = new ulong[pool.Floor.MaskWords];
        var tours = new List<Tour>(batches.Count);
        foreach (var b in order)
        {
            Array.Clear(mask);
            foreach (var o in batches[b]) Mask.Add(mask, pool.MaskOf(o));
            tours.Add(walk.Tour([.. batches[b].Select(o => pool.Problem.Orders[o])], exact.LineOver(mask)));
        }

        return new Plan
        {
            Tours = tours,
            Distance = new(tours.Sum(t => t.Distance.Value)),
            LateOrders = late,
            LowerBound = new(Math.Max(pool.LowerBound().Value, search.BoundMm)),
            Algorithm = search.Algorithm,
            Seed = seed,
            UnitsSpent = search.UnitsSpent,
        };
    }
}
