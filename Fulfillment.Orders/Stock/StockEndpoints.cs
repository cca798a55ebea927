using Fulfillment.Orders.PlaceOrder;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Npgsql;

namespace Fulfillment.Orders.Stock;

internal sealed record ReceiptLine(string? Sku, int Quantity);

internal sealed record ReceiptRequest(string? Reference, IReadOnlyList<ReceiptLine?>? Lines);

internal sealed record AdjustmentLine(string? Sku, int Change, string? Reason);

internal sealed record AdjustmentRequest(string? Reference, IReadOnlyList<AdjustmentLine?>? Lines);

internal sealed record CountRequest(string? Reference, string? Sku, long Counted);

/// <summary>One change of one SKU's stock; a count says what it found.</summary>
internal readonly record struct LedgerLine(string Sku, long Change);

/// <summary>Receive, adjust and count. A call whose answer was lost is sent again under the same reference.</summary>
internal static class StockEndpoints
{
    internal const int LinesMax = 10_000;
    internal const int BodyBytesMax = 4 << 20;

    internal static void MapStock(this IEndpointRouteBuilder app)
    {
        app.MapPost("/clients/{id}/stock/receipts", (HttpContext context, string id) => ReceiveAsync(context, id))
            .RequireAuthorization("operator");
        var clients = app.MapGroup("/stock").RequireAuthorization("client");
        clients.MapPost("/receipts", (HttpContext context) => ReceiveAsync(context, context.User.Subject()!));
        clients.MapPost("/adjustments", AdjustAsync);
        clients.MapPost("/counts", CountAsync);
    }

    private static async Task ReceiveAsync(HttpContext context, string clientId)
    {
        var request = await RequestBody.ReadAsync(context, OrdersJson.Default.ReceiptRequest, BodyBytesMax);
        if (request is null) return;
        if (!OrderLimits.IsId(request.Reference) || request.Lines is not { Count: > 0 and <= LinesMax }
            || request.Lines.Any(line => !OrderLimits.IsId(line?.Sku) || line!.Quantity < 1))
        {
            await Problems.WriteAsync(
                context, 422, "invalid_receipt", $"A reference and 1 to {LinesMax} lines with positive quantities.");
            return;
        }

        await BookAsync(context, clientId, "Received", request.Reference!,
            request.Lines.Select(line => new LedgerLine(line!.Sku!, line.Quantity)));
    }

    private static async Task AdjustAsync(HttpContext context)
    {
        var request = await RequestBody.ReadAsync(context, OrdersJson.Default.AdjustmentRequest, BodyBytesMax);
        if (request is null) return;
        if (!OrderLimits.IsId(request.Reference) || request.Lines is not { Count: > 0 and <= LinesMax }
            || request.Lines.Any(line => !OrderLimits.IsId(line?.Sku) || line!.Change == 0))
        {
            await Problems.WriteAsync(
                context, 422, "invalid_adjustment", $"A reference and 1 to {LinesMax} lines with a change.");
            return;
        }

        await BookAsync(context, context.User.Subject()!, "Adjusted", request.Reference!,
            request.Lines.Select(line => new LedgerLine(line!.Sku!, line.Change)));
    }

    private static async Task CountAsync(HttpContext context)
    {
        var request = await RequestBody.ReadAsync(context, OrdersJson.Default.CountRequest, BodyBytesMax);
        if (request is null) return;
        if (!OrderLimits.IsId(request.Reference) || !OrderLimits.IsId(request.Sku)
            || request.Counted is < 0 or > int.MaxValue)
        {
            await Problems.WriteAsync(context, 422, "invalid_count", "A reference, a SKU and what was counted.");
            return;
        }

        await BookAsync(context, context.User.Subject()!, "Counted", request.Reference!,
            [new LedgerLine(request.Sku!, request.Counted)]);
    }

    private static async Task BookAsync(
        HttpContext context, string clientId, string reason, string reference, IEnumerable<LedgerLine> changes)
    {
        var services = context.RequestServices;
        LedgerLine[] bySku =
        [
            .. changes.GroupBy(change => change.Sku, StringComparer.Ordinal)
                .Select(sku => new LedgerLine(sku.Key, sku.Sum(change => change.Change))),
        ];
        var booking = await StockLedger.BookAsync(
            services.GetRequiredService<NpgsqlDataSource>(), clientId, reason, reference, bySku,
            services.GetRequiredService<TimeProvider>().GetUtcNow(), context.RequestAborted);
        switch (booking.Result)
        {
            case BookingResult.Booked or BookingResult.Repeated:
                // Also for a repeat: the process that booked may have died before it sent what was waiting.
                await services.GetRequiredService<IntakeWriter>()
                    .ReallocateAsync(clientId, [.. bySku.Select(change => change.Sku)])
                        .WaitAsync(context.RequestAborted);
                context.Response.StatusCode = 204;
                break;
            case BookingResult.UnknownSku:
                await Problems.WriteAsync(context, 422, "unknown_sku", "The client has no such SKU.", booking.Sku);
                break;
            default:
                await Problems.WriteAsync(
                    context, 409, "stock_below_reserved", "Less would be on hand than is reserved or missing.",
                    booking.Sku);
                break;
        }
    }
}
