namespace Fulfillment.Planning.Batching;

/// <summary>
/// Batches that the search has walked through, with their tours: columns for a set partitioning over more orders than
/// can be listed whole (Rochat and Taillard 1995, doi 10.1007/BF02430370). The oldest make room for new ones.
/// </summary>
internal sealed class SeenBatches(Pool pool)
{
    internal const int Most = 1 << 15;
    private const int UnitsOfALook = 2;
    private const int UnitsOfANote = 6;

    private readonly HashSet<ulong> _known = [];
    private ulong[] _hashes = [];
    private int[] _costs = [];
    private ulong[] _sets = [];
    private int _next;

    internal int Count { get; private set; }

    internal int Words { get; } = (pool.Orders + 63) / 64;

    /// <summary>Remembers every batch as it stands that a plan may hold.</summary>
    internal void Note(Batches batches)
    {
        batches.Charge(UnitsOfALook * batches.Count);
        for (var b = 0; b < batches.Count; b++)
        {
            if (batches.Sizes[b] < 2 || batches.Loads[b] > pool.Problem.Cart.LoadMax) continue;
            if (!_known.Add(batches.HashOf(b))) continue;
            batches.Charge(UnitsOfANote);
            if (_next == _hashes.Length) Grow();
            if (Count == Most) _known.Remove(_hashes[_next]);
            else Count++;
            (_hashes[_next], _costs[_next]) = (batches.HashOf(b), batches.Costs[b]);
            var set = _sets.AsSpan(_next * Words, Words);
            set.Clear();
            foreach (var o in batches.MembersOf(b)) set[o >> 6] |= 1UL << o;
            if (++_next == Most) _next = 0;
        }
    }

    private void Grow()
    {
        var size = Math.Min(Most, Math.Max(1024, 2 * _next));
        Array.Resize(ref _hashes, size);
        Array.Resize(ref _costs, size);
        Array.Resize(ref _sets, size * Words);
    }

    internal int CostOf(int i) => _costs[i];

    /// <summary>A bit for every order of the pool.</summary>
    internal ReadOnlySpan<ulong> SetOf(int i) => _sets.AsSpan(i * Words, Words);
}
