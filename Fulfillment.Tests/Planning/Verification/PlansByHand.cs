using Fulfillment.Planning;
using Xunit;

namespace Fulfillment.Tests.Planning.Verification;

/// <summary>
/// A plan of two tours written by hand that stands at every limit, and what the verifier says, to the word, when it is
/// one off. The floor: two aisles 10 mm apart, two blocks of two bays 1 mm apart, so that cross-aisles lie at 0, 3 and
/// 6 and bays at 1, 2, 4 and 5; the depot 7 mm before aisle 0.
/// </summary>
public class PlansByHand
{
    private static readonly OrderKey A = new(1), B = new(2), C = new(3);

    // The first tour walks 7 + 6 + 10 + 6 + 10 + 7 = 46 mm for four picks, which at 5 mm/s takes 100 + 10 + 4 * 3 s;
    // the second 7 + 3 + 10 + 3 + 10 + 7 = 40 mm for one, 100 + 8 + 3 s: they end at 1122 and at 1122 + 111.
    private static readonly PlanningProblem Problem = new()
    {
        Layout = LaidWith(arcs: [7, null]),
        Orders =
        [
            new(A, [new(new(0, 0), 2, 1, 4), new(new(1, 3), 1, 2, 5)], ShipBy: 1_122),
            new(B, [new(new(0, 0), 3, 1, 6), new(new(0, 0), 3, 1, 6)]),
            new(C, [new(new(1, 1, Side.Right), 1, 3)], ShipBy: 1_233),
        ],
        Cart = new Cart(LoadMax: 5, OrdersMax: 2),
        Pace = new FloorPace { WalkingMmPerSecond = 5, SecondsPerPick = 3, SecondsPerTour = 100, Pickers = 1 },
        NowUnixSeconds = 1_000,
    };

    private static readonly Tour First = new(
        [A, B],
        [
            new(new(0, 0), [new(A, 4, 2, 1), new(B, 6, 3, 1), new(B, 6, 3, 1)]),
            new(new(1, 3), [new(A, 5, 1, 2)]),
        ],
        [new(0, 0, 0), new(1, 0, 2), new(1, 1, 2), new(2, 1, 0), new(2, 0, 0)], new(46), 5);

    private static readonly Tour Second = new(
        [C], [new(new(1, 1, Side.Right), [new(C, 0, 1, 3)])],
        [new(0, 0, 0), new(0, 0, 1), new(0, 1, 1), new(1, 1, 0), new(1, 0, 0)], new(40), 3);

    private static readonly Plan Good = new()
    {
        Tours = [First, Second],
        Distance = new(86),
        LateOrders = 0,
        LowerBound = new(86),
        Algorithm = "by hand",
    };

    public static TheoryData<string, PlanningProblem, Plan> Spoilt => new()
    {
        { "OrderMissing -1: 3; TotalDistanceWrong -1: walked 46 mm, stated 86 mm; BoundAboveDistance -1: 86 mm",
            Problem, Good with { Tours = [First] } },
        { "OrderTwice 2: 3; TotalDistanceWrong -1: walked 126 mm, stated 86 mm; LateOrdersWrong -1: late 1, stated 0",
            Problem, Good with { Tours = [First, Second, Second] } },
        { "OrderUnknown 1: 9/2", Problem, WithSecond(Second with { Orders = [new OrderKey(9, 2), C] }) },
        { "PickNotAsOrdered 1: 3 at 1-1R is left", Problem,
            WithSecond(Second with { Stops = [Second.Stops[0] with { Picks = [] }] }) },
        { "PickNotAsOrdered 1: 3 at 1-1R; LateOrdersWrong -1: late 1, stated 0", Problem,
            WithPicks(new(C, 0, 1, 3), new(C, 0, 1, 3)) },
        { "PickNotAsOrdered 1: 3 at 1-1R; PickNotAsOrdered 1: 3 at 1-1R is left", Problem,
            WithPicks(new StopPick(C, 1, 1, 3)) },
        { "PickNotAsOrdered 1: 3 at 1-1R; PickNotAsOrdered 1: 3 at 1-1R is left", Problem,
            WithPicks(new StopPick(C, 0, 2, 3)) },
        { "PickNotAsOrdered 1: 3 at 1-1R; PickNotAsOrdered 1: 3 at 1-1R is left", Problem,
            WithPicks(new StopPick(C, 0, 1, 4)) },
        { "StopTwice 1: a location is visited for picking twice", Problem,
            WithSecond(Second with { Stops = [Second.Stops[0], Second.Stops[0] with { Picks = [] }] }, beforeLast: 2) },
        { "TourLoadWrong 1: carries 3, stated 2", Problem, WithSecond(Second with { Load = 2 }) },
        { "TourDistanceWrong 1: walked 40 mm, stated 39 mm", Problem, WithSecond(Second with { Distance = new(39) }) },
        { "TotalDistanceWrong -1: walked 86 mm, stated 87 mm", Problem, Good with { Distance = new(87) } },
        { "BoundAboveDistance -1: 87 mm", Problem, Good with { LowerBound = new(87) } },
        { "LateOrdersWrong -1: late 0, stated 1", Problem, Good with { LateOrders = 1 } },
        { "CartOverloaded 0: 5", Problem with { Cart = new Cart(4, 2) }, Good },
        { "TooManyOrdersInCart 0: 2", Problem with { Cart = new Cart(5, 1) }, Good },
    };

