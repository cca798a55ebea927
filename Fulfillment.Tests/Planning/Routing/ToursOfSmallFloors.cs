using Fulfillment.Planning;
using Fulfillment.Planning.Routing;
using Xunit;

namespace Fulfillment.Tests.Planning.Routing;

/// <summary>A few random floors of one to three blocks: few enough to be asked of every mutant.</summary>
public class ToursOfSmallFloors
{
    [Theory]
    [InlineData(1, 40)]
    [InlineData(2, 30)]
    [InlineData(3, 6)]
    public void The_exact_tour_is_the_shortest_one_and_its_walk_is_as_long_as_it_says(int blocks, int cases)
    {
        var random = new Random(1988 + blocks);
        for (var i = 0; i < cases; i++)
        {
            var (problem, floor, mask) = OneOrder(random, RandomPools.Layout(random, blocks, aislesMax: 4, baysMax: 4));

            var shortest = HeldKarp.Of(floor.Layout, [.. problem.Orders[0].Picks.Select(p => p.Location)]);

            Assert.Equal(shortest, TourCost.For(floor).Of(mask));
            Assert.Equal(shortest, new FrontierTour(floor).Of(mask));
            var tour = new Walk(floor).Tour(problem.Orders, new ExactRoute(floor).LineOver(mask));
            Assert.Equal(shortest, tour.Distance.Value);
            Assert.Empty(PlanVerifier.FaultsIn(problem, PlanOf(tour)));
        }
    }

    [Theory]
    [InlineData(RoutePolicy.SShape)]
    [InlineData(RoutePolicy.LargestGap)]
    [InlineData(RoutePolicy.Return)]
    [InlineData(RoutePolicy.Midpoint)]
    public void A_route_policy_walks_to_every_stop_and_no_shorter_than_the_exact_tour(RoutePolicy policy)
    {
        var random = new Random(1993);
        for (var i = 0; i < 20; i++)
        {
            var (problem, floor, mask) = OneOrder(random, RandomPools.Layout(random, 1 + i % 2));

            var tour = new Walk(floor).Tour(problem.Orders, HeuristicRoutes.Line(floor, mask, policy));

            Assert.Empty(PlanVerifier.FaultsIn(problem, PlanOf(tour)));
            Assert.InRange(TourCost.For(floor).Of(mask), 1, tour.Distance.Value);
        }
    }

    [Fact]
    public void Aisles_of_more_bays_than_a_word_has_bits_give_the_same_tour_by_both_programs()
    {
        var random = new Random(64);
        for (var i = 0; i < 10; i++)
        {
            var aisles = random.Next(1, 9);
            var (_, floor, mask) = OneOrder(random, ((LayoutOutcome.Laid)WarehouseLayout.From(new LayoutDefinition
            {
                Aisles = aisles,
                Blocks = [new BlockDefinition { Bays = random.Next(60, 140) }],
                DepotAisle = random.Next(aisles),
            })).Layout, picksMax: 30);

            Assert.Equal(new FrontierTour(floor).Of(mask), new OneBlockTour(floor).Of(mask));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_tour_over_nothing_is_no_walk(int blocks)
    {
        var floor = new Floor(RandomPools.Layout(new Random(2), blocks));
        Assert.Equal(0, TourCost.For(floor).Of(new ulong[floor.MaskWords]));
    }

    [Fact]
    public void What_a_tour_costs_in_units_is_a_fixed_figure_so_that_budgets_replay()
    {
        Assert.Equal(10 + 10, TourCost.For(new Floor(WarehouseLayout.Default)).Units);
        var random = new Random(6);
        var floor = new Floor(RandomPools.Layout(random, 2));
        var states = Frontier.For(2, openDepot: floor.DepotAisle < 0).States;
        Assert.Equal(floor.Aisles * 3 * states / 4, TourCost.For(floor).Units);
    }

    private static (PlanningProblem Problem, Floor Floor, ulong[] Mask) OneOrder(
        Random random, WarehouseLayout layout, int picksMax = 5)
    {
        var picks = Enumerable.Range(0, random.Next(1, picksMax + 1))
            .Select(l => new Pick(RandomPools.Place(random, layout), 1, 1, l)).ToList();
        var floor = new Floor(layout);
        var mask = new ulong[floor.MaskWords];
        foreach (var pick in picks) floor.Mark(pick.Location, mask);
        var problem = new PlanningProblem { Layout = layout, Orders = [new PlanningOrder(new OrderKey(1), picks)] };
        return (problem, floor, mask);
    }

    private static Plan PlanOf(Tour tour) => new()
    {
        Tours = [tour],
        Distance = tour.Distance,
        LateOrders = 0,
        LowerBound = Millimetres.Zero,
        Algorithm = "by hand",
    };
}
