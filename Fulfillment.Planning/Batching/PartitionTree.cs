using System.Numerics;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// The cheapest partition of at most 64 orders into given batches, when it is cheaper than the one at hand: depth
/// first, the order with the fewest batches left first, and never more reduced cost in a plan than the distance of the
/// plan at hand from the bound. Counted in units and stopped by them.
/// </summary>
internal sealed class PartitionTree
{
    private const int NodesDeep = FeasibleBatches.OrdersMax + 1;

    private ulong[] _sets = [];
    private long[] _reduced = [];
    private int[] _lists = new int[1 << 16];
    private readonly int[] _counts = new int[FeasibleBatches.OrdersMax];
    private readonly ulong[] _chosen = new ulong[NodesDeep];
    private readonly ulong[] _best = new ulong[NodesDeep];
    private int _bestCount;
    private long _slack;
    private long _step;
    private long _unitsMax;

    internal long Units { get; private set; }

    /// <summary>Whether every partition was looked at or ruled out.</summary>
    internal bool IsComplete { get; private set; }

    internal ReadOnlySpan<ulong> Best => _best.AsSpan(0, _bestCount);

    /// <summary>True when a partition shorter than <paramref name="beatMm"/> was found.</summary>
    internal bool TryBeat(
        FeasibleBatches batches, PartitionPrices prices, long beatMm, int stepMm, long unitsMax)
    {
        (Units, _unitsMax, _bestCount, IsComplete) = (0, unitsMax, 0, true);
        var bound = 0L;
        for (var r = 0; r < batches.Orders; r++) bound += prices.Prices[r];
        _step = (long)stepMm * PartitionPrices.Scale;
        _slack = (beatMm - stepMm) * PartitionPrices.Scale - bound;
        if (_slack < 0) return false;
        var count = Keep(batches, prices);
        var all = batches.Orders == 64 ? ulong.MaxValue : (1UL << batches.Orders) - 1;
        Visit(all, 0, count, 0, 0);
        return _bestCount > 0;
    }

    /// <summary>Only columns that a better plan may hold, the cheapest first.</summary>
    private int Keep(FeasibleBatches batches, PartitionPrices prices)
    {
        var sets = batches.Sets;
        var costs = batches.Costs;
        Units += sets.Length / 2;
        var count = 0;
        for (var j = 0; j < sets.Length; j++)
        {
            var reduced = prices.Reduced(sets[j], costs[j]);
            if (reduced > _slack) continue;
            if (count == _sets.Length)
            {
                Array.Resize(ref _sets, Math.Max(1024, 2 * count));
                Array.Resize(ref _reduced, _sets.Length);
            }

            (_sets[count], _reduced[count]) = (sets[j], reduced);
            count++;
        }

        // Equal reduced costs stand in the order of their sets, so that the order is the same everywhere.
        Array.Sort(_sets, _reduced, 0, count);
        StableByReduced(count);
        if (_lists.Length < count) _lists = new int[2 * count];
        for (var j = 0; j < count; j++) _lists[j] = j;
        return count;
    }

    private void StableByReduced(int count)
    {
        var index = new int[count];
        for (var j = 0; j < count; j++) index[j] = j;
        Array.Sort(index, (a, b) => _reduced[a] != _reduced[b] ? _reduced[a].CompareTo(_reduced[b]) : a.CompareTo(b));
        var (sets, reduced) = (_sets.ToArray(), _reduced.ToArray());
        for (var j = 0; j < count; j++) (_sets[j], _reduced[j]) = (sets[index[j]], reduced[index[j]]);
    }

    /// <summary>The list [from, to) holds the columns that fit the uncovered orders.</summary>
    private void Visit(ulong uncovered, int from, int to, long spent, int depth)
    {
        if (uncovered == 0)
        {
            _slack = spent - _step;
            _bestCount = depth;
            _chosen.AsSpan(0, depth).CopyTo(_best);
            return;
        }

        Units += 4 + (to - from) / 2;
        if (Units >= _unitsMax) IsComplete = false;
        if (!IsComplete) return;
        if (Rarest(uncovered, from, to) is not { } rare) return;
        if (_lists.Length < to + (to - from)) Array.Resize(ref _lists, 2 * (to + (to - from)));
        for (var i = from; i < to; i++)
        {
            var j = _lists[i];
            if ((_sets[j] & rare) == 0) continue;
            var total = spent + _reduced[j];
            if (total > _slack) return;
            var end = to;
            for (var k = from; k < to; k++)
            {
                var other = _lists[k];
                if (total + _reduced[other] > _slack) break;
                if ((_sets[other] & _sets[j]) == 0) _lists[end++] = other;
            }

            Units += 1 + (to - from) / 4;
            _chosen[depth] = _sets[j];
            Visit(uncovered & ~_sets[j], to, end, total, depth + 1);
            if (!IsComplete) return;
        }
    }

    /// <summary>The uncovered order in the fewest columns; null when one is in none.</summary>
    private ulong? Rarest(ulong uncovered, int from, int to)
    {
        Array.Clear(_counts);
        for (var i = from; i < to; i++)
        {
            for (var rest = _sets[_lists[i]]; rest != 0; rest &= rest - 1)
                _counts[BitOperations.TrailingZeroCount(rest)]++;
        }

        var rarest = -1;
        for (var rest = uncovered; rest != 0; rest &= rest - 1)
        {
            var r = BitOperations.TrailingZeroCount(rest);
            if (_counts[r] == 0) return null;
            if (rarest < 0 || _counts[r] < _counts[rarest]) rarest = r;
        }

        return 1UL << rarest;
    }
}
