using Fulfillment.Planning;

namespace Fulfillment.Bench.Planner;

/// <summary>How many work units this machine does in a second, on a generated pool of the usual size.</summary>
internal static class Calibration
{
    private const long WarmUpUnits = 20_000_000;
    private const long MeasuredUnits = 30_000_000;

    internal static long UnitsPerSecond(TimeProvider clock)
    {
        var problem = GeneratedPool(new Random(60), orders: 60);
        OptimizedPlanner.Plan(problem, new Budget(WarmUpUnits), seed: 1);
        var start = clock.GetTimestamp();
        var plan = ((PlanningOutcome.Planned)OptimizedPlanner.Plan(problem, new Budget(MeasuredUnits), seed: 2)).Plan;
        return (long)(plan.UnitsSpent / clock.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>A look-alike of the literature's pools: the default floor, 5 to 25 lines an order, a cart of
    /// 45.</summary>
    internal static PlanningProblem GeneratedPool(Random random, int orders)
    {
        var layout = WarehouseLayout.Default;
        return new PlanningProblem
        {
            Layout = layout,
            Orders = [.. Enumerable.Range(0, orders).Select(i => new PlanningOrder(
                new OrderKey(i),
                [.. Enumerable.Range(0, random.Next(5, 26)).Select(l => new Pick(
                    new Location(random.Next(layout.Aisles), random.Next(layout.Bays), (Side)random.Next(2)), 1, 1,
                        l))]))],
        };
    }
}
