using Fulfillment.Planning;

namespace Fulfillment.Tests.Planning.Routing;

/// <summary>The shortest tour by Held and Karp (1962) over shortest paths: the judge of the clever routers.</summary>
internal static class HeldKarp
{
    internal static long Of(WarehouseLayout layout, IReadOnlyList<Location> places)
    {
        var n = places.Count;
        var best = new long[1 << n, n];
        for (var set = 1; set < 1 << n; set++)
        {
            for (var at = 0; at < n; at++)
            {
                if ((set >> at & 1) == 0) continue;
                var before = set & ~(1 << at);
                best[set, at] = before == 0 ? FromDepot(layout, places[at]) : Enumerable.Range(0, n)
                    .Where(p => (before >> p & 1) == 1)
                    .Min(p => best[before, p] + Between(layout, places[p], places[at]));
            }
        }

        return Enumerable.Range(0, n).Min(at => best[(1 << n) - 1, at] + FromDepot(layout, places[at]));
    }

    private static long FromDepot(WarehouseLayout layout, Location place) =>
        Enumerable.Range(0, layout.Aisles).Where(a => layout.DepotArcMm(a) is not null)
            .Min(a => layout.DepotArcMm(a)!.Value + Between(layout, a, 0, place.Aisle,
                layout.BayPositionMm(place.Bay)));

    private static long Between(WarehouseLayout layout, Location a, Location b) =>
        Between(layout, a.Aisle, layout.BayPositionMm(a.Bay), b.Aisle, layout.BayPositionMm(b.Bay));

    private static long Between(WarehouseLayout layout, int aisleA, int a, int aisleB, int b)
    {
        if (aisleA == aisleB) return Math.Abs(a - b);
        return Enumerable.Range(0, layout.Blocks + 1)
            .Min(k => (long)Math.Abs(a - layout.CrossAisleMm(k)) + Math.Abs(b - layout.CrossAisleMm(k)))
            + Math.Abs(aisleA - aisleB) * layout.AislePitchMm;
    }
}
