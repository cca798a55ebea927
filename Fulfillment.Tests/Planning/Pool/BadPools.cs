using Fulfillment.Planning;
using Xunit;

namespace Fulfillment.Tests.Planning.Pool;

public class BadPools
{
    private static readonly PlanningOrder Good = new(new OrderKey(1), [new Pick(new Location(0, 0), 1, 1)]);
    private static readonly PlanningProblem Fine = new() { Layout = WarehouseLayout.Default, Orders = [Good] };

    public static TheoryData<Refusal, PlanningProblem> Refused => new()
    {
        { Refusal.NoOrders, Fine with { Orders = [] } },
        { Refusal.DuplicateOrder, Fine with { Orders = [Good, Good] } },
        { Refusal.OrderWithoutPicks, Fine with { Orders = [Good with { Picks = [] }] } },
        { Refusal.LocationOffTheLayout, With(new Pick(new Location(10, 0), 1, 1)) },
        { Refusal.LocationOffTheLayout, With(new Pick(new Location(0, 45), 1, 1)) },
        { Refusal.LocationOffTheLayout, With(new Pick(new Location(0, -1), 1, 1)) },
        { Refusal.QuantityNotPositive, With(new Pick(new Location(0, 0), 0, 1)) },
        { Refusal.LoadNegative, With(new Pick(new Location(0, 0), 1, -1)) },
        { Refusal.OrderHeavierThanCart, With(new Pick(new Location(0, 0), 46, 46)) },
        { Refusal.CartHoldsNothing, Fine with { Cart = new Cart(0, 1) } },
        { Refusal.CartHoldsNothing, Fine with { Cart = new Cart(1, 0) } },
        { Refusal.PaceNotPositive, Fine with { Pace = new FloorPace { WalkingMmPerSecond = 0 } } },
        { Refusal.PaceNotPositive, Fine with { Pace = new FloorPace { Pickers = 0 } } },
        { Refusal.TooManyOrders, Fine with { Orders = Numbered(PlanningProblem.OrdersMax + 1) } },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public void A_pool_that_cannot_be_planned_is_refused_by_name_by_both_planners(Refusal reason,
        PlanningProblem problem)
    {
        Assert.Equal(reason, Assert.IsType<PlanningOutcome.Refused>(BaselinePlanner.Plan(problem)).Reason);
        Assert.Equal(reason, Assert.IsType<PlanningOutcome.Refused>(OptimizedPlanner.Plan(problem, new Budget(1),
            1)).Reason);
    }

    [Fact]
    public void A_refusal_names_the_orders_at_fault_and_only_those()
    {
        var heavy = new PlanningOrder(new OrderKey(7), [new Pick(new Location(0, 0), 1, 46)]);
        var refused = Assert.IsType<PlanningOutcome.Refused>(
            OptimizedPlanner.Plan(Fine with { Orders = [Good, heavy] }, new Budget(1), 1));
        Assert.Equal([new OrderKey(7)], refused.Orders);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    public void A_budget_of_nothing_is_refused(long units) =>
        Assert.Equal(
            Refusal.BudgetNotPositive,
            Assert.IsType<PlanningOutcome.Refused>(OptimizedPlanner.Plan(Fine, new Budget(units), 1)).Reason);

    [Fact]
    public void The_limits_themselves_are_allowed()
    {
        Assert.Null(Admission.Refuse(Fine with { Orders = Numbered(PlanningProblem.OrdersMax) }));
        Assert.Null(Admission.Refuse(With(new Pick(new Location(9, 44, Side.Right), 1, 45))));
    }

    [Fact]
    public void A_pool_in_which_nothing_can_move_still_ends()
    {
        var plan = Assert.IsType<PlanningOutcome.Planned>(OptimizedPlanner.Plan(Fine, new Budget(10_000), 1)).Plan;
        Assert.Empty(PlanVerifier.FaultsIn(Fine, plan));
        Assert.Equal(3_000, plan.Distance.Value);
    }

    private static PlanningProblem With(Pick pick) => Fine with { Orders = [Good with { Picks = [pick] }] };

    private static PlanningOrder[] Numbered(int count) =>
        [.. Enumerable.Range(0, count).Select(i => Good with { Key = new OrderKey(i) })];
}
