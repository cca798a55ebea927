using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Fulfillment.AppHost.Operating;

/// <summary>A brand to try things with: a key, a few SKUs on the shelves, stock for some hundred orders.</summary>
internal sealed class DemoBrand(ServiceApi orders, ServiceApi picking)
{
    internal const string Client = "acme";
    internal const string Warehouse = "main";
    internal const int Skus = 20;
    internal const int UnitsEach = 1000;

    private readonly Lock gate = new();
    private Task<string>? making;

    /// <summary>The brand's key. The first who asks makes the brand, as an operator would: over HTTP.</summary>
    internal Task<string> KeyAsync(CancellationToken cancellation)
    {
        lock (gate)
        {
            // One who goes away does not take the brand with him; what failed is tried again.
            if (making is null or { IsFaulted: true }) making = MakeAsync(CancellationToken.None);
            return making.WaitAsync(cancellation);
        }
    }

    /// <summary>One order of two lines; returns its id and where it stands.</summary>
    internal async Task<(Guid OrderId, string Status)> PlaceAsync(
        string clientOrderId, ActivityTraceId trace, CancellationToken cancellation) =>
        Read(await orders.SendAsync(
            HttpMethod.Post, "/orders", Order(clientOrderId), await KeyAsync(cancellation), trace, cancellation));

    internal async Task<string> StatusAsync(Guid orderId, CancellationToken cancellation) =>
        Read(await orders.SendAsync(
            HttpMethod.Get, $"/orders/{orderId}", null, await KeyAsync(cancellation), null, cancellation)).Status;

    /// <summary>The brand's orders as the service lists them: a page.</summary>
    internal async Task<JsonArray> OrdersAsync(CancellationToken cancellation) =>
        (await orders.SendAsync(
            HttpMethod.Get, "/orders?limit=200", null, await KeyAsync(cancellation), null, cancellation))!
            ["orders"]!.AsArray();

    /// <summary>The body of a POST /orders.</summary>
    internal static object Order(string clientOrderId) => new
    {
        clientOrderId,
        lines = new[] { new { sku = Sku(1), quantity = 2 }, new { sku = Sku(2), quantity = 1 } },
        serviceLevel = "Standard",
        allocation = "FillAll",
        shipTo = new
        {
            name = "A. Shopper",
            line1 = "1 High Street",
            postalCode = "10115",
            city = "Berlin",
            country = "DE",
        },
    };

    internal static string Sku(int number) => $"SKU-{number:D4}";

    // What is there already stays as it is: the same names, and a receipt that is booked once.
    private async Task<string> MakeAsync(CancellationToken cancellation)
    {
        var skus = Enumerable.Range(1, Skus).Select(Sku).ToList();
        await orders.SendAsync(HttpMethod.Put, $"/warehouses/{Warehouse}", new { name = "Main" }, cancellation);
        await orders.SendAsync(
            HttpMethod.Put, $"/clients/{Client}", new { name = Client, warehouseId = Warehouse, weight = 1 },
            cancellation);
        await picking.SendAsync(
            HttpMethod.Put, "/slots",
            skus.Select((sku, index) => new
            {
                clientId = Client,
                sku,
                aisle = 1 + (index % 10),
                bay = 1 + (index * 2),
                side = "L",
            }),
            cancellation);
        await orders.SendAsync(
            HttpMethod.Put, $"/clients/{Client}/skus", skus.Select(sku => new { sku, name = sku }), cancellation);
        await orders.SendAsync(
            HttpMethod.Post, $"/clients/{Client}/stock/receipts",
            new { reference = "desk", lines = skus.Select(sku => new { sku, quantity = UnitsEach }) }, cancellation);
        var made = await orders.SendAsync(HttpMethod.Post, $"/clients/{Client}/keys", new { }, cancellation);
        return made!["key"]!.GetValue<string>();
    }

    private static (Guid OrderId, string Status) Read(JsonNode? order) =>
        (order!["orderId"]!.GetValue<Guid>(), order["status"]!.GetValue<string>());
}
