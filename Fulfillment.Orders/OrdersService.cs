using Fulfillment.Orders.Archive;
using Fulfillment.Orders.Backorders;
using Fulfillment.Orders.CancelOrder;
using Fulfillment.Orders.Catalog;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.Holds;
using Fulfillment.Orders.PlaceOrder;
using Fulfillment.Orders.Progress;
using Fulfillment.Orders.ResendRelease;
using Fulfillment.Orders.ShipOrder;
using Fulfillment.Orders.Stock;
using Fulfillment.Orders.TrackOrder;
using Fulfillment.ServiceDefaults;

namespace Fulfillment.Orders;

/// <summary>What a client and an operator can do here, and what stands behind it.</summary>
internal static class OrdersService
{
    internal static void AddOrders(this IHostApplicationBuilder builder)
    {
        SystemData.RequireTimeZones(); // a ship-by is told in the warehouse's own
        builder.Services.AddSingleton(PickingSites.From(builder.Configuration));
        builder.Services.AddSingleton<ClientDirectory>();
        builder.Services.AddSingleton<AvailabilityCache>();
        builder.Services.AddSingleton(IntakeOptions.Read(builder.Configuration));
        builder.Services.AddSingleton<IntakeWriter>();
        builder.Services.AddHostedService(services => services.GetRequiredService<IntakeWriter>());
        builder.Services.AddSingleton(BackorderOptions.From(builder.Configuration));
        builder.Services.AddHostedService<BackorderSweep>();
        builder.Services.ConfigureHttpJsonOptions(json =>
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, OrdersJson.Default));
        builder.Services.AddSingleton(StopAt.Read(builder.Configuration));
        builder.AddDispatch();
        builder.AddProgress();
        builder.AddArchive();
        // What a short or a cancel frees goes to the backorders, through the one writer.
        builder.Services.AddSingleton<StockFreed>(services => (clientId, skus, _) =>
            new ValueTask(services.GetRequiredService<IntakeWriter>().ReallocateAsync(clientId, skus)));
    }

    internal static void MapOrders(this IEndpointRouteBuilder app)
    {
        app.MapCatalog();
        app.MapStock();
        app.MapAvailability();
        app.MapPlaceOrder();
        app.MapTrackOrder();
        app.MapCancelOrder();
        app.MapPutHold();
        app.MapLiftHold();
        app.MapShipOrder();
        app.MapResendRelease();
        app.MapFeed();
    }
}
