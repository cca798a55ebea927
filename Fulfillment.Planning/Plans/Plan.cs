namespace Fulfillment.Planning;

/// <summary>What is taken at a stop for one order's line.</summary>
public readonly record struct StopPick(OrderKey Order, int Line, int Quantity, int Load);

/// <summary>A place where the picker stops, and what he takes there.</summary>
public sealed record Stop(Location Location, IReadOnlyList<StopPick> Picks);

/// <summary>
/// A crossing the picker passes on the way to stop number <paramref name="BeforeStop"/> (the number of stops means: on
/// the way back). From the depot over turns and stops to the depot, every leg is a straight stretch of one aisle or of
/// one cross-aisle, so the walk can be drawn and measured without any further rule.
/// </summary>
public readonly record struct Turn(int BeforeStop, int Aisle, int CrossAisle);

/// <summary>One walk of one picker with one cart.</summary>
public sealed record Tour(
    IReadOnlyList<OrderKey> Orders,
    IReadOnlyList<Stop> Stops,
    IReadOnlyList<Turn> Turns,
    Millimetres Distance,
    long Load);

/// <summary>
/// Tours for every order of a pool, in the order in which they are to be started. The same problem, seed and
/// <see cref="UnitsSpent"/> give the same plan on any machine.
/// </summary>
public sealed record Plan
{
    public required IReadOnlyList<Tour> Tours { get; init; }

    public required Millimetres Distance { get; init; }

    /// <summary>Orders that end after their ship-by when the tours are walked in order at the problem's pace.</summary>
    public required int LateOrders { get; init; }

    /// <summary>No plan of this pool walks less: the certificate that goes with every plan.</summary>
    public required Millimetres LowerBound { get; init; }

    /// <summary>Which planner and rung made it.</summary>
    public required string Algorithm { get; init; }

    public ulong Seed { get; init; }

    /// <summary>Work units the search used; the budget that replays it.</summary>
    public long UnitsSpent { get; init; }
}

/// <summary>A plan of the whole pool, or why there is none. Never a part of a plan, never an exception for bad
/// input.</summary>
public abstract record PlanningOutcome
{
    private PlanningOutcome() { }

    public sealed record Planned(Plan Plan) : PlanningOutcome;

    /// <summary><paramref name="Orders"/> names the orders at fault; empty when the fault is the pool's or the
    /// floor's.</summary>
    public sealed record Refused(Refusal Reason, IReadOnlyList<OrderKey> Orders) : PlanningOutcome;
}
