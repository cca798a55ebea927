using System.Diagnostics;
using Fulfillment.Orders.Archive;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.PlaceOrder;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Npgsql;

namespace Fulfillment.Orders.Holds;

internal sealed record PutHoldRequest(string? Name, string? Reason);

internal enum PutHoldResult
{
    Put,
    UnknownOrder,
    TooMany,
    Closed,
}

/// <summary>
/// POST /orders/{orderId}/holds. Puts a named hold: what waits is not dispatched, what may still lie in the picking
/// queue is asked back. Putting it again changes nothing.
/// </summary>
internal static class PutHoldEndpoint
{
    internal const int HoldsPerOrderMax = 10;
    internal const int ReasonLengthMax = 200;
    internal const int BodyBytesMax = 4 << 10;

    // Everyone who changes an order locks its row first: a hold and a dispatch of the same order cannot cross.
    private const string LockOrderSql = """
        SELECT shipped_at IS NOT NULL OR cancelled_at IS NOT NULL FROM orders
        WHERE client_id = $1 AND order_id = $2 FOR UPDATE
        """;

    // A statement after the lock: it counts the hold that the lock may have waited for.
    private const string ReadHoldsSql = "SELECT name FROM holds WHERE client_id = $1 AND order_id = $2";

    private const string PutHoldSql = """
        INSERT INTO holds (client_id, order_id, name, reason, put_at) VALUES ($1, $2, $3, $4, $5)
        """;

    // A release made later, of a backorder or of one that came back, reads the holds itself under the same lock.
    private const string HoldReleasesSql =
        "UPDATE releases SET held = true WHERE client_id = $1 AND order_id = $2 AND state = 'Waiting'";

    internal static void MapPutHold(this IEndpointRouteBuilder app) => app
        .MapPost("/orders/{orderId:guid}/holds", (HttpContext context, Guid orderId) => HandleAsync(context, orderId))
        .RequireAuthorization("client");

    private static async Task HandleAsync(HttpContext context, Guid orderId)
    {
        var request = await RequestBody.ReadAsync(context, OrdersJson.Default.PutHoldRequest, BodyBytesMax);
        if (request is null) return;
        if (FaultsIn(request) is { Count: > 0 } faults)
        {
            await Problems.WriteAsync(context, 422, "invalid_hold", "The hold cannot be put.", errors: faults);
            return;
        }

        var services = context.RequestServices;
        var result = await PutAsync(
            services.GetRequiredService<NpgsqlDataSource>(), context.User.Subject()!, orderId, request,
            services.GetRequiredService<TimeProvider>().GetUtcNow(), context.RequestAborted);
        switch (result)
        {
            case PutHoldResult.Put:
                services.GetRequiredService<DispatchSignal>().Pulse(); // a signal may have to go
                context.Response.StatusCode = 204;
                break;
            case PutHoldResult.UnknownOrder:
                await Problems.WriteAsync(context, 404, "unknown_order", "The client has no such order.");
                break;
            case PutHoldResult.TooMany:
                await Problems.WriteAsync(
                    context, 409, "too_many_holds", $"An order may have {HoldsPerOrderMax} holds at a time.");
                break;
            default:
                await Problems.WriteAsync(context, 409, "order_closed", "The order is shipped or cancelled.");
                break;
        }
    }

    /// <summary>Every fault in the request, keyed by field; empty when it may be put. Pure.</summary>
    internal static Dictionary<string, string[]> FaultsIn(PutHoldRequest request)
    {
        var faults = new Dictionary<string, string[]>();
        if (!OrderLimits.IsId(request.Name))
            faults.Add("name", [$"must have 1 to {OrderLimits.IdLengthMax} printable characters"]);
        if (request.Reason is not { Length: > 0 and <= ReasonLengthMax } || !OrderLimits.IsPrintable(request.Reason))
            faults.Add("reason", [$"must have 1 to {ReasonLengthMax} printable characters"]);
        return faults;
    }

    internal static async Task<PutHoldResult> PutAsync(
        NpgsqlDataSource database, string clientId, Guid orderId, PutHoldRequest hold, DateTimeOffset now,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var names = new HashSet<string>(StringComparer.Ordinal);
        var known = false;
        await using (var look = new NpgsqlBatch(connection, transaction))
        {
            look.AddForOrder(LockOrderSql, clientId, orderId);
            look.AddForOrder(ReadHoldsSql, clientId, orderId);
            await using var reader = await look.ExecuteReaderAsync(cancellation);
            known = await reader.ReadAsync(cancellation);
            if (known && reader.GetBoolean(0)) return PutHoldResult.Closed;
            await reader.NextResultAsync(cancellation);
            while (await reader.ReadAsync(cancellation)) names.Add(reader.GetString(0));
        }

        if (!known)
        {
            return await PastOrder.FindAsync(connection, clientId, orderId, cancellation) is null
                ? PutHoldResult.UnknownOrder
                : PutHoldResult.Closed;
        }

        if (names.Contains(hold.Name!)) return PutHoldResult.Put;
        if (names.Count >= HoldsPerOrderMax) return PutHoldResult.TooMany;
        await using var batch = new NpgsqlBatch(connection, transaction);
        var put = batch.AddForOrder(PutHoldSql, clientId, orderId);
        put.Add(new NpgsqlParameter<string> { TypedValue = hold.Name! });
        put.Add(new NpgsqlParameter<string> { TypedValue = hold.Reason! });
        put.AddTime(now);
        batch.AddForOrder(HoldReleasesSql, clientId, orderId);
        batch.SendSignals(clientId, orderId, "hold", now, Activity.Current?.Id);
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return PutHoldResult.Put;
    }
}
