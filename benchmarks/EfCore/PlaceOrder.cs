using System.Security.Cryptography;
using System.Text.Json;

namespace Benchmarks.EfCore;

public sealed record PlaceOrder(
    string ClientOrderId, IReadOnlyList<PlaceOrderLine> Lines, string ServiceLevel, string Allocation, ShipTo ShipTo);

public sealed record PlaceOrderLine(string Sku, int Quantity);

public sealed record ShipTo(string Name, string Line1, string PostalCode, string City, string Country);

public sealed record OrderAccepted(
    Guid OrderId, string ClientOrderId, string Status, DateTimeOffset ShipBy, DateTimeOffset PlacedAt);

public sealed record ReleaseDispatched(
    string ClientId, Guid OrderId, int ReleaseNo, IReadOnlyList<PlaceOrderLine> Lines);

/// <summary>
/// An order with its lines, its one release and what is allocated to it: the rows that everyone writes.
/// </summary>
public static class Ordering
{
    public const string Warehouse = "main";

    public static Order NewOrder(string clientId, PlaceOrder request, DateTimeOffset now)
    {
        var id = Guid.CreateVersion7(now);
        var shipBy = now.AddDays(2);
        return new Order
        {
            ClientId = clientId,
            OrderId = id,
            ClientOrderId = request.ClientOrderId,
            BodyHash = SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, JsonSerializerOptions.Web)),
            WarehouseId = Warehouse,
            ServiceLevel = request.ServiceLevel,
            Allocation = request.Allocation,
            ShipBy = shipBy,
            ShipTo = JsonSerializer.Serialize(request.ShipTo, JsonSerializerOptions.Web),
            PlacedAt = now,
            Traceparent = System.Diagnostics.Activity.Current?.Id,
            Lines = [.. request.Lines.Select((line, at) => new OrderLine
            {
                ClientId = clientId, OrderId = id, LineNo = at + 1, Sku = line.Sku, Quantity = line.Quantity,
            })],
            Releases = [new Release
            {
                ClientId = clientId, OrderId = id, ReleaseNo = 1, WarehouseId = Warehouse, State = "Waiting",
                ShipBy = shipBy, LineCount = request.Lines.Count, CreatedAt = now,
                Allocations = [.. request.Lines.Select((line, at) => new Allocation
                {
                    ClientId = clientId, OrderId = id, ReleaseNo = 1, LineNo = at + 1, Sku = line.Sku,
                    Quantity = line.Quantity,
                })],
            }],
        };
    }

    public static ReleaseDispatched MessageOf(Order order, PlaceOrder request)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(request);
        return new(order.ClientId, order.OrderId, 1, request.Lines);
    }

    public static OrderAccepted AnswerTo(Order order)
    {
        ArgumentNullException.ThrowIfNull(order);
        return new(order.OrderId, order.ClientOrderId, "Accepted", order.ShipBy, order.PlacedAt);
    }
}
