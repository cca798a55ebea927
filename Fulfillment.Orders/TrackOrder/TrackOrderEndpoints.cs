using System.Text.Json;
using Fulfillment.Orders.Archive;
using Fulfillment.Orders.PlaceOrder;
using Fulfillment.Orders.States;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Npgsql;

namespace Fulfillment.Orders.TrackOrder;

internal sealed record OrderView(
    Guid OrderId, string ClientOrderId, string Status, bool Held, bool CancelRequested, string ServiceLevel,
    DateTimeOffset ShipBy, DateTimeOffset PlacedAt, ShipTo ShipTo, IReadOnlyList<LineView> Lines,
    IReadOnlyList<ReleaseView> Releases);

internal sealed record LineView(
    int LineNo, string Sku, int Quantity, int Picked, int Backordered, int Cancelled, int Shipped);

internal sealed record ReleaseView(int ReleaseNo, string State, int Lines, bool Held);

internal sealed record OrderSummary(
    Guid OrderId, string ClientOrderId, string Status, DateTimeOffset ShipBy, DateTimeOffset PlacedAt);

/// <summary>A page of a client's orders; <see cref="Next"/> goes into ?after= and is absent on the last page.</summary>
internal sealed record OrderPage(IReadOnlyList<OrderSummary> Orders, Guid? Next);

/// <summary>One order, by either of its ids, and a client's orders in the order they were placed.</summary>
internal static class TrackOrderEndpoints
{
    internal const int PageMax = 200;

    private const string ReadOrderSql = """
        SELECT order_id, client_order_id, service_level, ship_by, placed_at, ship_to, cancel_requested_at IS NOT NULL,
            cancelled_at IS NOT NULL, shipped_at IS NOT NULL,
            EXISTS (SELECT FROM holds h WHERE h.client_id = o.client_id AND h.order_id = o.order_id)
        FROM orders o WHERE client_id = $1 AND (order_id = $2 OR client_order_id = $3)
        """;

    private const string ReadReleasesSql = """
        SELECT release_no, state, line_count, held FROM releases
        WHERE client_id = $1 AND order_id = $2 ORDER BY release_no
        """;

    private const string ReadLinesSql = """
        SELECT l.line_no, l.sku, l.quantity, l.cancelled, l.shipped,
            coalesce((SELECT sum(a.picked) FROM allocations a WHERE a.client_id = l.client_id
                AND a.order_id = l.order_id AND a.line_no = l.line_no), 0)::integer,
            coalesce((SELECT b.quantity FROM backorders b WHERE b.client_id = l.client_id
                AND b.order_id = l.order_id AND b.line_no = l.line_no), 0)
        FROM order_lines l WHERE l.client_id = $1 AND l.order_id = $2 ORDER BY l.line_no
        """;

    // Keyset: a page costs the same wherever it is, and orders placed meanwhile shift nothing. Both tables are read in
    // the order of their keys, side by side, and no further than the page goes; one snapshot has each order once.
    private const string ListSql = """
        SELECT o.order_id, o.client_order_id, o.ship_by, o.placed_at, o.cancelled_at IS NOT NULL,
            o.shipped_at IS NOT NULL,
            NOT o.past AND EXISTS (
                SELECT FROM backorders b WHERE b.client_id = o.client_id AND b.order_id = o.order_id),
            CASE WHEN o.past THEN '{}' ELSE ARRAY (
                SELECT r.state FROM releases r WHERE r.client_id = o.client_id AND r.order_id = o.order_id) END
        FROM (SELECT client_id, order_id, client_order_id, ship_by, placed_at, cancelled_at, shipped_at, false AS past
              FROM orders
              UNION ALL
              SELECT client_id, order_id, client_order_id, ship_by, placed_at, cancelled_at, shipped_at, true
              FROM past_orders) o
        WHERE o.client_id = $1 AND o.order_id > $2 ORDER BY o.order_id LIMIT $3
        """;

    internal static void MapTrackOrder(this IEndpointRouteBuilder app)
    {
        var orders = app.MapGroup("/orders").RequireAuthorization("client");
        orders.MapGet("/{orderId:guid}", (HttpContext context, Guid orderId) => GetAsync(context, orderId, null));
        orders.MapGet("/by-client-id/{clientOrderId}",
            (HttpContext context, string clientOrderId) => GetAsync(context, null, clientOrderId));
        orders.MapGet("", ListAsync);
    }

    private static async Task GetAsync(HttpContext context, Guid? orderId, string? clientOrderId)
    {
        var database = context.RequestServices.GetRequiredService<NpgsqlDataSource>();
        var view = await ReadAsync(database, context.User.Subject()!, orderId, clientOrderId, context.RequestAborted);
        if (view is null) await Problems.WriteAsync(context, 404, "unknown_order", "The client has no such order.");
        else
            await context.Response.WriteAsJsonAsync(
                view, OrdersJson.Default.OrderView, cancellationToken: context.RequestAborted);
    }

