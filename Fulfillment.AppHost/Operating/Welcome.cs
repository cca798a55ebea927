using System.Text.Json;
using Fulfillment.AppHost.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Fulfillment.AppHost.Operating;

/// <summary>What a person needs to reach the system.</summary>
internal sealed record Doors(
    IResourceBuilder<ProjectResource> Orders, EndpointReference Picking, StoreResources Stores,
    ReferenceExpression OperatorKey, ReferenceExpression FloorKey);

/// <summary>
/// When everything is up: makes the demo brand and prints one screen with the links, the keys and a first order.
/// </summary>
internal sealed partial class Welcome(
    Doors doors, DemoBrand brand, IServiceProvider services, ResourceNotificationService notifications,
    ILogger<Welcome> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await notifications.WaitForResourceHealthyAsync(doors.Orders.Resource.Name, stoppingToken);
            await notifications.WaitForResourceHealthyAsync(doors.Picking.Resource.Name, stoppingToken);
            Console.WriteLine(await ScreenAsync(await brand.KeyAsync(stoppingToken), stoppingToken));
        }
        catch (HttpRequestException refused)
        {
            NoBrand(log, refused.Message);
        }
    }

    private async Task<string> ScreenAsync(string clientKey, CancellationToken cancellation)
    {
        var orders = doors.Orders.GetEndpoint("http").Url;
        var order = JsonSerializer.Serialize(DemoBrand.Order("first-order"));
        // Plain lines: a terminal must not break what is to be copied.
        return $"""

            dashboard   {Dashboard.Link(services)}
            Orders      {orders}
            Picking     {doors.Picking.Url}
            ordersdb    {await doors.Stores.OrdersDb.Resource.GetConnectionStringAsync(cancellation)}
            pickingdb   {await doors.Stores.PickingDb.Resource.GetConnectionStringAsync(cancellation)}
            Redis       {await doors.Stores.Redis.Resource.GetConnectionStringAsync(cancellation)}
            keys        operator {await doors.OperatorKey.GetValueAsync(cancellation)}
                        floor    {await doors.FloorKey.GetValueAsync(cancellation)}
                        {DemoBrand.Client}     {clientKey}

            The first order ({DemoBrand.Skus} SKUs from {DemoBrand.Sku(1)} on have {DemoBrand.UnitsEach} units each):

            curl -s -X POST {orders}/orders -H 'X-Api-Key: {clientKey}' -H 'Content-Type: application/json' -d '{order}'

            Ctrl+C stops everything.
            """;
    }

    [LoggerMessage(1, LogLevel.Warning, "There is no demo brand: {Problem}")]
    private static partial void NoBrand(ILogger log, string problem);
}

internal static class WelcomeExtensions
{
    internal static void AddWelcome(this IDistributedApplicationBuilder builder, Doors doors, DemoBrand brand) =>
        builder.Services.AddHostedService(
            services => ActivatorUtilities.CreateInstance<Welcome>(services, doors, brand));
}
