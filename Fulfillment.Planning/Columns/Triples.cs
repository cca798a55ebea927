namespace Fulfillment.Planning.Columns;

/// <summary>
/// Subset-row inequalities over three orders (Jepsen, Petersen, Spoorendonk and Pisinger 2008, doi
/// 10.1287/opre.1070.0449): of the batches that hold two or three of the triple's orders a plan has at most one, and
/// the linear relaxation has often more than one.
/// </summary>
internal sealed class Triples
{
    private const double Least = 1.02;

    private readonly OrderSet[] _sets = new OrderSet[Prices.TriplesMax];
    private readonly HashSet<OrderSet> _known = [];
    private readonly List<(double Sum, OrderSet Set)> _found = [];
    private readonly double[] _pair = new double[OrderSet.Most * OrderSet.Most];

    internal int Count { get; private set; }

    internal long Units { get; private set; }

    internal OrderSet this[int triple] => _sets[triple];

    internal void Clear()
    {
        Count = 0;
        _known.Clear();
    }

    internal bool IsCharged(int triple, OrderSet batch) => (_sets[triple] & batch).Count >= 2;

    /// <summary>Adds the triples that the given batches, each taken so much of, break most; false when none is broken
    /// or there is no room.</summary>
    internal bool TryAdd(ReadOnlySpan<OrderSet> batches, ReadOnlySpan<double> shares, int orders, int most)
    {
        _found.Clear();
        Array.Clear(_pair);
        for (var b = 0; b < batches.Length; b++)
        {
            for (var one = batches[b]; !one.IsEmpty; one = one.WithoutFirst)
            {
                for (var other = one.WithoutFirst; !other.IsEmpty; other = other.WithoutFirst)
                    _pair[one.First * OrderSet.Most + other.First] += shares[b];
            }
        }

        Units = (long)orders * orders / 2 + 40L * batches.Length;
        for (var i = 0; i < orders; i++)
        {
            for (var j = i + 1; j < orders; j++)
            {
                if (_pair[i * OrderSet.Most + j] is var ij && ij > 0) LookForThird(i, j, ij, batches, shares, orders);
            }
        }

        // The most broken first; ties by the orders, so that the choice is the same everywhere.
        _found.Sort((a, b) => a.Sum != b.Sum ? b.Sum.CompareTo(a.Sum)
            : a.Set.High != b.Set.High ? a.Set.High.CompareTo(b.Set.High) : a.Set.Low.CompareTo(b.Set.Low));
        var added = 0;
        foreach (var (_, set) in _found)
        {
            if (added == most || Count == _sets.Length) break;
            if (!_known.Add(set)) continue;
            _sets[Count++] = set;
            added++;
        }

        return added > 0;
    }

    private void LookForThird(
        int i, int j, double ij, ReadOnlySpan<OrderSet> batches, ReadOnlySpan<double> shares, int orders)
    {
        Units += orders / 4;
        for (var k = 0; k < orders; k++)
        {
            if (k == i || k == j) continue;
            var ik = _pair[Math.Min(i, k) * OrderSet.Most + Math.Max(i, k)];
            var jk = _pair[Math.Min(j, k) * OrderSet.Most + Math.Max(j, k)];
            if (ij + ik + jk < Least) continue;
            // Found once, from the first of its pairs that is met.
            if (ik > 0 && IsBefore(Math.Min(i, k), Math.Max(i, k), i, j)) continue;
            if (jk > 0 && IsBefore(Math.Min(j, k), Math.Max(j, k), i, j)) continue;
            var set = OrderSet.Of(i) | OrderSet.Of(j) | OrderSet.Of(k);
            var sum = 0.0;
            for (var b = 0; b < batches.Length; b++)
            {
                if ((batches[b] & set).Count >= 2) sum += shares[b];
            }

            Units += batches.Length / 4;
            if (sum >= Least) _found.Add((sum, set));
        }
    }

    private static bool IsBefore(int a, int b, int i, int j) => a < i || (a == i && b < j);
}
