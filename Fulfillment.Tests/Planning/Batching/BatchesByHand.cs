using Fulfillment.Planning;
using Fulfillment.Planning.Batching;
using Xunit;

namespace Fulfillment.Tests.Planning.Batching;

/// <summary>
/// The search's partition against what can be counted by hand. On the default floor a bay b of aisle a is
/// 2 * (5000 a + 1500 + 1000 b) mm from the depot and back.
/// </summary>
public class BatchesByHand
{
    [Fact]
    public void A_batch_takes_load_and_orders_up_to_the_carts_limits_and_no_further()
    {
        var batches = Start(new Cart(LoadMax: 10, OrdersMax: 2), [[0], [1]], 6, 4);
        Assert.True(batches.Fits(0, moreOrders: 1, moreLoad: 4));
        Assert.False(batches.Fits(0, 1, 5));
        Assert.False(batches.Fits(0, 2, 0));
        batches.OverloadMax = 3;
        Assert.True(batches.Fits(0, 1, 7));
        Assert.False(batches.Fits(0, 1, 8));
    }

    [Fact]
    public void Overload_is_charged_by_the_unit_from_the_first_one_beyond_the_cart()
    {
        var batches = Start(new Cart(10, 5), [[0], [1]], 8, 7);
        batches.OverloadPriceMm = 100;
        Assert.Equal(0, batches.OverloadCharge(0, 4)); // not while overload is not allowed
        batches.OverloadMax = 1;
        Assert.Equal((0, 200, 0), (batches.OverloadCharge(0, 2), batches.OverloadCharge(0, 4),
            batches.OverloadCharge(0, -8)));

        batches.OverloadMax = 5;
        batches.Insert(Take(batches, 1), 0, 0);

        Assert.Equal((15, 0), (batches.Loads[0], batches.Loads[1]));
        Assert.Equal(5, batches.Overload);
        Assert.Equal((-300, 100), (batches.OverloadCharge(0, -3), batches.OverloadCharge(0, 1)));
        Assert.Equal(-500, batches.OverloadCharge(0, -7));
        batches.Start([[0], [1]]);
        Assert.Equal((0, 0), (batches.Overload, batches.OverloadMax));
    }

    [Fact]
    public void An_answer_that_is_known_costs_three_units_and_a_tour_twenty_more()
    {
        var batches = Start(Cart.Default, [[0], [1]], 1, 1);
        batches.Remember();
        Assert.Equal(0, batches.UnitsSpent); // starting is free
        Assert.Equal(0, batches.CostWith(0, without: 0, with: -1));
        Assert.Equal(3, batches.UnitsSpent);
        Assert.Equal(15_000, batches.CostWith(0, -1, 1)); // bays 5 and 6 of aisle 0
        Assert.Equal(3 + 23, batches.UnitsSpent);
        Assert.Equal(15_000, batches.CostWith(1, -1, 0)); // the same two orders
        Assert.Equal(3 + 23 + 3, batches.UnitsSpent);
        Assert.Equal(15_000, batches.CostWith(0, 0, 1));
        batches.Charge(5);
        Assert.Equal(3 + 23 + 3 + 3 + 5, batches.UnitsSpent);
    }

    [Fact]
    public void Twenty_batches_are_opened_one_after_another_and_one_of_twenty_orders_grows()
    {
        var loads = Enumerable.Repeat(1, 20).ToArray();
        var batches = Start(Cart.Default, [.. Enumerable.Range(0, 20).Select(o => new List<int> { o })], loads);
        Assert.Equal(21, batches.Count); // and an empty one
        Assert.Equal(0, batches.Sizes[20]);
        AssertWhole(batches);

        for (var o = 1; o < 20; o++)
        {
            var step = Relocate.Evaluate(batches, o, 0)!.Value;
            Relocate.Apply(batches, step);
            AssertWhole(batches);
        }

        Assert.Equal(Enumerable.Range(0, 20), batches.MembersOf(0).ToArray().Order());
        Assert.Equal((21, 20L), (batches.Count, batches.Loads[0]));
        Assert.Equal(2 * (1_500 + 24_000), batches.TotalMm); // bay 5 + 19
    }

    [Fact]
    public void The_last_empty_batch_taken_opens_another()
    {
        var batches = Start(Cart.Default, [[0, 1]], 1, 1);
        Assert.Equal(2, batches.Count);
        Relocate.Apply(batches, Relocate.Evaluate(batches, 1, to: 1)!.Value);
        Assert.Equal((3, 0), (batches.Count, batches.Sizes[2]));
        AssertWhole(batches);
        Relocate.Apply(batches, Relocate.Evaluate(batches, 1, to: 0)!.Value);
        Relocate.Apply(batches, Relocate.Evaluate(batches, 0, to: 2)!.Value);
        Assert.Equal(3, batches.Count); // batch 1 is empty and at hand
        AssertWhole(batches);
    }

    [Fact]
    public void Batches_put_together_anew_take_the_old_ones_places_and_empty_ones_beyond()
    {
        var batches = Start(Cart.Default, [[0, 1], [2], [3, 4]], 1, 1, 1, 1, 1);
        var spent = batches.UnitsSpent;

        batches.Replace([0, 2], [[0, 3], [1], [4]]);

        Assert.Equal(spent, batches.UnitsSpent);
        Assert.Equal([0, 3], batches.MembersOf(0).ToArray().Order());
        Assert.Equal((2, 1, 3), (batches.Of[1], batches.Of[2], batches.Of[4]));
        AssertWhole(batches);
        Assert.Equal(19_000 + 15_000 + 17_000 + 21_000, batches.TotalMm); // the farther bay of each: 8, 6, 7, 9
    }

