using System.Diagnostics;
using System.Text;

namespace Fulfillment.AppHost.Operating;

/// <summary>What a person asks of Orders from the dashboard.</summary>
internal static class OrderCommands
{
    internal const string PlaceOneOrder = "place-one-order";
    internal const string ListOrders = "list-orders";

    private const int ListedMax = 20;
    private static readonly TimeSpan PlannedWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>A button that places an order, follows it to its plan, and ends with a link to its one trace.</summary>
    internal static IResourceBuilder<ProjectResource> WithPlaceOneOrderCommand(
        this IResourceBuilder<ProjectResource> orders, DemoBrand brand) =>
        orders.WithCommand(PlaceOneOrder, "Place one order", context => PlaceAsync(brand, context, TimeProvider.System),
            new()
            {
                Description = $"One order of the brand {DemoBrand.Client}, from POST /orders to its plan.",
                IconName = "ReceiptAdd",
                IsHighlighted = true,
                UpdateState = context => WhenRunning(context.ResourceSnapshot),
            });

    /// <summary>The newest orders as a table: a link could not carry the brand's key.</summary>
    internal static IResourceBuilder<ProjectResource> WithListOrdersCommand(
        this IResourceBuilder<ProjectResource> orders, DemoBrand brand) =>
        orders.WithCommand(ListOrders, "Order list", context => ListAsync(brand, context),
            new()
            {
                Description = $"Where the brand {DemoBrand.Client}'s newest orders stand.",
                IconName = "TextBulletListSquare",
                UpdateState = context => WhenRunning(context.ResourceSnapshot),
            });

    internal static ResourceCommandState WhenRunning(CustomResourceSnapshot snapshot) =>
        snapshot.State?.Text == KnownResourceStates.Running
            ? ResourceCommandState.Enabled
            : ResourceCommandState.Disabled;

    private static async Task<ExecuteCommandResult> PlaceAsync(
        DemoBrand brand, ExecuteCommandContext context, TimeProvider clock)
    {
        var trace = ActivityTraceId.CreateRandom();
        var begun = clock.GetTimestamp();
        try
        {
            var (order, status) = await brand.PlaceAsync($"desk-{trace}", trace, context.CancellationToken);
            while (status is "Accepted" or "Dispatched" && clock.GetElapsedTime(begun) < PlannedWithin)
            {
                await Task.Delay(AskEvery, clock, context.CancellationToken);
                status = await brand.StatusAsync(order, context.CancellationToken);
            }

            var took = clock.GetElapsedTime(begun).TotalMilliseconds;
            var said = $"Order {order} is {status}.";
            return CommandResults.Success(said, Markdown(), CommandResultFormat.Markdown, displayImmediately: true);

            string Markdown() => $"""
                Order `{order}` of {DemoBrand.Client} is **{status}**, {took:N0} ms after it was sent.

                [Its trace]({Dashboard.Address(context.Services)}/traces/detail/{trace}): the request, the commit, the
                dispatch, the plan, the confirmation.
                """;
        }
        catch (HttpRequestException refused)
        {
            return CommandResults.Failure(refused.Message);
        }
    }

    private static async Task<ExecuteCommandResult> ListAsync(DemoBrand brand, ExecuteCommandContext context)
    {
        try
        {
            var orders = await brand.OrdersAsync(context.CancellationToken);
            var table = new StringBuilder("| order | the brand's id | status |\n|---|---|---|\n");
            foreach (var order in orders.Reverse().Take(ListedMax))
                table.Append(null, $"| {order!["orderId"]} | {order["clientOrderId"]} | {order["status"]} |\n");
            return CommandResults.Success(
                $"{orders.Count} orders of {DemoBrand.Client}.", table.ToString(), CommandResultFormat.Markdown,
                displayImmediately: true);
        }
        catch (HttpRequestException refused)
        {
            return CommandResults.Failure(refused.Message);
        }
    }
}
