using System.Text.Json;

namespace Fulfillment.Surge.Wire;

// The services' HTTP messages as a stranger would write them down: this program shares no type with either service.

internal sealed record PutWarehouse(string Name);

internal sealed record PutClient(string Name, string WarehouseId, int Weight);

internal sealed record NewKey(string Key);

internal sealed record PutSku(string Sku, string Name);

internal sealed record Receipt(string Reference, IReadOnlyList<OrderLine> Lines);

internal sealed record PlaceOrder(
    string ClientOrderId, IReadOnlyList<OrderLine> Lines, string ServiceLevel, string Allocation, ShipTo ShipTo,
    DateTimeOffset? ShipBy = null);

internal sealed record PlaceOrders(IReadOnlyList<PlaceOrder> Orders);

internal sealed record OrdersPlaced(IReadOnlyList<OrderResult> Results);

internal sealed record OrderResult(int Status, OrderPlaced? Order, JsonElement? Problem);

internal sealed record OrderPage(IReadOnlyList<TrackedOrder> Orders, Guid? Next);

internal sealed record PutToggle(
    bool Enabled, int Percentage, IReadOnlyDictionary<string, bool> Clients, bool Shadow, string Reason);

internal sealed record OrderLine(string Sku, long Quantity);

internal sealed record ShipTo(string Name, string Line1, string PostalCode, string City, string Country);

internal sealed record OrderPlaced(Guid OrderId);

internal sealed record TrackedOrder(Guid OrderId, string ClientOrderId, string Status);

internal sealed record PutSlot(string ClientId, string Sku, int Aisle, int Bay, string Side);

internal sealed record NextTour(string PickerId);

internal sealed record Tour(Guid TourId, int Fence, long? DistanceMm, IReadOnlyList<TourTask> Tasks);

internal sealed record TourTask(int TaskNo, TaskLocation Location, string Sku, int Quantity, int Tote, Guid OrderId);

internal sealed record TaskLocation(int Aisle, int Bay, string Side);

internal sealed record Confirm(string PickerId, int Fence, IReadOnlyList<Scan> Scans);

internal sealed record Scan(
    string ScanId, int TaskNo, TaskLocation Location, string Sku, int Tote, int Picked, int Short);

internal sealed record TourDone(string PickerId, int Fence);
