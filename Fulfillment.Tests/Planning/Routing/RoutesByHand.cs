using Fulfillment.Planning;
using Fulfillment.Planning.Routing;
using Xunit;

namespace Fulfillment.Tests.Planning.Routing;

/// <summary>
/// Walks worked by hand. The small floor: aisles 10 mm apart, blocks of 4 bays 1 mm apart and 1 mm from the
/// cross-aisles, so that block b begins at 5b and bay i of it lies at 5b + 1 + i. A walk is written as its corners,
/// aisle:millimetres.
/// </summary>
public class RoutesByHand
{
    [Theory]
    [InlineData(RoutePolicy.SShape, 1, "0:1 1:2 3:3", "0:0 0:5 1:5 1:0 3:0 3:3 3:0")]
    [InlineData(RoutePolicy.SShape, 1, "1:2 3:3", "1:0 1:5 3:5 3:0")]
    [InlineData(RoutePolicy.SShape, 1, "2:4", "2:0 2:4 2:0")]
    [InlineData(RoutePolicy.SShape, 2, "1:1 1:6 2:2 2:9", "1:0 1:5 1:10 2:10 2:5 2:0")]
    [InlineData(RoutePolicy.SShape, 2, "0:2 1:9 3:2", "0:0 0:5 1:5 1:9 1:5 3:5 3:0")]
    [InlineData(RoutePolicy.SShape, 2, "0:2 2:2 3:2 3:9", "0:0 0:5 3:5 3:9 3:5 3:0 2:0 2:2 2:0")]
    [InlineData(RoutePolicy.Return, 1, "0:2 2:1 2:4", "0:0 0:2 0:0 2:0 2:4 2:0")]
    [InlineData(RoutePolicy.Return, 2, "1:2 2:3 1:9 3:7", "1:0 1:5 1:9 1:5 3:5 3:7 3:5 2:5 2:0")]
    [InlineData(RoutePolicy.LargestGap, 1, "2:1 2:3", "2:0 2:3 2:0")]
    [InlineData(RoutePolicy.LargestGap, 1, "0:1 1:1 1:4 3:2", "0:0 0:5 1:5 1:4 1:5 3:5 3:0 1:0 1:1 1:0")]
    [InlineData(RoutePolicy.LargestGap, 1, "0:1 1:1 1:2 3:2", "0:0 0:5 3:5 3:0 1:0 1:2 1:0")]
    [InlineData(RoutePolicy.LargestGap, 1, "0:1 1:3 1:4 3:2", "0:0 0:5 1:5 1:3 1:5 3:5 3:0")]
    [InlineData(RoutePolicy.LargestGap, 2, "0:9 1:1 1:4 2:2", "0:0 0:5 0:9 0:5 1:5 1:4 1:5 2:5 2:0 1:0 1:1 1:0")]
    [InlineData(RoutePolicy.Midpoint, 1, "0:1 1:2 1:3 3:2", "0:0 0:5 1:5 1:3 1:5 3:5 3:0 1:0 1:2 1:0")]
    [InlineData(RoutePolicy.Midpoint, 1, "0:1 1:1 1:2 3:2", "0:0 0:5 3:5 3:0 1:0 1:2 1:0")]
    [InlineData(RoutePolicy.Midpoint, 1, "0:1 1:3 1:4 3:2", "0:0 0:5 1:5 1:3 1:5 3:5 3:0")]
    public void A_policy_walks_the_corners_that_its_rule_says(RoutePolicy policy, int blocks, string picks, string walk)
    {
        var floor = new Floor(Small(blocks));
        var corners = HeuristicRoutes.Line(floor, MaskOf(floor, Order(picks)), policy);
        Assert.Equal(walk, string.Join(' ', corners.Where((p, i) => i == 0 || corners[i - 1] != p)
            .Select(p => $"{p.Aisle}:{p.Mm}")));
    }

