using Fulfillment.Planning;
using Fulfillment.Planning.Batching;
using Xunit;

namespace Fulfillment.Tests.Planning.Batching;

/// <summary>
/// One picker at 1 m/s who needs no time for anything else, from second 0: an order at bay 10 of aisle 0 is a tour of
/// 23 m and 23 s, so that batches started one after another end at 23, 46 and 69.
/// </summary>
public class DeadlinesByHand
{
    [Theory]
    [InlineData(23L, null, false)]
    [InlineData(45L, 46L, true)]
    [InlineData(46L, 46L, false)] // the slowest plan ends at 46
    [InlineData(46L, 45L, true)]
    [InlineData(null, null, false)]
    public void Deadlines_matter_when_the_slowest_plan_ends_after_the_earliest(long? one, long? other, bool matter)
    {
        var deadlines = other is null && one is not null ? Of(one) : Of(one, other);
        Assert.Equal(matter, deadlines.Matter);
    }

    [Theory]
    [InlineData(23L, 46L, 0)]
    [InlineData(22L, 46L, 1)]
    [InlineData(23L, 45L, 1)]
    [InlineData(22L, 45L, 2)]
    [InlineData(null, 45L, 1)]
    public void An_order_is_late_from_the_second_after_its_ship_by(long? one, long? other, int late) =>
        Assert.Equal(late, Of(one, other).LateIn(Each(2), Walks(2)));

    [Theory]
    [InlineData("0 1", 0, 46L, 46L)] // nobody is late: the given order
    [InlineData("1 0", 0, 46L, 23L)] // the earlier ship-by first
    [InlineData("0 1", 1, 30L, 20L)] // lost before it starts: the given order is not made worse
    [InlineData("1 0", 0, null, 23L)] // no ship-by is the latest of all
    [InlineData("2 1 0", 0, 69L, 46L, 23L)]
    public void Batches_are_started_by_ship_by_unless_that_makes_more_of_them_late(
        string sequence, int late, params long?[] shipBys)
    {
        var order = Of(shipBys).Sequence(Each(shipBys.Length), Walks(shipBys.Length), out var foundLate);
        Assert.Equal(sequence, string.Join(' ', order));
        Assert.Equal(late, foundLate);
    }

    [Fact]
    public void A_batch_whose_orders_are_late_or_have_no_ship_by_goes_last_where_it_costs_nobody_else_his()
    {
        // By ship-by batch 0 is first and lost, and batch 1 ends at 46, which is late for one of its two orders.
        var order = Of(10, null, 23, 46).Sequence([[0, 1], [2, 3]], Walks(2), out var late);
        Assert.Equal([1, 0], order);
        Assert.Equal(1, late);
    }

    [Fact]
    public void A_batch_of_which_one_order_can_be_on_time_is_not_lost()
    {
        var order = Of(10, 23, 46).Sequence([[2], [0, 1]], Walks(2), out var late);
        Assert.Equal([1, 0], order);
        Assert.Equal(1, late);
    }

    [Fact]
    public void A_tour_takes_its_start_its_picks_and_its_walk_to_the_next_full_second()
    {
        // 60 s, two picks of 5 s, and 1001 mm at 1 m/s is two seconds: 72.
        var pace = new FloorPace { WalkingMmPerSecond = 1_000, SecondsPerPick = 5, SecondsPerTour = 60 };
        Assert.Equal(0, Of(pace, 72, 72).LateIn([[0, 1]], [1_001]));
        Assert.Equal(2, Of(pace, 71, 71).LateIn([[0, 1]], [1_001]));
        Assert.Equal(0, Of(pace, 71, 71).LateIn([[0, 1]], [1_000]));
    }

    private static Deadlines Of(params long?[] shipBys) =>
        Of(new FloorPace { WalkingMmPerSecond = 1_000, SecondsPerPick = 0, SecondsPerTour = 0 }, shipBys);

    private static Deadlines Of(FloorPace pace, params long?[] shipBys) =>
        new(new Fulfillment.Planning.Batching.Pool(new PlanningProblem
        {
            Layout = WarehouseLayout.Default,
            Orders = [.. shipBys.Select((due, o) =>
                new PlanningOrder(new OrderKey(o), [new Pick(new Location(0, 10), 1, 1)], due))],
            Pace = pace,
        }));

    private static List<int>[] Each(int count) => [.. Enumerable.Range(0, count).Select(o => new List<int> { o })];

    private static long[] Walks(int count) => [.. Enumerable.Repeat(23_000L, count)];
}
