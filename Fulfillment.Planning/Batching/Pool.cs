using Fulfillment.Planning.Routing;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// A pool compiled for the search: orders are numbered by their place in the pool and never by their ids, so that
/// renumbering the orders renumbers the plan and changes nothing else.
/// </summary>
internal sealed class Pool
{
    private const int QuickUnitsMax = 100;

    private readonly ulong[] _masks;

    internal Pool(PlanningProblem problem)
    {
        Problem = problem;
        Floor = new Floor(problem.Layout);
        Orders = problem.Orders.Count;
        Loads = [.. problem.Orders.Select(o => (int)o.Load)];
        Picks = [.. problem.Orders.Select(o => o.Picks.Count)];
        _masks = new ulong[Orders * Floor.MaskWords];
        for (var o = 0; o < Orders; o++)
        {
            foreach (var pick in problem.Orders[o].Picks) Floor.Mark(pick.Location, MaskOf(o));
        }

        Alone = new int[Orders];
        var cost = TourCost.For(Floor);
        for (var o = 0; o < Orders; o++) Alone[o] = cost.Of(MaskOf(o));
        HasFewMoves = IsLarge || cost.Units > QuickUnitsMax;
        var (load, cart) = (Loads.Sum(l => (long)l), problem.Cart);
        StepMm = StepOf(Floor);
        CartsLeast = (int)Math.Max(
            (load + cart.LoadMax - 1) / cart.LoadMax, ((long)Orders + cart.OrdersMax - 1) / cart.OrdersMax);
    }

    internal PlanningProblem Problem { get; }

    internal Floor Floor { get; }

    internal int Orders { get; }

    /// <summary>Whether a second is short for the pool: the search then looks mostly among neighbours.</summary>
    internal bool IsLarge => Orders > 200;

    /// <summary>Whether moves are few, for there are many orders or a tour takes long to price.</summary>
    internal bool HasFewMoves { get; }

    /// <summary>Every tour is a multiple of it: two plans differ by that much or not at all.</summary>
    internal int StepMm { get; }

    /// <summary>No plan has fewer carts.</summary>
    internal int CartsLeast { get; }

    internal int[] Loads { get; }

    internal int[] Picks { get; }

    /// <summary>The tour of every order on its own, in millimetres.</summary>
    internal int[] Alone { get; }

    internal Span<ulong> MaskOf(int order) => _masks.AsSpan(order * Floor.MaskWords, Floor.MaskWords);

    /// <summary>
    /// A tour crosses every line between two neighbouring aisles, and between two neighbouring bays over all aisles, as
    /// often one way as the other: its length is a sum of distances between neighbours, each an even number of times.
    /// Ways from the depot to several aisles are walked once each.
    /// </summary>
    private static int StepOf(Floor floor)
    {
        long step = floor.PitchMm;
        foreach (var block in floor.Layout.Definition.Blocks)
        {
            step = Gcd(step, block.BayPitchMm);
            step = Gcd(step, block.FrontToFirstBayMm);
            step = Gcd(step, block.LastBayToBackMm);
        }

        if (floor.DepotAisle >= 0) return (int)(2 * Gcd(step, floor.Layout.Definition.DepotToFrontMm));
        foreach (var entry in floor.EntryMm) step = Gcd(step, entry);
        return (int)step;
    }

    private static long Gcd(long a, long b)
    {
        while (b != 0) (a, b) = (b, a % b);
        return a;
    }

    /// <summary>The exact tour over some orders.</summary>
    internal int CostOf(List<int> orders)
    {
        var mask = new ulong[Floor.MaskWords];
        foreach (var o in orders) Mask.Add(mask, MaskOf(o));
        return TourCost.For(Floor).Of(mask);
    }

    /// <summary>
    /// No plan walks less. A tour is at least as long as the tour of any of its orders, so each order may charge its
    /// own
    /// by its share of a full cart; and the farthest order must be walked by somebody.
    /// </summary>
    internal Millimetres LowerBound()
    {
        Int128 byLoad = 0;
        long byCount = 0, farthest = 0;
        for (var o = 0; o < Orders; o++)
        {
            byLoad += (Int128)Alone[o] * Loads[o];
            byCount += Alone[o];
            farthest = Math.Max(farthest, Alone[o]);
        }

        static long Up(Int128 sum, int per) => (long)((sum + per - 1) / per);
        var cart = Problem.Cart;
        return new(Math.Max(farthest, Math.Max(Up(byLoad, cart.LoadMax), Up(byCount, cart.OrdersMax))));
    }

    /// <summary>First come first served: orders in their order of arrival, a new cart when the next does not
    /// fit.</summary>
    internal List<List<int>> FirstComeFirstServed()
    {
        var batches = new List<List<int>>();
        var load = 0;
        for (var o = 0; o < Orders; o++)
        {
            if (batches.Count == 0 || load + Loads[o] > Problem.Cart.LoadMax
                || batches[^1].Count == Problem.Cart.OrdersMax)
            {
                batches.Add([]);
                load = 0;
            }

            batches[^1].Add(o);
            load += Loads[o];
        }

        return batches;
    }
}
