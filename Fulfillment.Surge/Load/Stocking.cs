using Fulfillment.Surge.Wire;

namespace Fulfillment.Surge.Load;

/// <summary>
/// Where stock is received, with whose key, and what its receipts are called (a receipt is booked once).
/// </summary>
internal sealed record StockedSite(string OperatorKey, string WarehouseId, string Receipts = "surge");

/// <summary>
/// Makes the warehouse ready for a workload, through the same endpoints a customer's onboarding uses.
/// </summary>
internal static class Stocking
{
    private const int BulkMax = 10_000;
    private const int ReceiptLinesMax = 1_000;

    // The default layout of Picking.
    private const int Aisles = 10;
    private const int Bays = 45;

    /// <summary>
    /// Clients, keys, SKUs, slots and stock; <paramref name="shortPercent"/> of the SKUs get half of what will be
    /// asked. Without <paramref name="picking"/> the slots must be there. Returns a key per client.
    /// </summary>
    internal static async Task<Dictionary<string, string>> StockAsync(
        StockedSite site, ServiceApi orders, ServiceApi? picking, Workload workload, double shortPercent, long seed,
        CancellationToken cancellation)
    {
        var (key, warehouse, _) = site;
        await orders.PutAsync($"/warehouses/{warehouse}", key, new PutWarehouse(warehouse), cancellation);
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var client in workload.Clients)
        {
            await orders.PutAsync($"/clients/{client}", key, new PutClient(client, warehouse, 1), cancellation);
            using var made = await orders.SendOrThrowAsync(
                HttpMethod.Post, $"/clients/{client}/keys", key, new { }, cancellation);
            keys[client] = (await ServiceApi.ReadAsync<NewKey>(made, cancellation)).Key;
        }

        var skus = workload.Demand();
        var random = new SplitMix((ulong)seed ^ 0x5107);
        if (picking is not null) await SlotAsync(picking, key, skus, random, cancellation);
        foreach (var client in skus.GroupBy(sku => sku.ClientId))
        {
            List<PlannedSku> some = [.. client];
            foreach (var names in some.Select(sku => new PutSku(sku.Sku, sku.Sku)).Chunk(BulkMax))
                await orders.PutAsync($"/clients/{client.Key}/skus", key, names, cancellation);
            await ReceiveAsync(orders, site, client.Key, some, shortPercent, random, cancellation);
        }

        return keys;
    }

    private static async Task SlotAsync(
        ServiceApi picking, string key, IReadOnlyList<PlannedSku> skus, SplitMix random, CancellationToken cancellation)
    {
        var slots = skus.Select(sku => new PutSlot(
            sku.ClientId, sku.Sku, 1 + random.Below(Aisles), 1 + random.Below(Bays), random.Below(2) == 0 ? "L" : "R"));
        foreach (var some in slots.Chunk(BulkMax)) await picking.PutAsync("/slots", key, some, cancellation);
    }

    private static async Task ReceiveAsync(
        ServiceApi orders, StockedSite site, string client, List<PlannedSku> skus, double shortPercent, SplitMix random,
        CancellationToken cancellation)
    {
        var receipt = 0;
        foreach (var some in skus.Chunk(ReceiptLinesMax))
        {
            var lines = some
                .Select(sku => new OrderLine(
                    sku.Sku, random.NextDouble() * 100 < shortPercent ? sku.Demand / 2 : sku.Demand))
                .Where(line => line.Quantity > 0).ToList();
            if (lines.Count == 0) continue;
            await orders.PostAsync(
                $"/clients/{client}/stock/receipts", site.OperatorKey,
                new Receipt($"{site.Receipts}-{++receipt}", lines), cancellation);
        }
    }
}
