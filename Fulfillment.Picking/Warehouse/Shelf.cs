using Fulfillment.Planning;

namespace Fulfillment.Picking.Warehouse;

/// <summary>A location as people and the database write it: aisles and bays from 1, side L or R.</summary>
internal sealed record Shelf(int Aisle, int Bay, string Side)
{
    /// <summary>As the planner counts it, from 0; null for a side that is neither L nor R.</summary>
    internal Location? ToLocation() => Side switch
    {
        "L" => new Location(Aisle - 1, Bay - 1, Planning.Side.Left),
        "R" => new Location(Aisle - 1, Bay - 1, Planning.Side.Right),
        _ => null,
    };

    internal static Shelf Of(Location location) =>
        new(location.Aisle + 1, location.Bay + 1, location.Side == Planning.Side.Left ? "L" : "R");

    internal bool IsOn(WarehouseLayout layout) => ToLocation() is { } location && layout.Holds(location);
}
