using Fulfillment.Orders.Archive;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.States;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Orders.ShipOrder;

/// <summary>
/// POST /clients/{clientId}/orders/{orderId}/ship, by an operator: what was picked has left the house, and the order is
/// closed. Only whole: while something of it is under way, parked or backordered it cannot be shipped.
/// </summary>
internal static class ShipOrderEndpoint
{
    // Locked first, as everywhere: a repeat finds the order shipped, and no release or backorder comes in between.
    private const string LockOrderSql =
        "SELECT shipped_at, cancelled_at IS NOT NULL FROM orders WHERE client_id = $1 AND order_id = $2 FOR UPDATE";

    private const string ReadWorkSql = """
        SELECT ARRAY (SELECT state FROM releases WHERE client_id = $1 AND order_id = $2),
               EXISTS (SELECT FROM backorders WHERE client_id = $1 AND order_id = $2),
               EXISTS (SELECT FROM holds WHERE client_id = $1 AND order_id = $2)
        """;

    private const string ShipLinesSql = """
        UPDATE order_lines l SET shipped = picked.units
        FROM (SELECT line_no, sum(picked) AS units FROM allocations
              WHERE client_id = $1 AND order_id = $2 GROUP BY line_no) picked
        WHERE l.client_id = $1 AND l.order_id = $2 AND l.line_no = picked.line_no
        """;

    private const string ShipOrderSql = "UPDATE orders SET shipped_at = $3 WHERE client_id = $1 AND order_id = $2";

    // The answer is read from what is stored, so that a repeat has the same one.
    private const string ReadShippedSql = """
        SELECT o.shipped_at, l.line_no, l.sku, l.shipped FROM orders o
        JOIN order_lines l ON l.client_id = o.client_id AND l.order_id = o.order_id
        WHERE o.client_id = $1 AND o.order_id = $2 ORDER BY l.line_no
        """;

    internal static void MapShipOrder(this IEndpointRouteBuilder app) => app
        .MapPost("/clients/{clientId}/orders/{orderId:guid}/ship", HandleAsync).RequireAuthorization("operator");

    internal static async Task<Results<Ok<ShippedOrder>, JsonHttpResult<Problem>>> HandleAsync(
        string clientId, Guid orderId, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await LockAsync(connection, clientId, orderId, cancellation) is not { } order)
            return AnswerOf(await PastOrder.FindAsync(connection, clientId, orderId, cancellation));
        if (!order.Shipped)
        {
            if (RefusalOf(order) is var (code, title))
                return Problems.Result(StatusCodes.Status409Conflict, code, title);
            await using var ship = new NpgsqlBatch(connection, transaction);
            ship.AddForOrder(ShipLinesSql, clientId, orderId);
            ship.AddForOrder(ShipOrderSql, clientId, orderId).AddTime(clock.GetUtcNow());
            await ship.ExecuteNonQueryAsync(cancellation);
        }

        var answer = await ReadShippedAsync(connection, clientId, orderId, cancellation);
        await transaction.CommitAsync(cancellation);
        return TypedResults.Ok(answer);
    }

    // A past order is shipped or cancelled, and stays so.
    private static Results<Ok<ShippedOrder>, JsonHttpResult<Problem>> AnswerOf(PastOrder? past)
    {
        if (past is null)
            return Problems.Result(StatusCodes.Status404NotFound, "unknown_order", "The client has no such order.");
        if (past.ShippedAt is { } shippedAt)
        {
            return TypedResults.Ok(new ShippedOrder(
                past.OrderId, OrderStates.Name(OrderStatus.Shipped), shippedAt,
                [.. past.Work.Lines.Select(line => new ShippedLine(line.LineNo, line.Sku, line.Shipped))]));
        }

        var (code, title) = RefusalOf(new OrderToShip(false, Cancelled: true, false, false, []))!.Value;
        return Problems.Result(StatusCodes.Status409Conflict, code, title);
    }

    /// <summary>The code and the words of the 409; null when it may be shipped. Pure.</summary>
    internal static (string Code, string Title)? RefusalOf(OrderToShip order)
    {
        if (order.Cancelled) return ("already_cancelled", "The order is cancelled.");
        if (order.Held) return ("order_held", "The order is held.");
        if (order.Backordered) return ("backordered", "Something of the order still waits for stock.");
        // A failed release is parked with its stock: send it again or cancel it first.
        var done = order.Releases.All(state => state is ReleaseState.Picked or ReleaseState.Cancelled);
        return done && order.Releases.Contains(ReleaseState.Picked)
            ? null
            : ("not_picked", "Not all of the order is picked.");
    }

    private static async Task<OrderToShip?> LockAsync(
        NpgsqlConnection connection, string clientId, Guid orderId, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.AddForOrder(LockOrderSql, clientId, orderId);
        batch.AddForOrder(ReadWorkSql, clientId, orderId);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation)) return null;
        var (shipped, cancelled) = (!reader.IsDBNull(0), reader.GetBoolean(1));
        await reader.NextResultAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var releases = Array.ConvertAll(reader.GetFieldValue<string[]>(0), ReleaseStates.Parse);
        return new OrderToShip(shipped, cancelled, reader.GetBoolean(2), reader.GetBoolean(1), releases);
    }

    private static async Task<ShippedOrder> ReadShippedAsync(
        NpgsqlConnection connection, string clientId, Guid orderId, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.AddForOrder(ReadShippedSql, clientId, orderId);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        var lines = new List<ShippedLine>();
        var at = default(DateTimeOffset);
        while (await reader.ReadAsync(cancellation))
        {
            at = reader.GetFieldValue<DateTimeOffset>(0);
            lines.Add(new ShippedLine(reader.GetInt32(1), reader.GetString(2), reader.GetInt32(3)));
        }

        return new ShippedOrder(orderId, OrderStates.Name(OrderStatus.Shipped), at, lines);
    }
}

/// <summary>What decides whether an order may be shipped.</summary>
internal sealed record OrderToShip(
    bool Shipped, bool Cancelled, bool Held, bool Backordered, IReadOnlyList<ReleaseState> Releases);

internal sealed record ShippedLine(int LineNo, string Sku, int Shipped);

internal sealed record ShippedOrder(
    Guid OrderId, string Status, DateTimeOffset ShippedAt, IReadOnlyList<ShippedLine> Lines);
