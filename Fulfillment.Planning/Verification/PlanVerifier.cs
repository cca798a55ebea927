namespace Fulfillment.Planning;

/// <summary>What is wrong with a plan.</summary>
public enum PlanFault
{
    OrderUnknown,
    OrderMissing,
    OrderTwice,
    PickNotAsOrdered,
    StopTwice,
    StopOffTheLayout,
    CartOverloaded,
    TooManyOrdersInCart,
    LegNotWalkable,
    TourDistanceWrong,
    TourLoadWrong,
    TotalDistanceWrong,
    LateOrdersWrong,
    BoundAboveDistance,
}

/// <summary>One fault, and the tour it is in (-1 for the plan as a whole).</summary>
public readonly record struct PlanComplaint(PlanFault Fault, int Tour, string What);

/// <summary>
/// Checks a plan against the raw problem: every unit of every order is picked once at its place, carts hold what they
/// carry, and every tour is walked leg by leg and measured anew. Shares no code with the planners.
/// </summary>
public static class PlanVerifier
{
    /// <summary>Every fault; empty when the plan holds.</summary>
    public static IReadOnlyList<PlanComplaint> FaultsIn(PlanningProblem problem, Plan plan)
    {
        var faults = new List<PlanComplaint>();
        var orders = problem.Orders.ToDictionary(o => o.Key);
        var planned = new HashSet<OrderKey>();
        long distance = 0;
        for (var t = 0; t < plan.Tours.Count; t++)
        {
            var tour = plan.Tours[t];
            CheckOrders(problem, tour, t, orders, planned, faults);
            var walked = WalkedMm(problem.Layout, tour, t, faults);
            if (walked is { } mm && mm != tour.Distance.Value)
                faults.Add(new(PlanFault.TourDistanceWrong, t, $"walked {mm} mm, stated {tour.Distance}"));
            distance += walked ?? 0;
        }

        foreach (var order in problem.Orders)
        {
            if (!planned.Contains(order.Key)) faults.Add(new(PlanFault.OrderMissing, -1, order.Key.ToString()));
        }

        if (distance != plan.Distance.Value)
            faults.Add(new(PlanFault.TotalDistanceWrong, -1, $"walked {distance} mm, stated {plan.Distance}"));
        if (plan.LowerBound.Value > distance) faults.Add(new(PlanFault.BoundAboveDistance, -1,
            plan.LowerBound.ToString()));
        var late = LateOrders(problem, plan, orders);
        if (late != plan.LateOrders) faults.Add(new(PlanFault.LateOrdersWrong, -1,
            $"late {late}, stated {plan.LateOrders}"));
        return faults;
    }

    private static void CheckOrders(
        PlanningProblem problem, Tour tour, int t, Dictionary<OrderKey, PlanningOrder> orders,
            HashSet<OrderKey> planned,
        List<PlanComplaint> faults)
    {
        var due = new Dictionary<(OrderKey, Location, int Line, int Quantity, int Load), int>();
        long load = 0;
        foreach (var key in tour.Orders)
        {
            if (!planned.Add(key)) faults.Add(new(PlanFault.OrderTwice, t, key.ToString()));
            if (!orders.TryGetValue(key, out var order))
            {
                faults.Add(new(PlanFault.OrderUnknown, t, key.ToString()));
                continue;
            }

            foreach (var p in order.Picks)
            {
                var unit = (key, p.Location, p.Line, p.Quantity, p.Load);
                due[unit] = due.GetValueOrDefault(unit) + 1;
                load += p.Load;
            }
        }

        foreach (var stop in tour.Stops)
        {
            foreach (var p in stop.Picks)
            {
                var unit = (p.Order, stop.Location, p.Line, p.Quantity, p.Load);
                var left = due.GetValueOrDefault(unit);
                if (left == 0) faults.Add(new(PlanFault.PickNotAsOrdered, t, $"{p.Order} at {stop.Location}"));
                else due[unit] = left - 1;
            }
        }

        foreach (var (unit, left) in due)
        {
            if (left > 0) faults.Add(new(PlanFault.PickNotAsOrdered, t, $"{unit.Item1} at {unit.Item2} is left"));
        }

        if (tour.Stops.Select(s => s.Location).Distinct().Count() != tour.Stops.Count)
            faults.Add(new(PlanFault.StopTwice, t, "a location is visited for picking twice"));
        if (load != tour.Load) faults.Add(new(PlanFault.TourLoadWrong, t, $"carries {load}, stated {tour.Load}"));
        if (load > problem.Cart.LoadMax) faults.Add(new(PlanFault.CartOverloaded, t, $"{load}"));
        if (tour.Orders.Count > problem.Cart.OrdersMax) faults.Add(new(PlanFault.TooManyOrdersInCart, t,
            $"{tour.Orders.Count}"));
    }

