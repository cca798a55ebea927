using Fulfillment.Orders.PlaceOrder;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Npgsql;

namespace Fulfillment.Orders.Catalog;

internal sealed record WarehouseRequest(string? Name, string? TimeZone, TimeOnly? CutOff);

internal sealed record ClientRequest(string? Name, string? WarehouseId, int Weight = 1);

internal sealed record KeyRequest(string? Role, DateTimeOffset? ExpiresAt);

/// <summary>The key itself is shown this once; only its hash is kept.</summary>
internal sealed record KeyAnswer(string Key, string Prefix);

internal sealed record SkuName(string? Name);

internal sealed record SkuRequest(string? Sku, string? Name);

/// <summary>Warehouses, clients, their keys and their SKUs. A PUT may be repeated.</summary>
internal static class CatalogEndpoints
{
    internal const int SkusMax = 10_000;
    internal const int BodyBytesMax = 4 << 20;

    private const string PutWarehouseSql = """
        INSERT INTO warehouses (warehouse_id, name, time_zone, cut_off, created_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (warehouse_id) DO UPDATE
        SET name = excluded.name, time_zone = excluded.time_zone, cut_off = excluded.cut_off
        """;

    private const string PutClientSql = """
        INSERT INTO clients (client_id, name, warehouse_id, weight, created_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (client_id) DO UPDATE SET name = excluded.name, weight = excluded.weight
        WHERE clients.warehouse_id = excluded.warehouse_id
        """;

    // Sorted, so that two seeds of the same client cannot deadlock.
    private const string PutSkusSql = """
        INSERT INTO skus (client_id, sku, name, created_at)
        SELECT $1, sku, name, $4 FROM unnest($2, $3) AS new (sku, name) ORDER BY sku COLLATE "C"
        ON CONFLICT (client_id, sku) DO UPDATE SET name = excluded.name
        """;

    // Every SKU has its stock row from the start: the intake takes a missing row for an unknown SKU.
    private const string PutStockSql = """
        INSERT INTO stock (client_id, sku) SELECT $1, sku FROM unnest($2) AS new (sku) ORDER BY sku COLLATE "C"
        ON CONFLICT (client_id, sku) DO NOTHING
        """;

    internal static void MapCatalog(this IEndpointRouteBuilder app)
    {
        var operators = app.MapGroup("").RequireAuthorization("operator");
        operators.MapPut("/warehouses/{id}", PutWarehouseAsync);
        operators.MapPut("/clients/{id}", PutClientAsync);
        operators.MapPost("/clients/{id}/keys", CreateKeyAsync);
        operators.MapDelete("/keys/{prefix}", RevokeKeyAsync);
        operators.MapPut("/clients/{id}/skus", (HttpContext context, string id) => PutSkusAsync(context, id));
        var clients = app.MapGroup("").RequireAuthorization("client");
        clients.MapPut("/skus", (HttpContext context) => PutSkusAsync(context, context.User.Subject()!));
        clients.MapPut("/skus/{sku}", PutSkuAsync);
    }

    private static async Task PutWarehouseAsync(
        HttpContext context, string id, NpgsqlDataSource database, PickingSites sites, TimeProvider clock)
    {
        var request = await RequestBody.ReadAsync(context, OrdersJson.Default.WarehouseRequest, BodyBytesMax);
        if (request is null) return;
        var zone = request.TimeZone ?? "Etc/UTC";
        if (!OrderLimits.IsId(id) || !OrderLimits.IsId(request.Name)
            || !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _))
        {
            await Problems.WriteAsync(context, 422, "invalid_warehouse", "The id, name or time zone is not valid.");
            return;
        }

        if (sites.Find(id) is null)
        {
            var missing = PickingSites.Missing(id);
            await Problems.WriteAsync(context, missing.Status, missing.Code, missing.Title, missing.Detail);
            return;
        }

