namespace Fulfillment.Planning;

/// <summary>An order as the caller numbers it, and which part of it when <see cref="OrderSplitter"/> had to split
/// it.</summary>
public readonly record struct OrderKey(long Id, int Part = 0)
{
    public override string ToString() => Part == 0 ? $"{Id}" : $"{Id}/{Part}";
}

/// <summary>
/// A line to pick: where, how many units, and what the line takes of the cart's load (lines, articles or boxes: the
/// unit is the caller's, and whole). <paramref name="Line"/> is the caller's own index and comes back in the stops.
/// </summary>
public readonly record struct Pick(Location Location, int Quantity, int Load, int Line = 0);

/// <summary>An order to plan. <paramref name="ShipBy"/> is in unix seconds; null means it cannot be late.</summary>
public sealed record PlanningOrder(OrderKey Key, IReadOnlyList<Pick> Picks, long? ShipBy = null)
{
    /// <summary>What the order takes of a cart.</summary>
    public long Load => Picks.Sum(p => (long)p.Load);
}

/// <summary>What one cart carries: load in the caller's unit (45 lines by default), and at most so many
/// orders.</summary>
public readonly record struct Cart(int LoadMax, int OrdersMax)
{
    public static Cart Default { get; } = new(45, 45);
}

/// <summary>How a floor works; used only to tell which orders would be late.</summary>
public sealed record FloorPace
{
    public long WalkingMmPerSecond { get; init; } = 800;

    public long SecondsPerPick { get; init; } = 10;

    public long SecondsPerTour { get; init; } = 180;

    /// <summary>Pickers who take the plan's tours, in the plan's order, each the next when he is free.</summary>
    public int Pickers { get; init; } = 1;
}

/// <summary>A pool of orders that are planned together. Orders stand in the order of their arrival.</summary>
public sealed record PlanningProblem
{
    public const int OrdersMax = 10_000;
    public const int PicksMax = 200_000;

    public required WarehouseLayout Layout { get; init; }

    public required IReadOnlyList<PlanningOrder> Orders { get; init; }

    public Cart Cart { get; init; } = Cart.Default;

    public FloorPace Pace { get; init; } = new();

    /// <summary>When the first tour may start, in unix seconds.</summary>
    public long NowUnixSeconds { get; init; }
}
