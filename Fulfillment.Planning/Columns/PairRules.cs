namespace Fulfillment.Planning.Columns;

/// <summary>Which pairs of orders are in one batch and which are not: the branches of Ryan and Foster (1981).</summary>
internal sealed class PairRules
{
    internal const int Most = 256;

    private readonly (OrderSet One, OrderSet Other, bool AreTogether)[] _rules =
        new (OrderSet, OrderSet, bool)[Most];

    internal int Count { get; private set; }

    internal void Push(int one, int other, bool areTogether) =>
        _rules[Count++] = (OrderSet.Of(one), OrderSet.Of(other), areTogether);

    internal void Pop() => Count--;

    internal void Clear() => Count = 0;

    internal bool Allow(OrderSet batch)
    {
        foreach (var (one, other, areTogether) in _rules.AsSpan(0, Count))
        {
            var (hasOne, hasOther) = (batch.Meets(one), batch.Meets(other));
            if (areTogether ? hasOne != hasOther : hasOne && hasOther) return false;
        }

        return true;
    }
}
