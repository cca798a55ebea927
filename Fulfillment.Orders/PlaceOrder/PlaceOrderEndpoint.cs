using System.Diagnostics;
using System.Text.Json;
using Fulfillment.Orders.Catalog;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Fulfillment.ServiceDefaults.Outages;
using Npgsql;

namespace Fulfillment.Orders.PlaceOrder;

/// <summary>POST /orders and POST /orders/bulk. Plain HttpContext handlers: this is the hot path.</summary>
internal static class PlaceOrderEndpoint
{
    internal const int BulkOrdersMax = 100;
    internal const int BulkBytesMax = 8 << 20;

    private const string QueueFull = "intake_full";

    // A deadline that has passed since the first answer does not make a repeat wrong.
    private const string FindRepeatSql = "SELECT body_hash FROM orders WHERE client_id = $1 AND client_order_id = $2";

    internal static void MapPlaceOrder(this IEndpointRouteBuilder app)
    {
        // All of it lives as long as the process: a request need not ask the container for it.
        var services = app.ServiceProvider;
        var desk = new Desk(
            services.GetRequiredService<IntakeWriter>(), services.GetRequiredService<ClientDirectory>(),
            services.GetRequiredService<PickingSites>(), services.GetRequiredService<NpgsqlDataSource>(),
            services.GetRequiredService<IntakeOptions>(), services.GetRequiredService<TimeProvider>());
        app.MapPost("/orders", (HttpContext context) => PlaceOneAsync(context, desk)).RequireAuthorization("client");
        app.MapPost("/orders/bulk", (HttpContext context) => PlaceManyAsync(context, desk))
            .RequireAuthorization("client");
    }

    private static async Task PlaceOneAsync(HttpContext context, Desk desk)
    {
        var request = await RequestBody.ReadAsync(
            context, OrdersJson.Default.PlaceOrderRequest, OrderLimits.BodyBytesMax);
        if (request is null) return;
        var (placing, problem) = await BeginAsync(context, desk, request);
        // A caller who goes away is not watched for: the writer decides soon, and does not do it for him alone.
        var outcome = placing is null ? default : await placing.OutcomeWithinAsync(desk.Options.HeldMax, desk.Clock);
        problem ??= ProblemOf(outcome);
        var response = context.Response;
        if (problem is not null)
        {
            await RefuseAsync(context, problem);
            return;
        }

        response.StatusCode = StatusOf(outcome);
        response.ContentType = "application/json";
        if (outcome.Result == PlaceResult.Placed) response.Headers.Location = $"/orders/{outcome.Answer!.OrderId}";
        // With its length known the answer goes out in one piece; without, a last chunk follows on its own.
        var answer = JsonSerializer.SerializeToUtf8Bytes(outcome.Answer!, OrdersJson.Default.PlacedOrder);
        response.ContentLength = answer.Length;
        await response.BodyWriter.WriteAsync(answer, context.RequestAborted);
    }

    private static async Task PlaceManyAsync(HttpContext context, Desk desk)
    {
        var request = await RequestBody.ReadAsync(context, OrdersJson.Default.PlaceOrdersRequest, BulkBytesMax);
        if (request is null) return;
        if (request.Orders is not { Count: > 0 and <= BulkOrdersMax })
        {
            await Problems.WriteAsync(context, 422, "bulk_size", $"A bulk has 1 to {BulkOrdersMax} orders.");
            return;
        }

        var begun = new (NewOrder? Placing, Problem? Problem)[request.Orders.Count];
        for (var i = 0; i < begun.Length; i++) begun[i] = await BeginAsync(context, desk, request.Orders[i] ?? new());
        var queuedAt = desk.Clock.GetTimestamp();
        var results = new PlacedResult[begun.Length];
        for (var i = 0; i < begun.Length; i++)
        {
            var (placing, problem) = begun[i];
            var left = desk.Options.HeldMax - desk.Clock.GetElapsedTime(queuedAt);
            var outcome = placing is null
                ? default
                : await placing.OutcomeWithinAsync(left, desk.Clock).WaitAsync(context.RequestAborted);
            problem ??= ProblemOf(outcome);
            results[i] = new PlacedResult(problem?.Status ?? StatusOf(outcome), outcome.Answer, problem);
        }

        if (Array.TrueForAll(results, result => result.Status == 503))
        {
            await RefuseAsync(context, results[0].Problem!);
            return;
        }

        await context.Response.WriteAsJsonAsync(
            new PlacedOrders(results), OrdersJson.Default.PlacedOrders, cancellationToken: context.RequestAborted);
    }

    private static Task RefuseAsync(HttpContext context, Problem problem)
    {
        // A full queue is short of what a lost database is: a second makes room.
        if (problem.Status == 503)
            context.Response.Headers.RetryAfter = problem.Code == QueueFull ? "1" : RequestFaults.RetryAfterSeconds;
        return Problems.WriteAsync(
            context, problem.Status, problem.Code, problem.Title, problem.Detail, problem.Errors);
    }

