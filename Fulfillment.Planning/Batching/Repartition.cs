using System.Numerics;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// Takes some batches apart and puts their orders together again in the best way there is: every batch they can make,
/// the linear relaxation of the set partitioning over them, and a branch and bound below the plan at hand. Over the
/// whole pool it is exact; over neighbouring batches it is a large neighbourhood (POPMUSIC: Taillard and Voss 2002,
/// doi 10.1007/978-1-4615-1507-4_27).
/// </summary>
internal sealed class Repartition(Pool pool)
{
    private readonly FeasibleBatches _columns = new(pool);
    private readonly PartitionPrices _prices = new();
    private readonly PartitionTree _tree = new();
    private readonly int[] _alone = new int[FeasibleBatches.OrdersMax];

    internal long Units { get; private set; }

    /// <summary>Whether the last call looked at every way to batch the orders.</summary>
    internal bool IsProof { get; private set; }

    /// <summary>Whether the last call looked at every way to batch the orders in so many carts.</summary>
    internal bool IsComplete { get; private set; }

    /// <summary>Whether the number of carts ruled nothing out.</summary>
    internal bool IsUnrestricted { get; private set; }

    /// <summary>No partition of the last call's orders is shorter; 0 when none was found.</summary>
    internal long BoundMm { get; private set; }

    internal int Columns => _columns.Count;

    /// <summary>Better batches for the orders, or null. With <paramref name="carts"/> no more carts are looked at; with
    /// <paramref name="seen"/> only batches that were seen, and nothing is proved.</summary>
    internal List<List<int>>? TryImprove(
        ReadOnlySpan<int> orders, long beatMm, int? carts, int columnsMax, long unitsMax, SeenBatches? seen = null)
    {
        (Units, IsProof, IsComplete, IsUnrestricted, BoundMm) = (0, false, false, false, 0);
        var loadMin = 0L;
        if (carts is { } most)
        {
            loadMin = -(most - 1L) * pool.Problem.Cart.LoadMax;
            foreach (var o in orders) loadMin += pool.Loads[o];
        }

        IsUnrestricted = loadMin <= 1;
        var isListed = true;
        if (seen is null) isListed = _columns.TryEnumerate(orders, loadMin, columnsMax, unitsMax);
        else _columns.Collect(orders, seen);
        Units += _columns.Units;
        if (!isListed) return null;
        for (var i = 0; i < orders.Length; i++) _alone[i] = pool.Alone[_columns.Order(i)];
        var isPriced = _prices.TrySolve(_columns.Sets, _columns.Costs, orders.Length, _alone, unitsMax - Units);
        Units += _prices.Units;
        if (!isPriced) return null;
        var bound = 0L;
        for (var i = 0; i < orders.Length; i++) bound += _prices.Prices[i];
        if (seen is null) BoundMm = (bound + PartitionPrices.Scale - 1) / PartitionPrices.Scale;
        var isBetter = _tree.TryBeat(_columns, _prices, beatMm, StepMm(), Math.Max(0, unitsMax - Units));
        // One more when it is through, so that a budget of just what was spent gets to the same end.
        Units += _tree.Units + (_tree.IsComplete ? 1 : 0);
        IsComplete = _tree.IsComplete;
        IsProof = IsComplete && IsUnrestricted && seen is null;
        if (!isBetter) return null;
        var batches = new List<List<int>>();
        foreach (var set in _tree.Best)
        {
            var batch = new List<int>();
            for (var rest = set; rest != 0; rest &= rest - 1)
                batch.Add(_columns.Order(BitOperations.TrailingZeroCount(rest)));
            batches.Add(batch);
        }

        return batches;
    }

    /// <summary>Every tour is a multiple of it: two plans differ by that much or not at all.</summary>
    private int StepMm()
    {
        var step = 0;
        foreach (var cost in _columns.Costs)
        {
            for (var (a, b) = (step, cost); ; (a, b) = (b, a % b))
            {
                if (b != 0) continue;
                step = a;
                break;
            }

            if (step == 1) break;
        }

        return step;
    }
}