    private static async Task<OrderView?> ReadAsync(
        NpgsqlDataSource database, string clientId, Guid? orderId, string? clientOrderId,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        // One snapshot: a view must not show a line between its release and its backorder.
        await using var transaction = await connection.BeginTransactionAsync(
            System.Data.IsolationLevel.RepeatableRead, cancellation);
        OrderView? view = null;
        bool shipped = false, cancelled = false;
        await using (var read = new NpgsqlCommand(ReadOrderSql, connection))
        {
            read.Parameters.Add(new NpgsqlParameter<string> { TypedValue = clientId });
            read.Parameters.Add(new NpgsqlParameter<Guid?> { TypedValue = orderId });
            read.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = clientOrderId });
            await using var row = await read.ExecuteReaderAsync(cancellation);
            if (await row.ReadAsync(cancellation))
            {
                (cancelled, shipped) = (row.GetBoolean(7), row.GetBoolean(8));
                view = new OrderView(
                    row.GetGuid(0), row.GetString(1), "", row.GetBoolean(9), row.GetBoolean(6), row.GetString(2),
                    row.GetFieldValue<DateTimeOffset>(3), row.GetFieldValue<DateTimeOffset>(4),
                    JsonSerializer.Deserialize(row.GetString(5), OrdersJson.Default.ShipTo)!, [], []);
            }
        }

        if (view is null)
        {
            var past = orderId is { } id
                ? await PastOrder.FindAsync(connection, clientId, id, cancellation)
                : await PastOrder.FindAsync(connection, clientId, clientOrderId!, cancellation);
            return past is null ? null : ViewOf(past);
        }

        var releases = await ReadAllAsync(connection, ReadReleasesSql, clientId, view.OrderId, static row =>
            new ReleaseView(row.GetInt32(0), row.GetString(1), row.GetInt32(2), row.GetBoolean(3)), cancellation);
        var lines = await ReadAllAsync(connection, ReadLinesSql, clientId, view.OrderId, static row =>
            new LineView(row.GetInt32(0), row.GetString(1), row.GetInt32(2), row.GetInt32(5), row.GetInt32(6),
                row.GetInt32(3), row.GetInt32(4)), cancellation);
        var status = OrderStates.Derive(
            releases.Select(release => ReleaseStates.Parse(release.State)), lines.Any(line => line.Backordered > 0),
            shipped, cancelled);
        return view with { Status = OrderStates.Name(status), Lines = lines, Releases = releases };
    }

    // As the tables of work would have answered: a past order waits for nothing.
    private static OrderView ViewOf(PastOrder past) => new(
        past.OrderId, past.ClientOrderId, OrderStates.Name(past.Status), past.Work.Holds.Count > 0,
        past.CancelRequested, past.ServiceLevel, past.ShipBy, past.PlacedAt,
        JsonSerializer.Deserialize(past.ShipTo, OrdersJson.Default.ShipTo)!,
        [
            .. past.Work.Lines.Select(line => new LineView(
                line.LineNo, line.Sku, line.Quantity,
                past.Work.Allocations.Where(part => part.LineNo == line.LineNo).Sum(part => part.Picked),
                Backordered: 0, line.Cancelled, line.Shipped)),
        ],
        [
            .. past.Work.Releases.Select(release => new ReleaseView(
                release.ReleaseNo, release.State, release.LineCount, release.Held)),
        ]);

    private static async Task<List<T>> ReadAllAsync<T>(
        NpgsqlConnection connection, string sql, string clientId, Guid orderId, Func<NpgsqlDataReader, T> read,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = clientId },
                new NpgsqlParameter<Guid> { TypedValue = orderId },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellation)) rows.Add(read(reader));
        return rows;
    }

    private static async Task ListAsync(HttpContext context, NpgsqlDataSource database, Guid? after, int? limit)
    {
        if (limit is < 1 or > PageMax)
        {
            await Problems.WriteAsync(context, 422, "page_size", $"limit is 1 to {PageMax}.");
            return;
        }

        var size = limit ?? 50;
        await using var list = database.CreateCommand(ListSql);
        list.Parameters.Add(new NpgsqlParameter<string> { TypedValue = context.User.Subject()! });
        list.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = after ?? Guid.Empty });
        list.Parameters.Add(new NpgsqlParameter<int> { TypedValue = size });
        var orders = new List<OrderSummary>();
        await using (var row = await list.ExecuteReaderAsync(context.RequestAborted))
        {
            while (await row.ReadAsync(context.RequestAborted))
            {
                var status = OrderStates.Derive(
                    row.GetFieldValue<string[]>(7).Select(ReleaseStates.Parse), row.GetBoolean(6),
                    shipped: row.GetBoolean(5), cancelled: row.GetBoolean(4));
                orders.Add(new OrderSummary(
                    row.GetGuid(0), row.GetString(1), OrderStates.Name(status), row.GetFieldValue<DateTimeOffset>(2),
                    row.GetFieldValue<DateTimeOffset>(3)));
            }
        }

        await context.Response.WriteAsJsonAsync(
            new OrderPage(orders, orders.Count == size ? orders[^1].OrderId : null), OrdersJson.Default.OrderPage,
            cancellationToken: context.RequestAborted);
    }
}