    [Fact]
    public void A_pick_in_the_very_middle_belongs_to_the_front_half_of_a_midpoint_route()
    {
        // Three bays 2 mm apart in a block of 6 mm: the second lies at 3, its middle.
        var floor = new Floor(Laid(new LayoutDefinition
        {
            Aisles = 3,
            AislePitchMm = 10,
            Blocks = [new BlockDefinition { Bays = 3, FrontToFirstBayMm = 1, BayPitchMm = 2, LastBayToBackMm = 1 }],
        }));
        var mask = new ulong[floor.MaskWords];
        foreach (var (aisle, bay) in ((int, int)[])[(0, 0), (1, 1), (2, 0)]) floor.Mark(new(aisle, bay), mask);

        var line = HeuristicRoutes.Line(floor, mask, RoutePolicy.Midpoint);

        Assert.Contains(new Point(1, 3), line);
        Assert.DoesNotContain(new Point(1, 6), line);
    }

    [Fact]
    public void The_widest_of_several_growing_gaps_is_the_one_skipped()
    {
        // Aisle 1 holds picks at 11.5, 23.5 and 41.5 of 47 m: gaps of 11.5, 12, 18 and 5.5 m.
        var floor = new Floor(WarehouseLayout.Default);
        var mask = new ulong[floor.MaskWords];
        foreach (var (aisle, bay) in ((int, int)[])[(0, 0), (1, 10), (1, 22), (1, 40), (2, 0)])
            floor.Mark(new Location(aisle, bay), mask);

        var line = HeuristicRoutes.Line(floor, mask, RoutePolicy.LargestGap);

        Assert.Contains(new Point(1, 23_500), line);
        Assert.Contains(new Point(1, 41_500), line);
    }

    [Theory]
    [InlineData(1, 9, 7, 18, 18, 6, 6, 6, 6)]
    [InlineData(1, 2, 1, 4, 18, 18, 4, 18, 4)]
    [InlineData(8, 9, 1, 18, 4, 18, 18, 4, 4)]
    public void Each_way_of_picking_a_block_costs_twice_its_reach_and_a_choice_the_cheaper_one(
        int firstMm, int lastMm, int gapMm, params int[] frontBackGapFrontOrGapBackOrGapAny)
    {
        var cost = new int[Frontier.CostCodes];
        FrontierTour.CostsOf(new AisleNeed(firstMm, lastMm, firstMm, gapMm), length: 10, cost);
        Assert.Equal((10, 20), (cost[Frontier.Traverse], cost[Frontier.Twice]));
        Assert.Equal(frontBackGapFrontOrGapBackOrGapAny, cost[Frontier.FromFront..(Frontier.Any + 1)]);
    }

    [Fact]
    public void A_walk_lists_stops_as_they_are_passed_and_a_turn_at_every_crossing_where_it_bends()
    {
        var floor = new Floor(Small(2, depotToFrontMm: 7));
        PlanningOrder[] orders =
        [
            new(new OrderKey(1), [new(new(0, 5, Side.Right), 2, 3, 8), new(new(0, 1), 1, 1, 9)]),
            new(new OrderKey(2), [new(new(1, 6), 1, 1, 3), new(new(0, 5), 1, 1, 4), new(new(0, 1), 5, 2, 5)]),
        ];

        // Out along aisle 0 through both blocks, along the back and home through aisle 1.
        var tour = new Walk(floor).Tour(orders, [new(0, 0), new(0, 5), new(0, 10), new(1, 10), new(1, 5), new(1, 0)]);

        Assert.Equal(["0-1L", "0-5L", "0-5R", "1-6L"], tour.Stops.Select(s => s.Location.ToString()));
        Assert.Equal([new(new OrderKey(1), 9, 1, 1), new(new OrderKey(2), 5, 5, 2)], tour.Stops[0].Picks);
        Assert.Equal([new StopPick(new OrderKey(1), 8, 2, 3)], tour.Stops[2].Picks);
        Assert.Equal([new(0, 0, 0), new(3, 0, 2), new(3, 1, 2), new(4, 1, 0), new(4, 0, 0)], tour.Turns);
        Assert.Equal(7 + 10 + 10 + 10 + 10 + 7, tour.Distance.Value);
        Assert.Equal([new OrderKey(1), new OrderKey(2)], tour.Orders);
        Assert.Equal(8, tour.Load);
    }

