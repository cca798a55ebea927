using Fulfillment.Planning;
using Fulfillment.Planning.Batching;
using Xunit;

namespace Fulfillment.Tests.Planning.Batching;

/// <summary>Orders of one pick each in aisle 0 of the default floor: bay b and back is 2 * (1500 + 1000 b)
/// mm.</summary>
public class ClosingACart
{
    [Fact]
    public void The_lightest_cart_is_spread_over_the_others_where_it_costs_least()
    {
        // Loads 6, 6 and 2 on carts of 8: fourteen is too much for one cart and fits two.
        var batches = Start([(10, 6), (5, 6), (4, 2)], [[0], [1], [2]], cartLoad: 8);
        Assert.Equal(23_000 + 13_000 + 11_000, batches.TotalMm);

        Assert.True(CloseCart.TryApply(batches));

        // Bay 4 is on the way of both; the first of equals takes it.
        Assert.Equal(batches.Of[0], batches.Of[2]);
        Assert.Equal(23_000 + 13_000, batches.TotalMm);
        Assert.Equal(0, batches.Overload);
    }

    [Fact]
    public void What_does_not_fit_overloads_the_others_and_is_said_to()
    {
        var batches = Start([(10, 5), (5, 5), (4, 3), (3, 3)], [[0], [1], [2], [3]], cartLoad: 8);
        Assert.True(CloseCart.TryApply(batches));
        Assert.True(CloseCart.TryApply(batches));
        Assert.Equal(0, batches.Overload);
        Assert.False(CloseCart.TryApply(batches), "sixteen needs two carts of eight");

        batches = Start([(10, 5), (5, 5), (4, 5)], [[0], [1], [2]], cartLoad: 8);
        Assert.True(CloseCart.TryApply(batches));
        Assert.Equal(2, batches.Overload);
    }

    [Fact]
    public void A_plan_with_as_few_carts_as_its_load_needs_is_left_as_it_is()
    {
        var batches = Start([(10, 8), (5, 1)], [[0], [1]], cartLoad: 8);
        Assert.False(CloseCart.TryApply(batches));
        Assert.Equal(23_000 + 13_000, batches.TotalMm);

        batches = Start([(10, 7), (5, 1)], [[0], [1]], cartLoad: 8);
        Assert.True(CloseCart.TryApply(batches));
        Assert.Equal(23_000, batches.TotalMm);
    }

    [Fact]
    public void The_carts_a_pool_needs_at_least_follow_from_its_load_and_from_its_orders()
    {
        Assert.Equal(2, Start([(1, 8), (1, 8)], [[0], [1]], cartLoad: 8).Pool.CartsLeast);
        Assert.Equal(3, Start([(1, 8), (1, 8), (1, 1)], [[0], [1], [2]], cartLoad: 8).Pool.CartsLeast);
        Assert.Equal(1, Start([(1, 1), (1, 1)], [[0], [1]], cartLoad: 8, cartOrders: 2).Pool.CartsLeast);
        Assert.Equal(2, Start([(1, 1), (1, 1), (1, 1)], [[0], [1], [2]], cartLoad: 8, cartOrders: 2).Pool.CartsLeast);
    }

    private static Batches Start(
        (int Bay, int Load)[] picks, List<List<int>> start, int cartLoad, int cartOrders = 8)
    {
        var problem = new PlanningProblem
        {
            Layout = WarehouseLayout.Default,
            Cart = new Cart(cartLoad, cartOrders),
            Orders = [.. picks.Select((p, i) => new PlanningOrder(
                new OrderKey(i), [new Pick(new Location(0, p.Bay), 1, p.Load)]))],
        };
        var batches = new Batches(new Fulfillment.Planning.Batching.Pool(problem), seed: 1);
        batches.Start(start);
        return batches;
    }
}
