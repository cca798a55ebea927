namespace Fulfillment.Planning;

/// <summary>Why a pool was not planned.</summary>
public enum Refusal
{
    NoOrders,
    TooManyOrders,
    TooManyPicks,
    DuplicateOrder,
    OrderWithoutPicks,
    LocationOffTheLayout,
    QuantityNotPositive,
    LoadNegative,
    OrderHeavierThanCart,
    CartHoldsNothing,
    PaceNotPositive,
    BudgetNotPositive,
}

/// <summary>Says whether a pool can be planned. Pure; the planners ask it first and trust the problem
/// afterwards.</summary>
public static class Admission
{
    /// <summary>The first reason to refuse the pool with the orders it holds for, or null when it can be
    /// planned.</summary>
    public static PlanningOutcome.Refused? Refuse(PlanningProblem problem)
    {
        if (problem.Cart.LoadMax < 1 || problem.Cart.OrdersMax < 1) return new(Refusal.CartHoldsNothing, []);
        var pace = problem.Pace;
        if (pace.WalkingMmPerSecond < 1 || pace.SecondsPerPick < 0 || pace.SecondsPerTour < 0 || pace.Pickers < 1)
            return new(Refusal.PaceNotPositive, []);
        if (problem.Orders.Count == 0) return new(Refusal.NoOrders, []);
        if (problem.Orders.Count > PlanningProblem.OrdersMax) return new(Refusal.TooManyOrders, []);
        if (problem.Orders.Sum(o => (long)o.Picks.Count) > PlanningProblem.PicksMax) return new(Refusal.TooManyPicks,
            []);

        var seen = new HashSet<OrderKey>();
        return RefuseWhere(problem, Refusal.DuplicateOrder, o => !seen.Add(o.Key))
            ?? RefuseWhere(problem, Refusal.OrderWithoutPicks, o => o.Picks.Count == 0)
            ?? RefuseWhere(problem, Refusal.LocationOffTheLayout,
                o => o.Picks.Any(p => !problem.Layout.Holds(p.Location)))
            ?? RefuseWhere(problem, Refusal.QuantityNotPositive, o => o.Picks.Any(p => p.Quantity < 1))
            ?? RefuseWhere(problem, Refusal.LoadNegative, o => o.Picks.Any(p => p.Load < 0))
            ?? RefuseWhere(problem, Refusal.OrderHeavierThanCart, o => o.Load > problem.Cart.LoadMax);
    }

    private static PlanningOutcome.Refused? RefuseWhere(
        PlanningProblem problem, Refusal reason, Func<PlanningOrder, bool> holds)
    {
        var keys = problem.Orders.Where(holds).Select(o => o.Key).ToArray();
        return keys.Length == 0 ? null : new(reason, keys);
    }
}
