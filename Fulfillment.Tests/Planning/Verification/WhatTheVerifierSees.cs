using Fulfillment.Planning;
using Xunit;

namespace Fulfillment.Tests.Planning.Verification;

/// <summary>A good plan is spoilt in one way at a time, and the verifier must name each.</summary>
public class WhatTheVerifierSees
{
    private static readonly PlanningProblem Problem = RandomPools.Pool(new Random(3), WarehouseLayout.Default, 12,
        dated: true);

    // Planned anew each time: the mutation run asks one process about many planners.
    private static Plan Good =>
        Assert.IsType<PlanningOutcome.Planned>(OptimizedPlanner.Plan(Problem, new Budget(10_000), 1)).Plan;

    private static Tour First => Good.Tours[0];

    public static TheoryData<PlanFault, Plan> Spoilt => new()
    {
        { PlanFault.OrderMissing, Good with { Tours = [.. Good.Tours.Skip(1)] } },
        { PlanFault.OrderTwice, Good with { Tours = [.. Good.Tours, First] } },
        { PlanFault.OrderUnknown, WithFirst(First with { Orders = [.. First.Orders, new OrderKey(999_999)] }) },
        { PlanFault.PickNotAsOrdered, WithFirst(First with { Stops = [.. First.Stops.Skip(1)] }) },
        { PlanFault.PickNotAsOrdered, WithFirst(First with { Stops = [WithMore(First.Stops[0]),
            .. First.Stops.Skip(1)] }) },
        { PlanFault.StopTwice, WithFirst(First with { Stops = [First.Stops[0], .. First.Stops] }) },
        { PlanFault.StopOffTheLayout, WithFirst(First with { Stops = [First.Stops[0] with { Location = new(0, 99) },
            .. First.Stops.Skip(1)] }) },
        { PlanFault.LegNotWalkable, WithFirst(First with { Turns = [] }) },
        { PlanFault.TourDistanceWrong, WithFirst(First with { Distance = First.Distance - new Millimetres(1) }) },
        { PlanFault.TotalDistanceWrong, Good with { Distance = Good.Distance - new Millimetres(1) } },
        { PlanFault.TourLoadWrong, WithFirst(First with { Load = First.Load + 1 }) },
        { PlanFault.LateOrdersWrong, Good with { LateOrders = Good.LateOrders + 1 } },
        { PlanFault.BoundAboveDistance, Good with { LowerBound = Good.Distance + new Millimetres(1) } },
    };

    [Theory]
    [MemberData(nameof(Spoilt), DisableDiscoveryEnumeration = true)]
    public void A_spoilt_plan_is_named_for_what_is_wrong(PlanFault fault, Plan plan) =>
        Assert.Contains(PlanVerifier.FaultsIn(Problem, plan), c => c.Fault == fault);

    [Fact]
    public void A_good_plan_passes() => Assert.Empty(PlanVerifier.FaultsIn(Problem, Good));

    [Fact]
    public void A_cart_that_cannot_hold_the_tour_is_seen()
    {
        var small = Problem with
        {
            Cart = new Cart((int)Good.Tours.Max(t => t.Load) - 1,
            Good.Tours.Max(t => t.Orders.Count) - 1)
        };
        var faults = PlanVerifier.FaultsIn(small, Good);
        Assert.Contains(faults, c => c.Fault == PlanFault.CartOverloaded);
        Assert.Contains(faults, c => c.Fault == PlanFault.TooManyOrdersInCart);
    }

    private static Plan WithFirst(Tour tour) => Good with { Tours = [tour, .. Good.Tours.Skip(1)] };

    private static Stop WithMore(Stop stop) =>
        stop with { Picks = [stop.Picks[0] with { Quantity = 99 }, .. stop.Picks.Skip(1)] };
}