    public static TheoryData<string, Tour> Unwalkable => new()
    {
        { "LegNotWalkable 1: does not begin and end at a way to the depot", Second with { Stops = [], Turns = [] } },
        { "LegNotWalkable 1: does not begin and end at a way to the depot", Turning(new(0, 0, 1), new(1, 0, 0)) },
        { "LegNotWalkable 1: does not begin and end at a way to the depot", Turning(new(0, 0, 0), new(1, 0, 1)) },
        { "LegNotWalkable 1: does not begin and end at a way to the depot", Turning(new(0, 1, 0), new(1, 0, 0)) },
        { "LegNotWalkable 1: does not begin and end at a way to the depot", Turning(new(0, 0, 0), new(1, 1, 0)) },
        { "LegNotWalkable 1: does not begin and end at a way to the depot", Turning([.. Second.Turns, new(0, 0, 0)]) },
        { "LegNotWalkable 1: does not begin and end at a way to the depot", Turning([.. Second.Turns, new(2, 0, 0)]) },
        { "LegNotWalkable 1: does not begin and end at a way to the depot", Turning([.. Second.Turns, new(1, -1, 0)]) },
        { "LegNotWalkable 1: does not begin and end at a way to the depot", Turning([.. Second.Turns, new(1, 2, 0)]) },
        { "LegNotWalkable 1: does not begin and end at a way to the depot", Turning([.. Second.Turns, new(1, 0, -1)]) },
        { "LegNotWalkable 1: does not begin and end at a way to the depot", Turning([.. Second.Turns, new(1, 0, 3)]) },
        { "LegNotWalkable 1: (0, 0) to (1, 2)", Turning(new(0, 0, 0), new(1, 1, 0), new(1, 0, 0)) },
        { "LegNotWalkable 1: (1, 2) to (0, 2)", At(new(0, 0, 0), new(0, 1, 0), new(2, 0, 0), new Location(0, 1)) },
        { "StopOffTheLayout 1: 1-4L", At(new(0, 0, 0), new(0, 1, 0), new(2, 0, 0), new Location(1, 4)) },
    };

    [Fact]
    public void A_plan_that_stands_at_every_limit_holds() => Assert.Empty(PlanVerifier.FaultsIn(Problem, Good));

    [Theory]
    [MemberData(nameof(Spoilt), DisableDiscoveryEnumeration = true)]
    public void What_is_one_off_is_named_with_its_tour_and_nothing_else_is(
        string complaints, PlanningProblem problem, Plan plan) => Assert.Equal(complaints, Said(problem, plan));

    [Theory]
    [MemberData(nameof(Unwalkable), DisableDiscoveryEnumeration = true)]
    public void A_leg_that_cannot_be_walked_is_named_and_its_tour_measures_nothing(string complaint, Tour tour)
    {
        var said = Said(Problem, Good with { Tours = [First, tour], Distance = new(46), LowerBound = new(46) });
        Assert.Contains(complaint, said);
        Assert.DoesNotContain("Distance", said);
    }

