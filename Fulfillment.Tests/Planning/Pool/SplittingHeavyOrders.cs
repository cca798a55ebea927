using Fulfillment.Planning;
using Xunit;

namespace Fulfillment.Tests.Planning.Pool;

public class SplittingHeavyOrders
{
    private static readonly Cart Cart = new(45, 45);

    [Fact]
    public void An_order_that_fits_is_left_alone()
    {
        var order = new PlanningOrder(new OrderKey(3), [new Pick(new Location(0, 0), 45, 45)]);
        var split = OrderSplitter.Split([order], Cart);
        Assert.Same(order, Assert.Single(split.Orders));
        Assert.Empty(split.Split);
    }

    [Fact]
    public void A_thousand_lines_become_carts_of_forty_five_and_no_unit_is_lost()
    {
        var picks = Enumerable.Range(0, 1_000).Select(i => new Pick(new Location(i % 10, i / 10 % 45), i == 7
            ? 79_996 : 1, 1, i));
        var split = OrderSplitter.Split([new PlanningOrder(new OrderKey(3), [.. picks], ShipBy: 9)], Cart);

        Assert.Equal(23, split.Orders.Count);
        Assert.Equal(split.Orders.Select(o => o.Key), split.Split[3]);
        Assert.All(split.Orders, o => Assert.True(o is { Load: <= 45, ShipBy: 9, Key.Id: 3 }));
        Assert.Equal(Enumerable.Range(0, 1_000), split.Orders.SelectMany(o => o.Picks).Select(p => p.Line).Order());
        Assert.Equal(80_995, split.Orders.SelectMany(o => o.Picks).Sum(p => p.Quantity));
    }

    [Fact]
    public void A_line_heavier_than_a_cart_is_split_by_units()
    {
        var split = OrderSplitter.Split(
            [new PlanningOrder(new OrderKey(1), [new Pick(new Location(2, 2), 100, 100, 4)])], Cart);
        Assert.Equal([45, 45, 10], split.Orders.Select(o => Assert.Single(o.Picks).Quantity));
        Assert.Equal([1, 2, 3], split.Orders.Select(o => o.Key.Part));
    }

    [Fact]
    public void A_unit_that_no_cart_can_carry_is_named_and_not_planned()
    {
        var split = OrderSplitter.Split([new PlanningOrder(new OrderKey(1), [new Pick(new Location(2, 2), 2, 92)])],
            Cart);
        Assert.Empty(split.Orders);
        Assert.Equal([new OrderKey(1)], split.TooHeavy);
    }
}
