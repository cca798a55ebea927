namespace Fulfillment.Planning.Columns;

/// <summary>The few best batches of a branch of <see cref="BatchPricing"/>, or all below a threshold.</summary>
internal sealed class Harvest
{
    internal const int Most = 64;

    private readonly (OrderSet Set, int Cost, long Reduced)[] _kept = new (OrderSet, int, long)[Most];
    private int _most;
    private long _threshold;

    internal int Count { get; private set; }

    internal long Least { get; private set; }

    internal (OrderSet Set, int Cost, long Reduced) this[int i] => _kept[i];

    internal void Start(int most, long threshold)
    {
        (Count, _most, _threshold, Least) = (0, Math.Min(most, Most), threshold, 0);
    }

    /// <summary>A <see cref="BatchPricing.Taker"/>.</summary>
    internal long Take(OrderSet set, int cost, long reduced)
    {
        Least = Math.Min(Least, reduced);
        var at = Count < _most ? Count++ : _most - 1;
        for (; at > 0 && _kept[at - 1].Reduced > reduced; at--) _kept[at] = _kept[at - 1];
        _kept[at] = (set, cost, reduced);
        return Count < _most ? _threshold : _kept[Count - 1].Reduced;
    }
}
