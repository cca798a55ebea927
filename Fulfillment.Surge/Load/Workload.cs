namespace Fulfillment.Surge.Load;

/// <summary>
/// An order as it will be sent, <paramref name="At"/> after the load's begin; orders of one <paramref name="Bulk"/> go
/// in one call.
/// </summary>
internal sealed record PlannedOrder(
    TimeSpan At, string ClientId, string ClientOrderId, IReadOnlyList<PlannedLine> Lines, int? Bulk = null);

internal readonly record struct PlannedLine(string Sku, int Quantity);

/// <summary>One SKU of one client, all that the run asks of it, and where it lies.</summary>
internal readonly record struct PlannedSku(string ClientId, string Sku, long Demand);

/// <summary>Everything a run sends, decided before it begins: the same seed gives the same.</summary>
internal sealed record Workload(IReadOnlyList<string> Clients, IReadOnlyList<PlannedOrder> Orders)
{
    /// <summary>More lines than this go as several orders: the service's limit.</summary>
    internal const int LinesPerOrderMax = 1000;

    /// <summary>Orders of one POST /orders/bulk at most: the service's limit.</summary>
    internal const int BulkOrdersMax = 100;

    /// <summary>A client that reads its own orders again and again during the surge; null for none.</summary>
    internal string? Crawler { get; init; }

    /// <summary>The client whose orders surge alone; null where all surge together.</summary>
    internal string? SurgingClient { get; init; }

    /// <summary>The orders of each call, in the calls' order.</summary>
    internal IEnumerable<IReadOnlyList<PlannedOrder>> Calls()
    {
        for (var first = 0; first < Orders.Count;)
        {
            var last = first + 1;
            if (Orders[first].Bulk is { } bulk)
            {
                while (last < Orders.Count && Orders[last].Bulk == bulk) last++;
            }

            yield return [.. Orders.Skip(first).Take(last - first)];
            first = last;
        }
    }

    internal long Lines => Orders.Sum(order => (long)order.Lines.Count);

    /// <summary>Every SKU asked for, by client and SKU in byte order.</summary>
    internal IReadOnlyList<PlannedSku> Demand()
    {
        var demand = new Dictionary<(string Client, string Sku), long>();
        foreach (var order in Orders)
        {
            foreach (var line in order.Lines)
                demand[(order.ClientId, line.Sku)] =
                    demand.GetValueOrDefault((order.ClientId, line.Sku)) + line.Quantity;
        }

        return
        [
            .. demand.Select(entry => new PlannedSku(entry.Key.Client, entry.Key.Sku, entry.Value))
                .OrderBy(sku => sku.ClientId, StringComparer.Ordinal).ThenBy(sku => sku.Sku, StringComparer.Ordinal),
        ];
    }
}