    /// <summary>The length of the walk from the depot over turns and stops and back; null when a leg cannot be
    /// walked.</summary>
    private static long? WalkedMm(WarehouseLayout layout, Tour tour, int t, List<PlanComplaint> faults)
    {
        var points = new List<(int Aisle, long Mm)>();
        var turn = 0;
        for (var s = 0; s <= tour.Stops.Count; s++)
        {
            for (; turn < tour.Turns.Count && tour.Turns[turn].BeforeStop == s; turn++)
            {
                var at = tour.Turns[turn];
                if (at.Aisle < 0 || at.Aisle >= layout.Aisles || at.CrossAisle < 0
                    || at.CrossAisle > layout.Blocks) break;
                points.Add((at.Aisle, layout.CrossAisleMm(at.CrossAisle)));
            }

            if (s == tour.Stops.Count) continue;
            var place = tour.Stops[s].Location;
            if (!layout.Holds(place))
            {
                faults.Add(new(PlanFault.StopOffTheLayout, t, place.ToString()));
                return null;
            }

            points.Add((place.Aisle, layout.BayPositionMm(place.Bay)));
        }

        var entersAndLeaves = points.Count > 0 && points[0].Mm == 0 && points[^1].Mm == 0;
        if (!entersAndLeaves || turn < tour.Turns.Count
            || layout.DepotArcMm(points[0].Aisle) is not { } entry
                || layout.DepotArcMm(points[^1].Aisle) is not { } exit)
        {
            faults.Add(new(PlanFault.LegNotWalkable, t, "does not begin and end at a way to the depot"));
            return null;
        }

        var total = entry + exit;
        for (var i = 1; i < points.Count; i++)
        {
            var (a, b) = (points[i - 1], points[i]);
            if (a.Aisle != b.Aisle && (a.Mm != b.Mm || !IsCrossing(layout, a.Mm)))
            {
                faults.Add(new(PlanFault.LegNotWalkable, t, $"{a} to {b}"));
                return null;
            }

            total += Math.Abs(a.Mm - b.Mm) + Math.Abs(a.Aisle - b.Aisle) * layout.AislePitchMm;
        }

        return total;
    }

    private static bool IsCrossing(WarehouseLayout layout, long mm)
    {
        for (var k = 0; k <= layout.Blocks; k++)
        {
            if (layout.CrossAisleMm(k) == mm) return true;
        }

        return false;
    }

    private static int LateOrders(PlanningProblem problem, Plan plan, Dictionary<OrderKey, PlanningOrder> orders)
    {
        var pace = problem.Pace;
        var freeAt = Enumerable.Repeat(problem.NowUnixSeconds, Math.Min(pace.Pickers, plan.Tours.Count)).ToArray();
        var late = 0;
        foreach (var tour in plan.Tours)
        {
            var picker = Array.IndexOf(freeAt, freeAt.Min());
            var walking = (tour.Distance.Value + pace.WalkingMmPerSecond - 1) / pace.WalkingMmPerSecond;
            var lines = tour.Stops.Sum(s => s.Picks.Count);
            freeAt[picker] += pace.SecondsPerTour + walking + lines * pace.SecondsPerPick;
            late += tour.Orders.Count(k => orders.TryGetValue(k, out var o) && o.ShipBy < freeAt[picker]);
        }

        return late;
    }
}
