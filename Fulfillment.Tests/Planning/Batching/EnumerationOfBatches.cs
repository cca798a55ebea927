using Fulfillment.Planning;
using Fulfillment.Planning.Batching;
using Xunit;

namespace Fulfillment.Tests.Planning.Batching;

/// <summary>Of fifty light orders there are more sets than anybody can look at, and most make no batch.</summary>
public class EnumerationOfBatches
{
    private static readonly int[] Fifty = [.. Enumerable.Range(0, 50)];

    [Fact]
    public void It_ends_with_its_units_where_no_set_has_the_least_load()
    {
        var batches = new FeasibleBatches(PoolOf(loadOfEach: 2));

        // An even load never comes to 45, and every set below it would be looked at.
        Assert.False(batches.TryEnumerate(Fifty, 45, 1_000, 100_000));

        Assert.Equal(0, batches.Count);
        Assert.InRange(batches.Units, 100_000, 100_001);
    }

    [Fact]
    public void It_looks_at_no_set_that_all_the_orders_left_cannot_bring_to_the_least_load()
    {
        var batches = new FeasibleBatches(PoolOf(loadOfEach: 1));

        Assert.True(batches.TryEnumerate(Fifty.AsSpan(0, 44), 45, 1_000, 100_000));
        Assert.Equal((0, 0), (batches.Count, batches.Units));

        // 45 of 45 is one set, and the way to it is as long as it is.
        Assert.True(batches.TryEnumerate(Fifty.AsSpan(0, 45), 45, 1_000, 100_000));
        Assert.Equal(1, batches.Count);
    }

    [Fact]
    public void A_plan_of_light_orders_keeps_to_its_budget()
    {
        var problem = Problem(loadOfEach: 2);

        var plan = Assert.IsType<PlanningOutcome.Planned>(
            OptimizedPlanner.Plan(problem, new Budget(5_000_000), seed: 1)).Plan;

        Assert.InRange(plan.UnitsSpent, 1, 6_000_000);
        Assert.Empty(PlanVerifier.FaultsIn(problem, plan));
    }

    private static Fulfillment.Planning.Batching.Pool PoolOf(int loadOfEach) => new(Problem(loadOfEach));

    private static PlanningProblem Problem(int loadOfEach)
    {
        var random = new Random(7);
        var layout = RandomPools.Layout(random, 1, aislesMax: 10);
        return new PlanningProblem
        {
            Layout = layout,
            Cart = new Cart(45, 45),
            Orders = [.. Fifty.Select(i => new PlanningOrder(
                new OrderKey(i), [new Pick(RandomPools.Place(random, layout), 1, loadOfEach, 0)], null))],
            Pace = new FloorPace { Pickers = 3 },
        };
    }
}
