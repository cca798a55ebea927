using Fulfillment.Planning;
using Fulfillment.Planning.Batching;
using Xunit;

namespace Fulfillment.Tests.Planning.Batching;

public class PartitioningWhatWasSeen
{
    /// <summary>Two plans that are good in one half each: the pool of what was seen holds the plan that is good in
    /// both, and no single step of either leads to it.</summary>
    [Fact]
    public void The_good_halves_of_two_plans_are_put_together()
    {
        // Aisles 0, 9, 4 and 6, two orders each, two orders a cart.
        int[] aisles = [0, 0, 9, 9, 4, 4, 6, 6];
        var batches = Pool(aisles);
        var seen = new SeenBatches(batches.Pool);
        batches.Start([[0, 1], [2, 3], [4, 6], [5, 7]]);
        seen.Note(batches);
        var oneHalf = batches.TotalMm;
        batches.Start([[0, 2], [1, 3], [4, 5], [6, 7]]);
        seen.Note(batches);
        Assert.Equal(8, seen.Count);

        var repartition = new Repartition(batches.Pool);
        var better = repartition.TryImprove(
            [0, 1, 2, 3, 4, 5, 6, 7], Math.Min(oneHalf, batches.TotalMm), null, int.MaxValue, 1_000_000, seen);

        Assert.Equal(
            ["0,1", "2,3", "4,5", "6,7"], better!.Select(b => string.Join(',', b.Order())).Order());
        Assert.False(repartition.IsProof);
        Assert.Equal(0, repartition.BoundMm);
    }

    [Fact]
    public void Of_what_was_seen_only_batches_within_the_group_are_columns_beside_each_order_alone()
    {
        var batches = Pool([0, 0, 9, 9]);
        var seen = new SeenBatches(batches.Pool);
        batches.Start([[0, 1], [2, 3]]);
        seen.Note(batches);
        seen.Note(batches);
        batches.Start([[0, 2], [1, 3]]);
        seen.Note(batches);
        Assert.Equal(4, seen.Count);

        var columns = new FeasibleBatches(batches.Pool);
        columns.Collect([2, 0, 3], seen);

        Assert.Equal([0b001UL, 0b010, 0b100, 0b101, 0b011], columns.Sets.ToArray());
    }

    [Fact]
    public void An_overloaded_batch_is_no_column()
    {
        var batches = Pool([0, 0, 0, 9], ordersMax: 8, loadMax: 2);
        var seen = new SeenBatches(batches.Pool);
        batches.Start([[0, 1, 2], [3]]);
        seen.Note(batches);
        Assert.Equal(0, seen.Count);
        batches.Start([[0, 1], [2, 3]]);
        seen.Note(batches);
        Assert.Equal(2, seen.Count);
    }

    [Fact]
    public void The_oldest_makes_room_for_the_batch_that_is_one_too_many()
    {
        var batches = Pool([.. Enumerable.Repeat(0, 300)]);
        var seen = new SeenBatches(batches.Pool);
        var noted = 0;
        for (var apart = 1; noted <= SeenBatches.Most; apart++)
        {
            for (var a = 0; a + apart < 300 && noted <= SeenBatches.Most; a++, noted++)
            {
                Assert.Equal(noted, seen.Count);
                batches.Start([[a, a + apart]]);
                seen.Note(batches);
            }
        }

        Assert.Equal(SeenBatches.Most, seen.Count);
        // The last stands in the first one's place.
        var bits = 0;
        foreach (var word in seen.SetOf(0)) bits += System.Numerics.BitOperations.PopCount(word);
        Assert.Equal(2, bits);
        Assert.NotEqual(0b11UL, seen.SetOf(0)[0]);
        Assert.Equal(0b110UL, seen.SetOf(1)[0]);
    }

    private static Batches Pool(int[] aisles, int ordersMax = 2, int loadMax = 45)
    {
        var problem = new PlanningProblem
        {
            Layout = WarehouseLayout.Default,
            Cart = new Cart(loadMax, ordersMax),
            Orders = [.. aisles.Select((a, i) => new PlanningOrder(
                new OrderKey(i), [new Pick(new Location(a, 10), 1, 1)]))],
        };
        return new Batches(new Fulfillment.Planning.Batching.Pool(problem), seed: 1);
    }
}