    [Fact]
    public void A_relocation_says_what_overload_it_adds_and_a_swap_too()
    {
        var batches = Start(new Cart(10, 3), [[0, 1], [2]], 6, 3, 8);
        batches.OverloadMax = 5;
        batches.OverloadPriceMm = 10;

        var relocation = Relocate.Evaluate(batches, 1, to: 1)!.Value;
        Assert.Equal(10, relocation.Charge); // 8 + 3 is one too many
        Assert.Equal((13_000, 17_000, -2_000), (relocation.FromCost, relocation.ToCost, relocation.Delta));
        var swap = Swap.Evaluate(batches, 0, 2)!.Value;
        Assert.Equal(10, swap.Charge); // 8 + 3 in the first; 6 in the other
        Assert.Equal((17_000, 13_000, -2_000), (swap.OneCost, swap.OtherCost, swap.Delta));
        Relocate.Apply(batches, relocation);
        Assert.Equal(1, batches.Overload);
        AssertWhole(batches);
        var back = Relocate.Evaluate(batches, 1, to: 0)!.Value;
        Assert.Equal(-10, back.Charge);
        Relocate.Apply(batches, back);
        Assert.Equal(0, batches.Overload);
    }

    [Theory]
    [InlineData(9, true)]
    [InlineData(8, false)]
    public void A_move_that_fills_a_cart_is_allowed_and_one_that_fills_it_beyond_is_none(int loadMax, bool isAllowed)
    {
        // Relocating order 1 makes 6 + 3, swapping 0 with 2 makes 6 + 3 in its place.
        var batches = Start(new Cart(loadMax, 3), [[0, 1], [2]], 2, 3, 6);
        Assert.Equal(isAllowed, Relocate.Evaluate(batches, 1, to: 1) is not null);
        Assert.Equal(isAllowed, Swap.Evaluate(batches, 0, 2) is not null);
        Assert.Equal(isAllowed, Swap.Evaluate(batches, 2, 0) is not null);
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(1, false)]
    public void A_relocation_needs_room_for_one_more_order_and_a_swap_for_none(int ordersMax, bool isAllowed)
    {
        var batches = Start(new Cart(100, ordersMax), [[0], [1]], 1, 1);
        Assert.Equal(isAllowed, Relocate.Evaluate(batches, 0, to: 1) is not null);
        Assert.NotNull(Swap.Evaluate(batches, 0, 1));
    }

    [Fact]
    public void After_any_moves_every_order_is_in_one_batch_and_the_total_is_what_the_tours_measure()
    {
        var random = new Random(11);
        for (var i = 0; i < 4; i++)
        {
            var problem = RandomPools.Pool(random, RandomPools.Layout(random, 1), orders: 12);
            var batches = new Batches(new Fulfillment.Planning.Batching.Pool(problem), seed: 2);
            batches.Start([.. Enumerable.Range(0, 12).Select(o => new List<int> { o })]);
            for (var m = 0; m < 60; m++)
            {
                var before = batches.TotalMm;
                int one = random.Next(12), other = random.Next(12);
                if (m % 2 == 0 && Relocate.Evaluate(batches, one, random.Next(batches.Count)) is { } relocation)
                {
                    Relocate.Apply(batches, relocation);
                    Assert.Equal(before + relocation.Delta, batches.TotalMm);
                }
                else if (Swap.Evaluate(batches, one, other) is { } swap)
                {
                    Swap.Apply(batches, swap);
                    Assert.Equal(before + swap.Delta, batches.TotalMm);
                }
            }

            AssertWhole(batches);
            Assert.Equal(0, batches.Overload);
        }
    }

    private static int Take(Batches batches, int order)
    {
        batches.Remove(order, 0);
        return order;
    }

    /// <summary>Everything the batches remember of themselves, counted again.</summary>
    private static void AssertWhole(Batches batches)
    {
        var pool = batches.Pool;
        var all = Enumerable.Range(0, batches.Count).SelectMany(b => batches.MembersOf(b).ToArray()).Order();
        Assert.Equal(Enumerable.Range(0, pool.Orders), all);
        for (var b = 0; b < batches.Count; b++)
        {
            var members = batches.MembersOf(b).ToArray();
            Assert.All(members, o => Assert.Equal(b, batches.Of[o]));
            Assert.Equal(members.Sum(o => pool.Loads[o]), batches.Loads[b]);
            Assert.Equal(members.Length == 0 ? 0 : pool.CostOf([.. members]), batches.Costs[b]);
            Assert.Equal(members.Length == 0, batches.HashOf(b) == 0);
        }

        Assert.Equal(batches.Costs.Take(batches.Count).Sum(c => (long)c), batches.TotalMm);
        Assert.Contains(Enumerable.Range(0, batches.Count), b => batches.Sizes[b] == 0);
    }

    /// <summary>Order o lies at bay 5 + o of aisle 0 and has the load given.</summary>
    private static Batches Start(Cart cart, List<List<int>> start, params int[] loads)
    {
        var problem = new PlanningProblem
        {
            Layout = WarehouseLayout.Default,
            Orders = [.. loads.Select((load, o) =>
                new PlanningOrder(new OrderKey(o), [new Pick(new Location(0, 5 + o), 1, load)]))],
            Cart = cart,
        };
        var batches = new Batches(new Fulfillment.Planning.Batching.Pool(problem), seed: 1);
        batches.Start(start);
        return batches;
    }
}