    [Fact]
    public void A_second_way_to_the_depot_may_be_taken_and_is_measured_by_its_own_length()
    {
        // In by aisle 0 (7 mm), out by aisle 1 (2 mm): 7 + 3 + 10 + 3 + 2.
        var tour = Second with { Turns = [.. Second.Turns.Take(4)], Distance = new(25) };
        var plan = Good with { Tours = [First, tour], Distance = new(71), LowerBound = Millimetres.Zero };
        Assert.Empty(PlanVerifier.FaultsIn(Problem with { Layout = LaidWith(arcs: [7, 2]) }, plan));
    }

    [Theory]
    [InlineData(1, 1_122, 1_233, 0)]
    [InlineData(1, 1_121, 1_233, 1)]
    [InlineData(1, 1_122, 1_232, 1)]
    [InlineData(1, 1_121, 1_232, 2)]
    [InlineData(2, 1_122, 1_111, 0)] // the second picker starts at once
    [InlineData(2, 1_122, 1_110, 1)]
    [InlineData(3, 1_122, 1_111, 0)]
    public void An_order_is_late_from_the_second_after_its_ship_by(int pickers, long shipByA, long shipByC, int late)
    {
        var problem = Problem with
        {
            Orders = [Problem.Orders[0] with { ShipBy = shipByA }, Problem.Orders[1], Problem.Orders[2] with
            {
                ShipBy = shipByC,
            }],
            Pace = Problem.Pace with { Pickers = pickers },
        };
        Assert.Empty(PlanVerifier.FaultsIn(problem, Good with { LateOrders = late }));
    }

    [Fact]
    public void A_third_tour_is_started_by_the_picker_who_is_free_first()
    {
        // Two pickers are free at 1122 and at 1111: the third tour takes 100 + 8 + 3 s from 1111.
        var last = Problem.Orders[2] with { Key = new(4), ShipBy = 1_222 };
        var problem = Problem with { Orders = [.. Problem.Orders, last], Pace = Problem.Pace with { Pickers = 2 } };
        var tour = Second with { Orders = [last.Key], Stops = [new(new(1, 1, Side.Right), [new(last.Key, 0, 1, 3)])] };
        var plan = Good with { Tours = [First, Second, tour], Distance = new(126) };

        Assert.Empty(PlanVerifier.FaultsIn(problem, plan));
        var tighter = problem with { Orders = [.. Problem.Orders, last with { ShipBy = 1_221 }] };
        Assert.Equal("LateOrdersWrong -1: late 1, stated 0", Said(tighter, plan));
    }

    private static string Said(PlanningProblem problem, Plan plan) => string.Join("; ",
        PlanVerifier.FaultsIn(problem, plan).Select(c => $"{c.Fault} {c.Tour}: {c.What}"));

    private static Plan WithSecond(Tour tour, int? beforeLast = null) => Good with
    {
        Tours = [First, beforeLast is { } stop
            ? tour with { Turns = [.. tour.Turns.Take(3), new(stop, 1, 0), new(stop, 0, 0)] } : tour],
    };

    private static Plan WithPicks(params StopPick[] picks) =>
        WithSecond(Second with { Stops = [Second.Stops[0] with { Picks = picks }] });

    private static Tour Turning(params Turn[] turns) => Second with { Turns = turns };

    private static Tour At(Turn entry, Turn before, Turn exit, Location second) => Second with
    {
        Stops = [Second.Stops[0], new(second, [])],
        Turns = [entry, before, exit],
    };

    private static WarehouseLayout LaidWith(long?[] arcs)
    {
        var block = new BlockDefinition { Bays = 2, FrontToFirstBayMm = 1, BayPitchMm = 1, LastBayToBackMm = 1 };
        return Assert.IsType<LayoutOutcome.Laid>(WarehouseLayout.From(new LayoutDefinition
        {
            Aisles = 2,
            AislePitchMm = 10,
            Blocks = [block, block],
            DepotArcsMm = arcs,
        })).Layout;
    }
}