    [Fact]
    public void Stops_passed_towards_the_front_are_listed_from_the_back()
    {
        var floor = new Floor(Small(1));
        var order = Order("1:1 1:3");
        var tour = new Walk(floor).Tour([order], [new(0, 0), new(0, 5), new(1, 5), new(1, 0)]);
        Assert.Equal([2, 0], tour.Stops.Select(s => s.Location.Bay));
        Assert.Equal([new(0, 0, 0), new(0, 0, 1), new(0, 1, 1), new(2, 1, 0), new(2, 0, 0)], tour.Turns);
    }

    [Fact]
    public void A_walk_enters_and_leaves_by_the_shortest_of_the_depots_ways()
    {
        var floor = new Floor(Small(1, arcs: [50, null, 3, 4]));
        var tour = new Walk(floor).Tour([Order("1:2 3:2")], [new(1, 0), new(1, 5), new(3, 5), new(3, 0)]);
        Assert.Equal(new Turn(0, 2, 0), tour.Turns[0]);
        Assert.Equal(new Turn(2, 3, 0), tour.Turns[^1]);
        Assert.Equal(3 + 10 + 5 + 20 + 5 + 4, tour.Distance.Value);
    }

    [Fact]
    public void A_bend_at_a_bay_is_no_turn_and_a_straight_way_over_a_crossing_is_none_either()
    {
        var floor = new Floor(Small(2));
        var line = new ExactRoute(floor).LineOver(MaskOf(floor, Order("0:9")));
        var tour = new Walk(floor).Tour([Order("0:9")], line);
        Assert.Equal([new Turn(0, 0, 0), new Turn(1, 0, 0)], tour.Turns);
        Assert.Equal(18, tour.Distance.Value);
    }

    [Fact]
    public void Walking_back_along_the_front_bends_where_it_turns_round()
    {
        var floor = new Floor(Small(1));
        var tour = new Walk(floor).Tour([Order("1:2")], [new(1, 0), new(1, 2), new(1, 0), new(3, 0), new(1, 0)]);
        Assert.Equal([new(0, 0, 0), new(0, 1, 0), new(1, 1, 0), new(1, 3, 0), new(1, 0, 0)], tour.Turns);
        Assert.Equal(10 + 4 + 20 + 20 + 10, tour.Distance.Value);
    }

    [Theory]
    [InlineData("0:4", 0, 8)] // there and back
    [InlineData("0:4 1:4", 0, 30)] // through, across the back, through, and home: 5 + 10 + 5 + 10
    [InlineData("0:1 1:1", 0, 24)] // 2 + 10 + 2 + 10: two spurs are shorter than the loop
    [InlineData("1:4", 0, 28)] // the empty aisle at the depot costs the way along the front only
    [InlineData("0:4", 1, 28)] // the same to the left of the depot
    [InlineData("0:1 1:1 1:4", 2, 50)] // 5 + 10 + 5 across two aisles and home: 5 + 10 + 5 + 30 beats spurs (52)
    public void An_exact_tour_of_one_block_is_as_long_as_by_hand(string picks, int depot, int mm)
    {
        var floor = new Floor(Small(1, depot));
        var mask = MaskOf(floor, Order(picks));
        Assert.Equal(mm, new OneBlockTour(floor).Of(mask));
        Assert.Equal(mm, new FrontierTour(floor).Of(mask));
    }

