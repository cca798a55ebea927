using Fulfillment.Planning;
using Fulfillment.Planning.Routing;
using Xunit;

namespace Fulfillment.Tests.Planning.Routing;

public class ExactToursAgainstHeldKarp
{
    [Theory]
    [InlineData(1, 4_000)]
    [InlineData(2, 3_000)]
    [InlineData(3, 3_000)]
    [InlineData(4, 300)]
    public void Every_exact_tour_is_as_short_as_the_shortest_one(int blocks, int cases)
    {
        var random = new Random(1983 + blocks);
        for (var i = 0; i < cases; i++)
        {
            var layout = RandomPools.Layout(random, blocks);
            var places = Enumerable.Range(0, random.Next(1, 8)).Select(_ => RandomPools.Place(random, layout)).ToList();
            var floor = new Floor(layout);
            var mask = new ulong[floor.MaskWords];
            foreach (var place in places) floor.Mark(place, mask);

            var shortest = HeldKarp.Of(layout, places);

            Assert.Equal(shortest, TourCost.For(floor).Of(mask));
            Assert.Equal(shortest, new FrontierTour(floor).Of(mask));
        }
    }

    [Fact]
    public void The_one_block_sweep_and_the_frontier_agree_on_full_size_floors_with_long_aisles()
    {
        var random = new Random(7);
        for (var i = 0; i < 500; i++)
        {
            var layout = ((LayoutOutcome.Laid)WarehouseLayout.From(new LayoutDefinition
            {
                Aisles = random.Next(2, 20),
                Blocks = [new BlockDefinition { Bays = random.Next(20, 150) }],
                DepotAisle = random.Next(2),
            })).Layout;
            var floor = new Floor(layout);
            var mask = new ulong[floor.MaskWords];
            for (var p = random.Next(1, 80); p > 0; p--) floor.Mark(RandomPools.Place(random, layout), mask);

            Assert.Equal(new FrontierTour(floor).Of(mask), new OneBlockTour(floor).Of(mask));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void An_exact_tour_allocates_nothing(int blocks)
    {
        var random = new Random(5);
        var floor = new Floor(RandomPools.Layout(random, blocks));
        var mask = new ulong[floor.MaskWords];
        for (var p = 0; p < 10; p++) floor.Mark(RandomPools.Place(random, floor.Layout), mask);
        var tour = TourCost.For(floor);
        for (var i = 0; i < 100; i++) tour.Of(mask);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) tour.Of(mask);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
