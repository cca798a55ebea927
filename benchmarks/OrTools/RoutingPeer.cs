using Fulfillment.Planning;
using Fulfillment.Planning.Batching;
using Fulfillment.Planning.Routing;
using Google.OrTools.ConstraintSolver;
using Google.Protobuf.WellKnownTypes;

namespace Fulfillment.OrTools;

/// <summary>
/// Order batching as OR-Tools' routing library takes it: a vehicle routing problem whose nodes are orders. Going from
/// the depot to an order costs half its own tour, from order i to j what j adds to i's tour, shared evenly
/// (c(ij) - (c(i) + c(j)) / 2), so that carts of one and two orders cost exactly their tours and larger ones nearly.
/// Savings, then guided local search, as its own guide has it. Every solution on the way is priced by exact tours, and
/// the best of them counts: the peer is not judged by its approximation. The one that it returns as its best, which is
/// what a user would walk, is priced beside it.
/// </summary>
internal static class RoutingPeer
{
    internal static (long BestMm, long ReturnedMm) Plan(PlanningProblem problem, int seconds)
    {
        var pool = new Pool(problem);
        var orders = pool.Orders;
        var cost = Costs(pool);
        var vehicles = pool.FirstComeFirstServed().Count + 2;
        using var manager = new RoutingIndexManager(orders + 1, vehicles, 0);
        using var routing = new RoutingModel(manager);
        var transit = routing.RegisterTransitCallback(
            (from, to) => cost[manager.IndexToNode(from), manager.IndexToNode(to)]);
        routing.SetArcCostEvaluatorOfAllVehicles(transit);
        var load = routing.RegisterUnaryTransitCallback(
            index => manager.IndexToNode(index) is var node && node == 0 ? 0 : pool.Loads[node - 1]);
        routing.AddDimension(load, 0, problem.Cart.LoadMax, true, "load");
        var count = routing.RegisterUnaryTransitCallback(index => manager.IndexToNode(index) == 0 ? 0 : 1);
        routing.AddDimension(count, 0, problem.Cart.OrdersMax, true, "orders");
        var best = long.MaxValue;
        routing.AddAtSolutionCallback(() =>
            best = Math.Min(best, ExactMm(pool, manager, routing, next => next.Value())));
        var parameters = operations_research_constraint_solver.DefaultRoutingSearchParameters();
        parameters.FirstSolutionStrategy = FirstSolutionStrategy.Types.Value.Savings;
        parameters.LocalSearchMetaheuristic = LocalSearchMetaheuristic.Types.Value.GuidedLocalSearch;
        parameters.TimeLimit = new Duration { Seconds = seconds };
        using var solution = routing.SolveWithParameters(parameters);
        return (best, solution is null ? best : ExactMm(pool, manager, routing, next => solution.Value(next)));
    }

    private static long[,] Costs(Pool pool)
    {
        var orders = pool.Orders;
        var cost = new long[orders + 1, orders + 1];
        var tour = TourCost.For(pool.Floor);
        var merged = new ulong[pool.Floor.MaskWords];
        for (var i = 0; i < orders; i++)
        {
            cost[0, i + 1] = cost[i + 1, 0] = pool.Alone[i] / 2;
            for (var j = 0; j < orders; j++)
            {
                if (i == j) continue;
                pool.MaskOf(i).CopyTo(merged);
                Mask.Add(merged, pool.MaskOf(j));
                cost[i + 1, j + 1] = tour.Of(merged) - (pool.Alone[i] + pool.Alone[j]) / 2;
            }
        }

        return cost;
    }

    private static long ExactMm(
        Pool pool, RoutingIndexManager manager, RoutingModel routing, Func<IntVar, long> valueOf)
    {
        var total = 0L;
        for (var v = 0; v < routing.Vehicles(); v++)
        {
            var batch = new List<int>();
            var at = valueOf(routing.NextVar(routing.Start(v)));
            for (; !routing.IsEnd(at); at = valueOf(routing.NextVar(at))) batch.Add(manager.IndexToNode(at) - 1);
            if (batch.Count > 0) total += pool.CostOf(batch);
        }

        return total;
    }
}