    [Fact]
    public void Picks_at_both_ends_of_two_aisles_are_reached_along_both_crossings_without_walking_through_them()
    {
        // Metres: through aisles 2 and 3 (94 and 10 across), out and back to aisle 0 along both crossings (40), and
        // four spurs of 1.5 each way (12). Walking through aisle 0 instead, with a spur of 48 in aisle 2, comes to 178.
        var floor = new Floor(Laid(new LayoutDefinition { DepotAisle = 3 }));
        var mask = new ulong[floor.MaskWords];
        foreach (var (aisle, bay) in ((int, int)[])[(0, 0), (0, 44), (1, 0), (1, 44), (2, 22), (3, 22)])
            floor.Mark(new Location(aisle, bay), mask);
        Assert.Equal(156_000, new OneBlockTour(floor).Of(mask));
        Assert.Equal(156_000, new FrontierTour(floor).Of(mask));
    }

    [Fact]
    public void What_a_block_of_an_aisle_asks_for_is_its_ends_and_its_longest_gap_between_picks()
    {
        var floor = new Floor(Small(2));
        var mask = MaskOf(floor, Order("1:6 1:7 1:9 3:2"));
        Assert.Equal(AisleNeed.None, floor.Need(mask, 1, 0));
        Assert.True(floor.Need(mask, 1, 0).IsEmpty);
        Assert.Equal(new AisleNeed(1, 4, 2, 2), floor.Need(mask, 1, 1));
        Assert.Equal(new AisleNeed(2, 2, 2, 0), floor.Need(mask, 3, 0));
        Assert.Equal([1, 2, 4], floor.PicksMm(mask, 1, 1));
        Assert.Equal((false, true, false, true),
            (floor.HasPicks(mask, 0), floor.HasPicks(mask, 1), floor.HasPicks(mask, 2), floor.HasPicks(mask, 3)));
    }

    [Theory]
    [InlineData(64, 1)]
    [InlineData(65, 2)]
    public void A_block_takes_one_word_of_the_mask_for_sixty_four_bays_and_another_from_the_next(int bays, int words)
    {
        var block = new BlockDefinition { Bays = bays };
        var floor = new Floor(Laid(new LayoutDefinition { Aisles = 2, Blocks = [block] }));
        Assert.Equal((words, 2 * words), (floor.WordsPerAisle, floor.MaskWords));
        var mask = new ulong[floor.MaskWords];
        floor.Mark(new Location(1, bays - 1), mask);
        Assert.Equal([1_500 + 1_000 * (bays - 1)], floor.PicksMm(mask, 1, 0));
        Assert.Empty(floor.PicksMm(mask, 0, 0));

        floor.Mark(new Location(1, 1), mask);
        var (first, last) = (1_500 + 1_000, 1_500 + 1_000 * (bays - 1));
        Assert.Equal(new AisleNeed(first, last, first, last - first), floor.Need(mask, 1, 0));
    }

    private static WarehouseLayout Small(
        int blocks, int depotAisle = 0, long depotToFrontMm = 0, long?[]? arcs = null) => Laid(new LayoutDefinition
        {
            Aisles = 4,
            AislePitchMm = 10,
            Blocks = [.. Enumerable.Repeat(
                new BlockDefinition { Bays = 4, FrontToFirstBayMm = 1, BayPitchMm = 1, LastBayToBackMm = 1 }, blocks)],
            DepotAisle = depotAisle,
            DepotToFrontMm = depotToFrontMm,
            DepotArcsMm = arcs,
        });

    private static WarehouseLayout Laid(LayoutDefinition definition) =>
        Assert.IsType<LayoutOutcome.Laid>(WarehouseLayout.From(definition)).Layout;

    /// <summary>One order of picks written as aisle:millimetres of the small floor.</summary>
    private static PlanningOrder Order(string picks) => new(new OrderKey(1), [.. picks.Split(' ').Select(text =>
    {
        int aisle = text[0] - '0', mm = text[2] - '0';
        return new Pick(new Location(aisle, mm / 5 * 4 + mm % 5 - 1), 1, 1);
    })]);

    private static ulong[] MaskOf(Floor floor, PlanningOrder order)
    {
        var mask = new ulong[floor.MaskWords];
        foreach (var pick in order.Picks) floor.Mark(pick.Location, mask);
        return mask;
    }
}
