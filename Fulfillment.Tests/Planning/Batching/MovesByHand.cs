using Fulfillment.Planning;
using Fulfillment.Planning.Batching;
using Xunit;

namespace Fulfillment.Tests.Planning.Batching;

/// <summary>
/// Orders of one pick each on the default floor, worked by hand: aisle a, bay b from the front left depot and back is
/// 2 * (5000 a + 1500 + 1000 b) mm.
/// </summary>
public class MovesByHand
{
    [Fact]
    public void Relocating_an_order_into_the_aisle_where_the_other_cart_walks_anyway_saves_its_whole_tour()
    {
        var batches = Start([(0, 10), (0, 5)], [[0], [1]]);
        Assert.Equal(23_000 + 13_000, batches.TotalMm);

        var step = Relocate.Evaluate(batches, order: 1, to: 0)!.Value;

        Assert.Equal(-13_000, step.Delta);
        Relocate.Apply(batches, step);
        Assert.Equal(23_000, batches.TotalMm);
        Assert.Equal(2, batches.Sizes[0]);
        Assert.Equal(0, batches.Sizes[1]);
    }

    [Fact]
    public void Swapping_two_orders_puts_each_beside_its_neighbour_in_the_aisle()
    {
        // Aisle 0: 2 * 11.5 = 23 m; aisle 9 alone: 2 * (45 + 11.5) = 113 m. Mixed carts: aisle 0 costs its 23 m extra.
        var batches = Start([(0, 10), (9, 10), (0, 10), (9, 10)], [[0, 1], [2, 3]]);
        Assert.Equal(2 * (113_000 + 23_000), batches.TotalMm);

        var step = Swap.Evaluate(batches, one: 1, other: 2)!.Value;

        Assert.Equal(23_000 + 113_000 - 2 * (113_000 + 23_000), step.Delta);
        Swap.Apply(batches, step);
        Assert.Equal(23_000 + 113_000, batches.TotalMm);
        Assert.Equal(batches.Of[0], batches.Of[2]);
        Assert.Equal(batches.Of[1], batches.Of[3]);
    }

    [Fact]
    public void A_move_within_one_batch_is_none()
    {
        var batches = Start([(0, 1), (0, 2)], [[0, 1]]);
        Assert.Null(Swap.Evaluate(batches, 0, 1));
        Assert.Null(Relocate.Evaluate(batches, 0, batches.Of[0]));
    }

    [Fact]
    public void Taking_a_move_back_restores_the_total()
    {
        var batches = Start([(0, 10), (9, 10), (4, 3)], [[0, 1], [2]]);
        var before = batches.TotalMm;
        var (fromCost, toCost) = (batches.Costs[0], batches.Costs[1]);
        var step = Relocate.Evaluate(batches, 1, 1)!.Value;
        Relocate.Apply(batches, step);
        Relocate.Apply(batches, new(1, 0, toCost, fromCost, -step.Delta, 0));
        Assert.Equal(before, batches.TotalMm);
    }

    private static Batches Start((int Aisle, int Bay)[] picks, List<List<int>> start)
    {
        var problem = new PlanningProblem
        {
            Layout = WarehouseLayout.Default,
            Orders = [.. picks.Select((p, i) => new PlanningOrder(new OrderKey(i), [new Pick(new Location(p.Aisle,
                p.Bay), 1, 1)]))],
        };
        var batches = new Batches(new Fulfillment.Planning.Batching.Pool(problem), seed: 1);
        batches.Start(start);
        return batches;
    }
}
