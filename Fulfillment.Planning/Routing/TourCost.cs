namespace Fulfillment.Planning.Routing;

/// <summary>The length of the shortest tour over a mask of picked bays. One instance per search: it owns its
/// scratch.</summary>
internal abstract class TourCost(Floor floor)
{
    protected const int Unreachable = int.MaxValue / 2;

    protected Floor Floor { get; } = floor;

    /// <summary>Millimetres of the shortest tour from the depot over every marked bay and back. Does not
    /// allocate.</summary>
    internal abstract int Of(ReadOnlySpan<ulong> mask);

    /// <summary>What one evaluation costs in work units (about 10 ns each); a fixed figure, so that budgets
    /// replay.</summary>
    internal abstract int Units { get; }

    internal static TourCost For(Floor floor) =>
        floor is { Blocks: 1, DepotAisle: >= 0 } ? new OneBlockTour(floor) : new FrontierTour(floor);

    /// <summary>The aisles a tour has to reach; false when the mask is empty.</summary>
    protected bool Span(ReadOnlySpan<ulong> mask, out int first, out int last)
    {
        first = 0;
        last = Floor.Aisles - 1;
        while (first <= last && !Floor.HasPicks(mask, first)) first++;
        if (first > last) return false;
        while (!Floor.HasPicks(mask, last)) last--;
        if (Floor.DepotAisle >= 0) (first, last) = (Math.Min(first, Floor.DepotAisle), Math.Max(last,
            Floor.DepotAisle));
        return true;
    }
}
