namespace Fulfillment.Planning.Routing;

/// <summary>A point of a walk: an aisle and the distance from the front.</summary>
internal readonly record struct Point(int Aisle, int Mm);

/// <summary>
/// Turns a polyline through the aisles into a tour: stops in the order in which they are passed first, and a turn at
/// every crossing where the picker changes direction. The polyline starts and ends at the front of some aisle.
/// </summary>
internal sealed class Walk(Floor floor)
{
    private readonly WarehouseLayout _layout = floor.Layout;

    internal Tour Tour(IReadOnlyList<PlanningOrder> orders, IReadOnlyList<Point> line)
    {
        var open = Places(orders);
        var stops = new List<Stop>();
        var turns = new List<Turn>();
        var (points, distance) = FromDepotToDepot(line);
        for (var i = 0; i < points.Count; i++)
        {
            if (i > 0) StopAlong(points[i - 1], points[i], open, stops);
            else StopAlong(points[0], points[0], open, stops);
            if (CrossAisleAt(points[i].Mm) is { } crossAisle) turns.Add(new(stops.Count, points[i].Aisle, crossAisle));
        }

        return new Tour(
            [.. orders.Select(o => o.Key)], stops, turns, new Millimetres(distance), orders.Sum(o => o.Load));
    }

    /// <summary>Adds the stretch along the front between the aisle and the depot's way in, and drops needless
    /// points.</summary>
    private (List<Point> Points, long Distance) FromDepotToDepot(IReadOnlyList<Point> line)
    {
        var points = new List<Point>();
        var (_, inAt) = _layout.EntryOf(line[0].Aisle);
        var (_, outAt) = _layout.EntryOf(line[^1].Aisle);
        var distance = _layout.DepotArcMm(inAt)!.Value + _layout.DepotArcMm(outAt)!.Value;
        foreach (var point in line.Prepend(new Point(inAt, 0)).Append(new Point(outAt, 0)))
        {
            if (points.Count > 0 && points[^1] == point) continue;
            if (points.Count > 0) distance += Length(points[^1], point);
            if (points.Count > 1 && IsOnTheWay(points[^2], points[^1], point)) points[^1] = point;
            else points.Add(point);
        }

        return (points, distance);
    }

    private long Length(Point a, Point b) => Math.Abs(a.Mm - b.Mm) + Math.Abs(a.Aisle - b.Aisle) * _layout.AislePitchMm;

    private static bool IsOnTheWay(Point a, Point b, Point c) =>
        (a.Aisle == b.Aisle && b.Aisle == c.Aisle && (b.Mm - a.Mm) * (long)(c.Mm - b.Mm) > 0)
        || (a.Mm == b.Mm && b.Mm == c.Mm && (b.Aisle - a.Aisle) * (c.Aisle - b.Aisle) > 0);

    private int? CrossAisleAt(int mm)
    {
        for (var k = 0; k <= _layout.Blocks; k++)
        {
            if (_layout.CrossAisleMm(k) == mm) return k;
        }

        return null;
    }

    private void StopAlong(
        Point from, Point to, SortedDictionary<(int Aisle, int Bay, Side Side), List<StopPick>> open, List<Stop> stops)
    {
        if (from.Aisle != to.Aisle || open.Count == 0) return;
        var (low, high) = (Math.Min(from.Mm, to.Mm), Math.Max(from.Mm, to.Mm));
        var passed = open.Keys
            .Where(k => k.Aisle == from.Aisle && _layout.BayPositionMm(k.Bay) >= low
                && _layout.BayPositionMm(k.Bay) <= high)
            .ToList();
        if (to.Mm < from.Mm) passed.Reverse();
        foreach (var place in passed)
        {
            stops.Add(new Stop(new Location(place.Aisle, place.Bay, place.Side), open[place]));
            open.Remove(place);
        }
    }

    private static SortedDictionary<(int Aisle, int Bay, Side Side), List<StopPick>> Places(
        IReadOnlyList<PlanningOrder> orders)
    {
        var places = new SortedDictionary<(int, int, Side), List<StopPick>>();
        foreach (var order in orders)
        {
            foreach (var pick in order.Picks)
            {
                var place = (pick.Location.Aisle, pick.Location.Bay, pick.Location.Side);
                if (!places.TryGetValue(place, out var picks)) places.Add(place, picks = []);
                picks.Add(new StopPick(order.Key, pick.Line, pick.Quantity, pick.Load));
            }
        }

        return places;
    }
}