        await ExecuteAsync(
            database, PutWarehouseSql, context.RequestAborted, Text(id), Text(request.Name!), Text(zone),
            new NpgsqlParameter<TimeOnly> { TypedValue = request.CutOff ?? new TimeOnly(18, 0) }, Now(clock));
        context.Response.StatusCode = 204;
    }

    private static async Task PutClientAsync(
        HttpContext context, string id, NpgsqlDataSource database, TimeProvider clock)
    {
        var request = await RequestBody.ReadAsync(context, OrdersJson.Default.ClientRequest, BodyBytesMax);
        if (request is null) return;
        if (!OrderLimits.IsId(id) || !OrderLimits.IsId(request.Name) || !OrderLimits.IsId(request.WarehouseId)
            || request.Weight is < 1 or > 1_000)
        {
            await Problems.WriteAsync(
                context, 422, "invalid_client", "The id, name, warehouse or weight (1 to 1,000) is not valid.");
            return;
        }

        try
        {
            var written = await ExecuteAsync(
                database, PutClientSql, context.RequestAborted, Text(id), Text(request.Name!),
                Text(request.WarehouseId!),
                new NpgsqlParameter<int> { TypedValue = request.Weight }, Now(clock));
            if (written == 0)
                await Problems.WriteAsync(
                    context, 409, "client_warehouse_fixed", "A client does not move to another warehouse.");
            else context.Response.StatusCode = 204;
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            await Problems.WriteAsync(context, 422, "unknown_warehouse", "The warehouse does not exist.");
        }
    }

    private static async Task CreateKeyAsync(HttpContext context, string id, ApiKeyStore keys, ClientDirectory clients)
    {
        var request = await RequestBody.ReadAsync(context, OrdersJson.Default.KeyRequest, BodyBytesMax);
        if (request is null) return;
        if (request.Role is not (null or "client"))
        {
            await Problems.WriteAsync(context, 422, "invalid_role", "A client's key has the role client.");
            return;
        }

        if (await clients.FindAsync(id, context.RequestAborted) is null)
        {
            await Problems.WriteAsync(context, 404, "unknown_client", "The client does not exist.");
            return;
        }

        var key = ApiKey.Create();
        await keys.PutAsync(key, "client", id, request.ExpiresAt?.ToUniversalTime(), context.RequestAborted);
        await context.Response.WriteAsJsonAsync(
            new KeyAnswer(key.ToString(), key.Prefix), OrdersJson.Default.KeyAnswer,
            cancellationToken: context.RequestAborted);
    }

    private static async Task RevokeKeyAsync(HttpContext context, string prefix, ApiKeyStore keys)
    {
        if (await keys.RevokeAsync(prefix, context.RequestAborted)) context.Response.StatusCode = 204;
        else await Problems.WriteAsync(context, 404, "unknown_key", "There is no live key with this prefix.");
    }

    private static async Task PutSkuAsync(HttpContext context, string sku)
    {
        var request = await RequestBody.ReadAsync(context, OrdersJson.Default.SkuName, BodyBytesMax);
        if (request is not null)
            await WriteSkusAsync(context, context.User.Subject()!, [new SkuRequest(sku, request.Name)]);
    }

    private static async Task PutSkusAsync(HttpContext context, string clientId)
    {
        var request = await RequestBody.ReadAsync(context, OrdersJson.Default.SkuRequestArray, BodyBytesMax);
        if (request is not null) await WriteSkusAsync(context, clientId, request);
    }

    private static async Task WriteSkusAsync(HttpContext context, string clientId, SkuRequest[] skus)
    {
        if (skus.Length is 0 or > SkusMax || skus.Any(sku => !OrderLimits.IsId(sku?.Sku)
            || sku!.Name is not { Length: > 0 and <= OrderLimits.AddressFieldLengthMax } name
            || !OrderLimits.IsPrintable(name))
            || skus.DistinctBy(sku => sku.Sku).Count() < skus.Length)
        {
            await Problems.WriteAsync(context, 422, "invalid_skus", $"1 to {SkusMax} SKUs, each once, with a name.");
            return;
        }

        var database = context.RequestServices.GetRequiredService<NpgsqlDataSource>();
        var clock = context.RequestServices.GetRequiredService<TimeProvider>();
        try
        {
            await using var connection = await database.OpenConnectionAsync(context.RequestAborted);
            await using var transaction = await connection.BeginTransactionAsync(context.RequestAborted);
            var ids = Array.ConvertAll(skus, sku => sku.Sku!);
            await using var put = new NpgsqlBatch(connection, transaction);
            put.BatchCommands.Add(new NpgsqlBatchCommand(PutSkusSql)
            {
                Parameters =
                {
                    Text(clientId), new NpgsqlParameter<string[]> { TypedValue = ids },
                    new NpgsqlParameter<string[]> { TypedValue = Array.ConvertAll(skus, sku => sku.Name!) }, Now(clock),
                },
            });
            put.BatchCommands.Add(new NpgsqlBatchCommand(PutStockSql)
            {
                Parameters = { Text(clientId), new NpgsqlParameter<string[]> { TypedValue = ids } },
            });
            await put.ExecuteNonQueryAsync(context.RequestAborted);
            await transaction.CommitAsync(context.RequestAborted);
            context.Response.StatusCode = 204;
        }
        catch (PostgresException missing) when (missing.SqlState == PostgresErrorCodes.ForeignKeyViolation)
        {
            await Problems.WriteAsync(context, 404, "unknown_client", "The client does not exist.");
        }
    }

    private static NpgsqlParameter<string> Text(string value) => new() { TypedValue = value };

    private static NpgsqlParameter<DateTimeOffset> Now(TimeProvider clock) => new() { TypedValue = clock.GetUtcNow() };

    private static async Task<int> ExecuteAsync(
        NpgsqlDataSource database, string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        return await command.ExecuteNonQueryAsync(cancellation);
    }
}
