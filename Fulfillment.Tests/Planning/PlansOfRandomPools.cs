using System.Text.Json;
using Fulfillment.Planning;
using Fulfillment.Planning.Routing;
using Xunit;

namespace Fulfillment.Tests.Planning;

public class PlansOfRandomPools
{
    private const int Cases = 150;

    [Fact]
    public void Every_plan_passes_the_verifier_and_none_is_worse_than_the_baseline()
    {
        var random = new Random(42);
        for (var i = 0; i < Cases; i++)
        {
            var problem = AnyPool(random, i);
            var baseline = Planned(BaselinePlanner.Plan(problem));
            var plan = Planned(OptimizedPlanner.Plan(problem, new Budget(60_000), seed: (ulong)i));

            Assert.Empty(PlanVerifier.FaultsIn(problem, baseline));
            Assert.Empty(PlanVerifier.FaultsIn(problem, plan));
            Assert.True((plan.LateOrders, plan.Distance.Value).CompareTo((baseline.LateOrders,
                baseline.Distance.Value)) <= 0);
        }
    }

    [Theory]
    [InlineData(RoutePolicy.LargestGap)]
    [InlineData(RoutePolicy.Return)]
    [InlineData(RoutePolicy.Midpoint)]
    public void Every_route_policy_walks_to_every_stop_and_no_shorter_than_the_exact_tour(RoutePolicy policy)
    {
        var random = new Random(43);
        for (var i = 0; i < Cases; i++)
        {
            var problem = AnyPool(random, i);
            var plan = Planned(BaselinePlanner.Plan(problem, policy));

            Assert.Empty(PlanVerifier.FaultsIn(problem, plan));
            var constructive = Planned(OptimizedPlanner.Plan(problem, Budget.Constructive, 1));
            Assert.True((constructive.LateOrders, constructive.Distance).CompareTo((plan.LateOrders,
                plan.Distance)) <= 0);
        }
    }

    [Fact]
    public void Doubling_the_budget_never_makes_a_plan_worse()
    {
        var random = new Random(44);
        for (var i = 0; i < 30; i++)
        {
            var problem = AnyPool(random, i);
            (int, long) last = (int.MaxValue, long.MaxValue);
            for (var units = 2_000L; units <= 256_000; units *= 2)
            {
                var plan = Planned(OptimizedPlanner.Plan(problem, new Budget(units), seed: 9));
                Assert.True((plan.LateOrders, plan.Distance.Value).CompareTo(last) <= 0);
                last = (plan.LateOrders, plan.Distance.Value);
            }
        }
    }

    [Fact]
    public void The_same_seed_and_budget_give_the_same_plan_to_the_byte_and_so_do_the_units_spent()
    {
        var random = new Random(45);
        for (var i = 0; i < 30; i++)
        {
            var problem = AnyPool(random, i);
            var plan = Planned(OptimizedPlanner.Plan(problem, new Budget(100_000), seed: 3));
            var again = Planned(OptimizedPlanner.Plan(problem, new Budget(100_000), seed: 3));
            var replayed = Planned(OptimizedPlanner.Plan(problem, new Budget(Math.Max(1, plan.UnitsSpent)), seed: 3));

            Assert.Equal(JsonSerializer.Serialize(plan), JsonSerializer.Serialize(again));
            Assert.Equal(JsonSerializer.Serialize(plan), JsonSerializer.Serialize(replayed));
        }
    }

    [Fact]
    public void Renumbering_the_orders_renumbers_the_plan_and_changes_nothing_else()
    {
        var random = new Random(46);
        for (var i = 0; i < 30; i++)
        {
            var problem = AnyPool(random, i);
            var renumbered = problem with
            {
                Orders = [.. problem.Orders.Select(o => o with { Key = new OrderKey(1_000_000 - o.Key.Id * 7) })],
            };
            var plan = Planned(OptimizedPlanner.Plan(problem, new Budget(50_000), seed: 3));
            var other = Planned(OptimizedPlanner.Plan(renumbered, new Budget(50_000), seed: 3));

            Assert.Equal(plan.Tours.Select(t => t.Distance), other.Tours.Select(t => t.Distance));
            Assert.Equal(
                plan.Tours.SelectMany(t => t.Orders).Select(k => 1_000_000 - k.Id * 7),
                other.Tours.SelectMany(t => t.Orders).Select(k => k.Id));
        }
    }

    [Fact]
    public void Small_pools_are_planned_to_the_optimum_that_brute_force_proves()
    {
        var random = new Random(47);
        for (var i = 0; i < 60; i++)
        {
            var problem = RandomPools.Pool(random, RandomPools.Layout(random, 1 + i % 2), random.Next(1, 8));

            var plan = Planned(OptimizedPlanner.Plan(problem, new Budget(1_000_000), seed: 1));

            Assert.Equal(BruteForce.ShortestMm(problem), plan.Distance.Value);
        }
    }

    private static PlanningProblem AnyPool(Random random, int i) =>
        RandomPools.Pool(random, RandomPools.Layout(random, 1 + i % 3), random.Next(1, 40), dated: i % 2 == 0);

    private static Plan Planned(PlanningOutcome outcome) => Assert.IsType<PlanningOutcome.Planned>(outcome).Plan;
}
