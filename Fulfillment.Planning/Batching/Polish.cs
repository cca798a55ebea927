using Fulfillment.Planning.Columns;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// What is done to the best plan between two rounds of annealing: <see cref="Repartition"/> over the whole pool where
/// that is few enough batches, and over groups of neighbouring batches, larger while it is quick and smaller when it is
/// not. Groups that were looked at are remembered. Larger groups are put together from batches that annealing saw.
/// </summary>
internal sealed class Polish(Pool pool, Batches batches, Neighbours neighbours, SeenBatches? seen)
{
    private const int WholeShare = 2;
    private const int WholeShareOfLargeCarts = 6;
    private const long WholeFromUnits = 3_000_000;
    private const int GroupColumnsMax = 6_000;
    private const long GroupUnitsMax = 1_000_000;
    private const int GroupOrdersLeast = 6;
    private const long SeenUnitsMax = 4_000_000;

    private readonly Repartition _repartition = new(pool);
    private readonly HashSet<ulong> _seen = [];
    private int _groupOrders = 16;
    private int _nextSeen;
    private WholePool? _whole;

    /// <summary>No plan is shorter than the bound, and one of that length is known.</summary>
    internal bool IsProof { get; private set; }

    /// <summary>No plan is shorter.</summary>
    internal long BoundMm { get; private set; }

    /// <summary>Of two or three orders a cart there are few batches: they are soon priced.</summary>
    private bool IsOfSmallCarts => 2 * pool.Orders <= 5 * pool.CartsLeast;

    /// <summary>The whole pool by column generation, when it has few enough orders; has a share of all units.</summary>
    internal List<List<int>>? Whole(long unitsLeft)
    {
        if (pool.Orders > OrderSet.Most || IsProof) return null;
        if (!IsOfSmallCarts && batches.UnitsSpent < WholeFromUnits) return null;
        var start = _whole?.Units ?? 0;
        // Of more than five orders a cart there are too many batches for it to be worth a third of all units.
        var share = pool.Orders > 5 * pool.CartsLeast ? WholeShareOfLargeCarts : WholeShare;
        var unitsMax = (batches.UnitsSpent - start) / share - start;
        if (unitsMax <= 0) return null;
        _whole ??= new WholePool(pool, [.. Enumerable.Range(0, pool.Orders)]);

        for (var b = 0; b < batches.Count; b++)
        {
            var set = OrderSet.Empty;
            foreach (var o in batches.MembersOf(b)) set |= OrderSet.Of(o);
            if (!set.IsEmpty) _whole.Know(set, batches.Costs[b]);
        }

        var better = _whole.Advance(batches.TotalMm, seen, unitsMax, unitsLeft - (_whole.Units - start));
        batches.Charge(_whole.Units - start);
        (IsProof, BoundMm) = (_whole.IsProof, _whole.BoundMm);
        return better;
    }

    /// <summary>Every batch of the plan with its nearest ones, until the units are spent. True when the plan got
    /// shorter.</summary>
    internal bool Groups(long unitsMax, long unitsLeft)
    {
        var (start, improved) = (batches.UnitsSpent, false);
        Span<int> orders = stackalloc int[FeasibleBatches.OrdersMax];
        Span<int> group = stackalloc int[FeasibleBatches.OrdersMax];
        for (var seed = 0; seed < batches.Count; seed++)
        {
            if (batches.UnitsSpent - start >= Math.Min(unitsMax, unitsLeft)) break;
            if (batches.Sizes[seed] == 0) continue;
            var count = Gather(seed, _groupOrders, orders, group, out var size);
            if (size < 2 || !_seen.Add(HashOf(group[..size]))) continue;
            batches.Charge(count);
            var left = Math.Min(GroupUnitsMax, unitsLeft - (batches.UnitsSpent - start));
            var better = _repartition.TryImprove(
                orders[..count], LengthOf(group[..size]), size, GroupColumnsMax, left);
            batches.Charge(_repartition.Units);
            if (!_repartition.IsComplete) _groupOrders = Math.Max(GroupOrdersLeast, _groupOrders - 1);
            else if (_repartition.Units < GroupUnitsMax / 4 && _groupOrders < FeasibleBatches.OrdersMax) _groupOrders++;
            if (better is null) continue;
            batches.Replace(group[..size], better);
            improved = true;
        }

        return improved;
    }

    /// <summary>The same over as many orders as there can be, from batches that were seen; goes on with the batch where
    /// the last call ended.</summary>
    internal bool SeenGroups(long unitsMax, long unitsLeft)
    {
        if (seen is null) return false;
        var (start, improved) = (batches.UnitsSpent, false);
        Span<int> orders = stackalloc int[FeasibleBatches.OrdersMax];
        Span<int> group = stackalloc int[FeasibleBatches.OrdersMax];
        seen.Note(batches);
        for (var looked = 0; looked < batches.Count; looked++)
        {
            if (batches.UnitsSpent - start >= Math.Min(unitsMax, unitsLeft)) break;
            var seed = _nextSeen++ % batches.Count;
            if (batches.Sizes[seed] == 0) continue;
            var count = Gather(seed, FeasibleBatches.OrdersMax, orders, group, out var size);
            batches.Charge(count);
            if (size < 2) continue;
            var left = Math.Min(SeenUnitsMax, unitsLeft - (batches.UnitsSpent - start));
            var better = _repartition.TryImprove(
                orders[..count], LengthOf(group[..size]), null, int.MaxValue, left, seen);
            batches.Charge(_repartition.Units);
            if (better is null) continue;
            batches.Replace(group[..size], better);
            improved = true;
        }

        return improved;
    }

    private ulong HashOf(ReadOnlySpan<int> group)
    {
        var hash = 0UL;
        foreach (var b in group) hash += batches.HashOf(b) * 0x9E3779B97F4A7C15;
        return hash;
    }

    /// <summary>The batch and those that hold most neighbours of its orders, nearest first.</summary>
    private int Gather(int seed, int ordersMost, Span<int> orders, Span<int> group, out int size)
    {
        size = 0;
        var count = 0;
        var score = new int[batches.Count];
        foreach (var o in batches.MembersOf(seed))
        {
            var near = neighbours.Of(o);
            for (var i = 0; i < near.Length; i++) score[batches.Of[near[i]]] += Neighbours.Most - i;
        }

        score[seed] = int.MaxValue;
        while (size < group.Length)
        {
            var next = -1;
            for (var b = 0; b < batches.Count; b++)
            {
                if (score[b] > 0 && batches.Sizes[b] > 0 && (next < 0 || score[b] > score[next])) next = b;
            }

            if (next < 0 || count + batches.Sizes[next] > (size < 2 ? orders.Length : ordersMost)) break;
            score[next] = 0;
            group[size++] = next;
            batches.MembersOf(next).CopyTo(orders[count..]);
            count += batches.Sizes[next];
        }

        return count;
    }

    private long LengthOf(ReadOnlySpan<int> group)
    {
        var length = 0L;
        foreach (var b in group) length += batches.Costs[b];
        return length;
    }

}