    /// <summary>Queues the order, or says why not.</summary>
    private static async ValueTask<(NewOrder? Placing, Problem? Problem)> BeginAsync(
        HttpContext context, Desk desk, PlaceOrderRequest request)
    {
        var clientId = context.User.Subject()!;
        var now = desk.Clock.GetUtcNow();
        var key = context.Request.Headers["Idempotency-Key"].ToString();
        if (key.Length > OrderLimits.IdempotencyKeyLengthMax || !OrderLimits.IsPrintable(key))
            return (null, Problems.Create(
                422, "invalid_idempotency_key", "The Idempotency-Key is too long or not printable."));
        if (OrderLimits.FaultsIn(request, now) is { } faults && !(OrderLimits.CodeOf(faults) == "ship_by_past"
            && await IsRepeatAsync(desk.Database, clientId, request, context.RequestAborted)))
        {
            return (null, Problems.Create(
                422, OrderLimits.CodeOf(faults), "The order cannot be accepted.", errors: faults));
        }

        var client = await desk.Clients.FindAsync(clientId, context.RequestAborted);
        if (client is null) return (null, Problems.Create(422, "unknown_client", "The client does not exist."));
        if (client.TimeZone is null && request.ShipBy is null)
            return (null, Problems.Create(
                503, "time_zone_missing", "The warehouse's time zone is not known here: send a shipBy."));
        if (desk.Sites.Find(client.WarehouseId) is null) return (null, PickingSites.Missing(client.WarehouseId));
        var order = NewOrderOf(request, client, now, key);
        return desk.Writer.TryPlace(order)
            ? (order, null)
            : (null, Problems.Create(503, QueueFull, "Too many orders are waiting: come again."));
    }

    private static NewOrder NewOrderOf(PlaceOrderRequest request, Client client, DateTimeOffset now, string key)
    {
        // Postgres keeps microseconds; the first answer must not know more than its repeat.
        var placedAt = new DateTimeOffset(now.Ticks - now.Ticks % TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);
        var level = request.ServiceLevel ?? "Standard";
        var shipBy = request.ShipBy is { } given
            ? new DateTimeOffset(given.UtcTicks - given.UtcTicks % TimeSpan.TicksPerMicrosecond, TimeSpan.Zero)
            : ShipByCalendar.ShipBy(placedAt, level, client.CutOff, client.TimeZone!);
        return new NewOrder
        {
            ClientId = client.ClientId,
            OrderId = Guid.CreateVersion7(now),
            ClientOrderId = request.ClientOrderId!,
            BodyHash = NewOrder.HashOf(request),
            IdempotencyKey = key.Length == 0 ? null : key,
            WarehouseId = client.WarehouseId,
            ServiceLevel = level,
            FillAll = request.Allocation != "FillAllAvailable",
            ShipBy = shipBy,
            ShipTo = JsonSerializer.Serialize(request.ShipTo!, OrdersJson.Default.ShipTo),
            PlacedAt = placedAt,
            TraceParent = Activity.Current?.Id,
            Lines = LinesOf(request.Lines!),
        };
    }

    private static NewLine[] LinesOf(IReadOnlyList<PlaceOrderLine?> given)
    {
        var lines = new NewLine[given.Count];
        for (var i = 0; i < lines.Length; i++) lines[i] = new NewLine(given[i]!.Sku!, given[i]!.Quantity);
        return lines;
    }

    private static async Task<bool> IsRepeatAsync(
        NpgsqlDataSource database, string clientId, PlaceOrderRequest request, CancellationToken cancellation)
    {
        await using var find = database.CreateCommand(FindRepeatSql);
        find.Parameters.Add(new NpgsqlParameter<string> { TypedValue = clientId });
        find.Parameters.Add(new NpgsqlParameter<string> { TypedValue = request.ClientOrderId! });
        return await find.ExecuteScalarAsync(cancellation) is byte[] hash
            && hash.AsSpan().SequenceEqual(NewOrder.HashOf(request));
    }

    private static int StatusOf(PlaceOutcome outcome) => outcome.Result == PlaceResult.Placed ? 201 : 200;

    private static Problem? ProblemOf(PlaceOutcome outcome) => outcome.Result switch
    {
        PlaceResult.Placed or PlaceResult.Repeated => null,
        PlaceResult.Reused => Problems.Create(
            422, "client_order_id_reused", "An order with this clientOrderId and another body exists."),
        PlaceResult.UnknownSku => Problems.Create(422, "unknown_sku", "The client has no such SKU.", outcome.Sku),
        PlaceResult.Unavailable => Problems.Create(503, "storage_unavailable", "Send the same order again."),
        _ => Problems.Create(500, "order_failed", "The order could not be written."),
    };

    private sealed record Desk(
        IntakeWriter Writer, ClientDirectory Clients, PickingSites Sites, NpgsqlDataSource Database,
        IntakeOptions Options, TimeProvider Clock);
}

/// <summary>The body of POST /orders/bulk.</summary>
internal sealed record PlaceOrdersRequest(IReadOnlyList<PlaceOrderRequest?>? Orders);

/// <summary>A result for each order, in their order.</summary>
internal sealed record PlacedOrders(IReadOnlyList<PlacedResult> Results);

/// <summary>What POST /orders would have answered for this one.</summary>
internal sealed record PlacedResult(int Status, PlacedOrder? Order, Problem? Problem);
