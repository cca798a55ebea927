using System.Text.Json;
using System.Text.Json.Serialization;
using Fulfillment.Orders.CancelOrder;
using Fulfillment.Orders.Catalog;
using Fulfillment.Orders.Holds;
using Fulfillment.Orders.PlaceOrder;
using Fulfillment.Orders.Progress;
using Fulfillment.Orders.ResendRelease;
using Fulfillment.Orders.ShipOrder;
using Fulfillment.Orders.Stock;
using Fulfillment.Orders.TrackOrder;

namespace Fulfillment.Orders;

/// <summary>Source-generated JSON of this service's HTTP; unknown fields and repeated ones are refused.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(PlaceOrderRequest))]
[JsonSerializable(typeof(PlaceOrdersRequest))]
[JsonSerializable(typeof(PlacedOrder))]
[JsonSerializable(typeof(PlacedOrders))]
[JsonSerializable(typeof(WarehouseRequest))]
[JsonSerializable(typeof(ClientRequest))]
[JsonSerializable(typeof(KeyRequest))]
[JsonSerializable(typeof(KeyAnswer))]
[JsonSerializable(typeof(SkuName))]
[JsonSerializable(typeof(SkuRequest[]))]
[JsonSerializable(typeof(ReceiptRequest))]
[JsonSerializable(typeof(AdjustmentRequest))]
[JsonSerializable(typeof(CountRequest))]
[JsonSerializable(typeof(AvailableSku))]
[JsonSerializable(typeof(OrderView))]
[JsonSerializable(typeof(OrderPage))]
[JsonSerializable(typeof(CancelAnswer))]
[JsonSerializable(typeof(PutHoldRequest))]
[JsonSerializable(typeof(ShippedOrder))]
[JsonSerializable(typeof(ResentRelease))]
[JsonSerializable(typeof(FeedList))]
[JsonSerializable(typeof(ParkedList))]
[JsonSerializable(typeof(RetryAnswer))]
[JsonSerializable(typeof(Skipped))]
internal sealed partial class OrdersJson : JsonSerializerContext;
