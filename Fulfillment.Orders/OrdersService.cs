using Fulfillment.Orders.Catalog;
using Fulfillment.Orders.PlaceOrder;
using Fulfillment.Orders.Stock;
using Fulfillment.Orders.TrackOrder;

namespace Fulfillment.Orders;

/// <summary>What a client and an operator can do here, and what stands behind it.</summary>
internal static class OrdersService
{
    internal static void AddOrders(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ClientDirectory>();
        builder.Services.AddSingleton<AvailabilityCache>();
        builder.Services.AddSingleton<IntakeWriter>();
        builder.Services.AddHostedService(services => services.GetRequiredService<IntakeWriter>());
    }

    internal static void MapOrders(this IEndpointRouteBuilder app)
    {
        app.MapCatalog();
        app.MapStock();
        app.MapAvailability();
        app.MapPlaceOrder();
        app.MapTrackOrder();
    }
}
