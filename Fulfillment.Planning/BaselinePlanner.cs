using Fulfillment.Planning.Batching;
using Fulfillment.Planning.Routing;

namespace Fulfillment.Planning;

/// <summary>
/// What a floor runs without software: first come first served, carts filled as far as the next order fits, S-shape
/// routes. The yardstick for <see cref="OptimizedPlanner"/>, and the plan while the toggle is off.
/// </summary>
public static class BaselinePlanner
{
    public static PlanningOutcome Plan(PlanningProblem problem, RoutePolicy policy = RoutePolicy.SShape)
    {
        if (Admission.Refuse(problem) is { } refused) return refused;
        var pool = new Pool(problem);
        return new PlanningOutcome.Planned(Plan(pool, policy));
    }

    internal static Plan Plan(Pool pool, RoutePolicy policy)
    {
        var batches = pool.FirstComeFirstServed();
        var walk = new Walk(pool.Floor);
        var mask = new ulong[pool.Floor.MaskWords];
        var tours = new List<Tour>(batches.Count);
        foreach (var batch in batches)
        {
            Array.Clear(mask);
            foreach (var o in batch) Mask.Add(mask, pool.MaskOf(o));
            tours.Add(walk.Tour([.. batch.Select(o => pool.Problem.Orders[o])], HeuristicRoutes.Line(pool.Floor, mask,
                policy)));
        }

        return new Plan
        {
            Tours = tours,
            Distance = new(tours.Sum(t => t.Distance.Value)),
            LateOrders = new Deadlines(pool).LateIn(batches, [.. tours.Select(t => t.Distance.Value)]),
            LowerBound = pool.LowerBound(),
            Algorithm = $"first-come-first-served/{policy}",
        };
    }
}
