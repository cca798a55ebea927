using System.Text.Json;
using Fulfillment.Planning;
using Fulfillment.Planning.Batching;
using Xunit;

namespace Fulfillment.Tests.Planning.Batching;

public class RepartitionOfPools
{
    [Fact]
    public void A_pool_put_together_anew_is_as_short_as_brute_force_and_its_bound_is_no_longer()
    {
        var random = new Random(48);
        for (var i = 0; i < 60; i++)
        {
            var problem = RandomPools.Pool(random, RandomPools.Layout(random, 1 + i % 2), random.Next(1, 8));
            var pool = new Fulfillment.Planning.Batching.Pool(problem);
            var repartition = new Repartition(pool);
            int[] orders = [.. Enumerable.Range(0, pool.Orders)];

            var batches = repartition.TryImprove(orders, long.MaxValue / 1024, null, 1_000, 10_000_000);

            var shortest = BruteForce.ShortestMm(problem);
            Assert.True(repartition.IsProof);
            Assert.Equal(shortest, batches!.Sum(b => (long)pool.CostOf(b)));
            Assert.Equal(orders, batches!.SelectMany(b => b).Order());
            Assert.InRange(repartition.BoundMm, 1, shortest);
            Assert.Null(repartition.TryImprove(orders, shortest, null, 1_000, 10_000_000));
            Assert.True(repartition.IsProof);
        }
    }

    [Fact]
    public void One_column_fewer_than_there_are_is_too_few_to_enumerate()
    {
        var pool = new Fulfillment.Planning.Batching.Pool(
            RandomPools.Pool(new Random(3), RandomPools.Layout(new Random(3), 1), 7));
        int[] orders = [0, 1, 2, 3, 4, 5, 6];
        var batches = new FeasibleBatches(pool);
        Assert.True(batches.TryEnumerate(orders, 0, 1_000, 1_000_000));
        var all = batches.Count;

        Assert.True(batches.TryEnumerate(orders, 0, all, 1_000_000));
        Assert.False(batches.TryEnumerate(orders, 0, all - 1, 1_000_000));
    }

    [Fact]
    public void A_plan_that_was_proved_shortest_says_so_by_its_bound_and_replays_from_what_it_spent()
    {
        var random = new Random(49);
        for (var i = 0; i < 20; i++)
        {
            var problem = RandomPools.Pool(random, RandomPools.Layout(random, 1), random.Next(8, 14));
            var plan = Planned(problem, 20_000_000);

            Assert.Equal(plan.Distance, plan.LowerBound);
            Assert.Empty(PlanVerifier.FaultsIn(problem, plan));
            Assert.Equal(
                JsonSerializer.Serialize(plan), JsonSerializer.Serialize(Planned(problem, plan.UnitsSpent)));
        }
    }

    [Theory]
    [InlineData(900_000)]
    [InlineData(1_300_000)]
    [InlineData(3_200_000)]
    public void A_search_cut_off_while_it_partitions_replays_from_what_it_spent(long units)
    {
        var random = new Random(50);
        for (var i = 0; i < 10; i++)
        {
            var problem = RandomPools.Pool(random, RandomPools.Layout(random, 1), random.Next(30, 60));
            var plan = Planned(problem, units);

            Assert.Equal(
                JsonSerializer.Serialize(plan), JsonSerializer.Serialize(Planned(problem, plan.UnitsSpent)));
        }
    }

    private static Plan Planned(PlanningProblem problem, long units) =>
        Assert.IsType<PlanningOutcome.Planned>(OptimizedPlanner.Plan(problem, new Budget(units), seed: 5)).Plan;
}
