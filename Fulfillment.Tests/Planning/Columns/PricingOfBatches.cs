using Fulfillment.Planning.Columns;
using Fulfillment.Planning.Routing;
using Xunit;

namespace Fulfillment.Tests.Planning.Columns;

/// <summary>What the search over batches finds, against all subsets of orders.</summary>
public class PricingOfBatches
{
    [Fact]
    public void It_finds_every_batch_below_a_reduced_cost_and_no_other()
    {
        var random = new Random(71);
        for (var i = 0; i < 90; i++)
        {
            var problem = RandomPools.Pool(random, RandomPools.Layout(random, 1 + i % 2), random.Next(1, 10));
            if (i % 3 == 0) problem = problem with { Cart = problem.Cart with { OrdersMax = random.Next(1, 4) } };
            var pool = new Fulfillment.Planning.Batching.Pool(problem);
            int[] orders = [.. Enumerable.Range(0, pool.Orders)];
            var loadMin = i % 2 == 0 ? 0 : random.Next(12);
            var pricing = new BatchPricing(pool, orders) { LoadMin = loadMin };
            var prices = RandomPrices(random, pool.Alone);
            var triples = TriplesOf(random, pool.Orders);
            var threshold = random.Next(-2_000, 8_000) * (long)Prices.Scale;

            pricing.Use(prices, triples);
            var found = new Dictionary<OrderSet, (int Cost, long Reduced)>();
            for (var rank = 0; rank < orders.Length; rank++)
            {
                Assert.True(pricing.TryBranch(rank, threshold, 10_000_000, (set, cost, reduced) =>
                {
                    Assert.True(found.TryAdd(set, (cost, reduced)));
                    return threshold;
                }));
            }

            var wanted = AllOf(pool, loadMin)
                .Select(b => (b.Set, b.Cost, Reduced: ByHand(prices, triples, b.Set, b.Cost)))
                .Where(b => b.Reduced < threshold)
                .ToDictionary(b => b.Set, b => (b.Cost, b.Reduced));
            Assert.Equal(wanted.Count, found.Count);
            foreach (var (set, batch) in wanted)
            {
                Assert.Equal(batch, found[set]);
                Assert.Equal(batch.Reduced, prices.Reduced(set, batch.Cost, triples));
            }
        }
    }

    [Fact]
    public void A_branch_that_runs_out_of_units_says_so()
    {
        var random = new Random(72);
        var pool = new Fulfillment.Planning.Batching.Pool(
            RandomPools.Pool(random, RandomPools.Layout(random, 1), 9) with { Cart = new(1_000, 8) });
        var pricing = new BatchPricing(pool, [.. Enumerable.Range(0, 9)]);
        pricing.Use(new Prices(), new Triples());
        var (start, taken) = (pricing.Units, 0);

        Assert.True(pricing.TryBranch(0, long.MaxValue / 2, 1_000_000, (_, _, _) =>
        {
            taken++;
            return long.MaxValue / 2;
        }));
        Assert.Equal(1 << 8, taken + 1);

        var all = pricing.Units - start;
        Assert.True(pricing.TryBranch(0, long.MaxValue / 2, all + 1, (_, _, _) => long.MaxValue / 2));
        Assert.False(pricing.TryBranch(0, long.MaxValue / 2, all / 2, (_, _, _) => long.MaxValue / 2));
    }

    [Fact]
    public void The_best_of_a_branch_are_kept_cheapest_first()
    {
        var harvest = new Harvest();
        harvest.Start(2, -10);

        Assert.Equal(-10, harvest.Take(OrderSet.Of(1), 5, -20));
        Assert.Equal(-20, harvest.Take(OrderSet.Of(2), 6, -30));
        Assert.Equal(-30, harvest.Take(OrderSet.Of(3), 7, -40));

        Assert.Equal((2, -40L), (harvest.Count, harvest.Least));
        Assert.Equal((OrderSet.Of(3), 7, -40L), harvest[0]);
        Assert.Equal((OrderSet.Of(2), 6, -30L), harvest[1]);
    }

    private static Prices RandomPrices(Random random, int[] alone)
    {
        var prices = new Prices { Cart = random.Next(-3_000, 3_000) * Prices.Scale };
        for (var o = 0; o < alone.Length; o++)
            prices.Orders[o] = random.Next(5) == 0 ? 0 : (long)(random.NextDouble() * alone[o] * Prices.Scale);
        for (var t = 0; t < 10; t++) prices.Charges[t] = random.Next(3) * 700L * Prices.Scale;
        return prices;
    }

    private static Triples TriplesOf(Random random, int orders)
    {
        var triples = new Triples();
        if (orders < 3) return triples;
        OrderSet[] halves = [.. Enumerable.Range(0, 6).Select(_ =>
            OrderSet.Of(random.Next(orders)) | OrderSet.Of(random.Next(orders)))];
        triples.TryAdd(halves, [.. halves.Select(_ => 0.6)], orders, 6);
        return triples;
    }

    private static long ByHand(Prices prices, Triples triples, OrderSet set, int cost)
    {
        var reduced = cost * (long)Prices.Scale - prices.Cart;
        for (var o = 0; o < OrderSet.Most; o++) reduced -= set.Holds(o) ? prices.Orders[o] : 0;
        for (var t = 0; t < triples.Count; t++)
            reduced += Enumerable.Range(0, OrderSet.Most).Count(o => set.Holds(o) && triples[t].Holds(o)) >= 2
                ? prices.Charges[t] : 0;
        return reduced;
    }

    private static IEnumerable<(OrderSet Set, int Cost)> AllOf(Fulfillment.Planning.Batching.Pool pool, int loadMin)
    {
        var cost = TourCost.For(pool.Floor);
        for (var bits = 1; bits < 1 << pool.Orders; bits++)
        {
            int[] orders = [.. Enumerable.Range(0, pool.Orders).Where(o => (bits >> o & 1) == 1)];
            var load = orders.Sum(o => pool.Loads[o]);
            if (load < loadMin || load > pool.Problem.Cart.LoadMax) continue;
            if (orders.Length > pool.Problem.Cart.OrdersMax) continue;
            var mask = new ulong[pool.Floor.MaskWords];
            foreach (var o in orders) Mask.Add(mask, pool.MaskOf(o));
            yield return (new OrderSet((ulong)bits, 0), cost.Of(mask));
        }
    }
}
