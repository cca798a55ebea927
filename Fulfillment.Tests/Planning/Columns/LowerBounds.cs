using Fulfillment.Planning;
using Fulfillment.Planning.Columns;
using Xunit;

namespace Fulfillment.Tests.Planning.Columns;

/// <summary>What column generation says of a pool, against every way there is to batch it.</summary>
public class LowerBounds
{
    private const long Plenty = 50_000_000;

    [Fact]
    public void No_bound_is_above_brute_force_and_a_proof_is_of_the_shortest_plan()
    {
        var random = new Random(61);
        var proved = 0;
        for (var i = 0; i < 60; i++)
        {
            var problem = RandomPools.Pool(random, RandomPools.Layout(random, 1 + i % 2), random.Next(2, 10));
            var pool = new Fulfillment.Planning.Batching.Pool(problem);
            int[] orders = [.. Enumerable.Range(0, pool.Orders)];
            var shortest = BruteForce.ShortestMm(problem);
            var whole = new WholePool(pool, orders);

            var better = whole.Advance(2 * shortest, null, Plenty, Plenty);

            Assert.InRange(whole.BoundMm, 1, shortest);
            if (!whole.IsProof) continue;
            proved++;
            Assert.Equal(shortest, whole.BoundMm);
            Assert.Equal(shortest, better!.Sum(b => (long)pool.CostOf(b)));
            Assert.Equal(orders, better!.SelectMany(b => b).Order());
        }

        Assert.Equal(60, proved);
    }

    [Fact]
    public void Of_a_plan_that_is_the_shortest_it_proves_that_and_finds_none_better()
    {
        var random = new Random(62);
        for (var i = 0; i < 30; i++)
        {
            var problem = RandomPools.Pool(random, RandomPools.Layout(random, 1), random.Next(4, 9));
            var pool = new Fulfillment.Planning.Batching.Pool(problem);
            var shortest = BruteForce.ShortestMm(problem);
            var whole = new WholePool(pool, [.. Enumerable.Range(0, pool.Orders)]);

            Assert.Null(whole.Advance(shortest, null, Plenty, Plenty));
            Assert.True(whole.IsProof);
            Assert.Equal(shortest, whole.BoundMm);
        }
    }

    [Fact]
    public void A_search_that_goes_on_in_small_steps_never_says_too_much()
    {
        var random = new Random(63);
        for (var i = 0; i < 15; i++)
        {
            var problem = RandomPools.Pool(random, RandomPools.Layout(random, 1), random.Next(6, 10));
            var pool = new Fulfillment.Planning.Batching.Pool(problem);
            var shortest = BruteForce.ShortestMm(problem);
            var whole = new WholePool(pool, [.. Enumerable.Range(0, pool.Orders)]);
            var (upper, bound) = (2 * shortest, 0L);
            for (var share = 200L; share < 1_000_000; share *= 2)
            {
                if (whole.Advance(upper, null, share, Plenty) is { } better)
                    upper = better.Sum(b => (long)pool.CostOf(b));
                Assert.InRange(whole.BoundMm, bound, shortest);
                bound = whole.BoundMm;
                if (whole.IsProof) Assert.Equal(shortest, upper);
            }

            Assert.True(whole.IsProof);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_bound_that_goes_with_a_plan_is_no_longer_than_the_shortest(int blocks)
    {
        var random = new Random(64 + blocks);
        for (var i = 0; i < 10; i++)
        {
            var problem = RandomPools.Pool(random, RandomPools.Layout(random, blocks), random.Next(5, 10));
            var shortest = BruteForce.ShortestMm(problem);
            foreach (var units in (ReadOnlySpan<long>)[200_000, 1_000_000, 4_000_000])
            {
                var plan = Assert.IsType<PlanningOutcome.Planned>(
                    OptimizedPlanner.Plan(problem, new Budget(units), seed: 3)).Plan;

                Assert.InRange(plan.LowerBound.Value, 1, shortest);
                Assert.InRange(plan.Distance.Value, shortest, long.MaxValue);
            }
        }
    }
}
