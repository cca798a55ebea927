namespace Fulfillment.Orders.PlaceOrder;

/// <summary>What one line gets now and what it waits for; together its whole quantity.</summary>
internal readonly record struct LineShare(int Allocated, int Backordered);

/// <summary>Gives stock to orders, one after the other. Pure but for the stock it takes from.</summary>
internal static class Allocation
{
    /// <summary>
    /// The shares of an order's lines, taken out of <paramref name="available"/>. FillAll takes all or nothing, and
    /// leaves what it cannot use to the smaller orders behind it.
    /// </summary>
    internal static LineShare[] Take<TKey>(
        IReadOnlyList<(TKey Sku, int Quantity)> lines, bool fillAll, Dictionary<TKey, long> available)
        where TKey : notnull
    {
        var shares = new LineShare[lines.Count];
        for (var i = 0; i < lines.Count; i++)
        {
            var (sku, quantity) = lines[i];
            var taken = (int)Math.Clamp(available.GetValueOrDefault(sku), 0, quantity);
            if (taken < quantity && fillAll) return GiveBack(lines, shares, i, available);
            shares[i] = new LineShare(taken, quantity - taken);
            if (taken > 0) available[sku] -= taken;
        }

        return shares;
    }

    private static LineShare[] GiveBack<TKey>(
        IReadOnlyList<(TKey Sku, int Quantity)> lines, LineShare[] shares, int taken, Dictionary<TKey, long> available)
        where TKey : notnull
    {
        for (var i = 0; i < taken; i++) available[lines[i].Sku] += shares[i].Allocated;
        for (var i = 0; i < lines.Count; i++) shares[i] = new LineShare(0, lines[i].Quantity);
        return shares;
    }
}
