namespace Fulfillment.Planning.Columns;

/// <summary>Batches that a plan may hold, each once, with their exact tours.</summary>
internal sealed class ColumnPool
{
    internal const int Most = 1 << 15;

    private readonly Dictionary<OrderSet, int> _known = [];
    private OrderSet[] _sets = new OrderSet[256];
    private int[] _costs = new int[256];

    internal int Count { get; private set; }

    internal ReadOnlySpan<OrderSet> Sets => _sets.AsSpan(0, Count);

    internal ReadOnlySpan<int> Costs => _costs.AsSpan(0, Count);

    internal void Clear()
    {
        Count = 0;
        _known.Clear();
    }

    /// <summary>False when the batch is known already or there is no more room.</summary>
    internal bool TryAdd(OrderSet set, int cost)
    {
        if (Count == Most || !_known.TryAdd(set, Count)) return false;
        if (Count == _sets.Length)
        {
            Array.Resize(ref _sets, 2 * Count);
            Array.Resize(ref _costs, 2 * Count);
        }

        (_sets[Count], _costs[Count]) = (set, cost);
        Count++;
        return true;
    }

    internal bool Holds(OrderSet set) => _known.ContainsKey(set);

    internal int CostOf(OrderSet set) => _costs[_known[set]];
}
