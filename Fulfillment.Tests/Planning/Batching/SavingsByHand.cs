using Fulfillment.Planning;
using Fulfillment.Planning.Batching;
using Fulfillment.Planning.Routing;
using Xunit;

namespace Fulfillment.Tests.Planning.Batching;

/// <summary>The savings with their heap and neighbour lists against the same rule written without either.</summary>
public class SavingsByHand
{
    [Fact]
    public void The_largest_saving_is_merged_first_again_and_again_until_nothing_is_saved()
    {
        var random = new Random(1964);
        for (var i = 0; i < 8; i++)
        {
            var layout = RandomPools.Layout(random, 1);
            var pool = new Fulfillment.Planning.Batching.Pool(RandomPools.Pool(random, layout, random.Next(1, 16)));

            var (batches, units) = Savings.Build(pool, new Neighbours(pool));

            var (plain, looks) = Plainly(pool);
            Assert.Equal(plain.Select(b => string.Join(' ', b)), batches.Select(b => string.Join(' ', b)));
            Assert.Equal(looks * TourCost.For(pool.Floor).Units, units);
        }
    }

    [Theory]
    [InlineData(6, 2, 1)]
    [InlineData(5, 2, 2)] // too heavy together
    [InlineData(6, 1, 2)] // too many together
    public void Two_orders_of_one_aisle_share_a_cart_that_just_holds_them(int loadMax, int ordersMax, int tours)
    {
        var pool = PoolOf(new Cart(loadMax, ordersMax), (0, 10, 3), (0, 20, 3));
        Assert.Equal(tours, Savings.Build(pool, new Neighbours(pool)).Batches.Count);
    }

    private static (List<List<int>> Batches, long Looks) Plainly(Fulfillment.Planning.Batching.Pool pool)
    {
        var looks = 0L;
        var batches = Enumerable.Range(0, pool.Orders).Select(o => new List<int> { o }).ToList();
        int? changed = null;
        while (true)
        {
            var best = (Saving: 0, A: -1, B: -1);
            for (var a = 0; a < batches.Count; a++)
            {
                for (var b = a + 1; b < batches.Count; b++)
                {
                    List<int> both = [.. batches[a], .. batches[b]];
                    if (batches[a].Count == 0 || batches[b].Count == 0 || both.Count > pool.Problem.Cart.OrdersMax
                        || both.Sum(o => pool.Loads[o]) > pool.Problem.Cart.LoadMax) continue;
                    if (changed is null || changed == a || changed == b) looks++;
                    var saving = pool.CostOf(batches[a]) + pool.CostOf(batches[b]) - pool.CostOf(both);
                    if (saving > best.Saving) best = (saving, a, b);
                }
            }

            if (best.Saving == 0) return ([.. batches.Where(b => b.Count > 0)], looks);
            batches[best.A].AddRange(batches[best.B]);
            batches[best.B].Clear();
            changed = best.A;
        }
    }

    private static Fulfillment.Planning.Batching.Pool PoolOf(
        Cart cart, params (int Aisle, int Bay, int Load)[] orders) =>
        new(new PlanningProblem
        {
            Layout = WarehouseLayout.Default,
            Orders = [.. orders.Select((o, i) =>
                new PlanningOrder(new OrderKey(i), [new Pick(new Location(o.Aisle, o.Bay), 1, o.Load)]))],
            Cart = cart,
        });
}
