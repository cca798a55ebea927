using System.Collections.Concurrent;
using Fulfillment.Orders.PlaceOrder;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Npgsql;

namespace Fulfillment.Orders.Stock;

internal sealed record AvailableSku(string Sku, long Available, DateTimeOffset AsOf);

internal sealed record AvailabilityAnswer(IReadOnlyList<AvailableSku> Skus);

/// <summary>
/// What can be promised, at most <see cref="Staleness"/> old. All who ask for a SKU within that time share one query.
/// </summary>
internal sealed class AvailabilityCache(NpgsqlDataSource database, TimeProvider clock)
{
    internal const int CachedSkusMax = 200_000;

    internal static readonly TimeSpan Staleness = TimeSpan.FromSeconds(1);

    private const string ReadSql =
        "SELECT on_hand - reserved - missing FROM stock WHERE client_id = $1 AND sku = $2";

    private readonly ConcurrentDictionary<(string Client, string Sku), Entry> _entries = new();

    /// <summary>Null for an unknown SKU.</summary>
    internal async Task<AvailableSku?> FindAsync(string clientId, string sku)
    {
        var now = clock.GetUtcNow();
        if (_entries.Count > CachedSkusMax) _entries.Clear();
        var fresh = new Entry(now, new Lazy<Task<long?>>(() => ReadAsync(clientId, sku)));
        // Whoever replaces the entry reads; all others wait for the same read, which no caller can cancel.
        var entry = _entries.AddOrUpdate(
            (clientId, sku), static (_, fresh) => fresh,
            static (_, old, fresh) => old.AsOf + Staleness > fresh.AsOf && !old.Failed ? old : fresh, fresh);
        return await entry.Read.Value is { } available ? new AvailableSku(sku, available, entry.AsOf) : null;
    }

    private async Task<long?> ReadAsync(string clientId, string sku)
    {
        await using var read = database.CreateCommand(ReadSql);
        read.Parameters.Add(new NpgsqlParameter<string> { TypedValue = clientId });
        read.Parameters.Add(new NpgsqlParameter<string> { TypedValue = sku });
        return (long?)await read.ExecuteScalarAsync(CancellationToken.None);
    }

    private sealed record Entry(DateTimeOffset AsOf, Lazy<Task<long?>> Read)
    {
        internal bool Failed => Read.IsValueCreated && Read.Value.IsFaulted;
    }
}

/// <summary>GET /availability?sku=a&amp;sku=b.</summary>
internal static class AvailabilityEndpoint
{
    internal const int SkusMax = 100;

    internal static void MapAvailability(this IEndpointRouteBuilder app) =>
        app.MapGet("/availability", GetAsync).RequireAuthorization("client");

    private static async Task GetAsync(HttpContext context, AvailabilityCache cache)
    {
        var skus = context.Request.Query["sku"];
        if (skus.Count is 0 or > SkusMax || skus.Any(sku => !OrderLimits.IsId(sku)))
        {
            await Problems.WriteAsync(context, 422, "invalid_skus", $"Ask for 1 to {SkusMax} SKUs: ?sku=a&sku=b.");
            return;
        }

        var clientId = context.User.Subject()!;
        var found = await Task.WhenAll(skus.Select(sku => cache.FindAsync(clientId, sku!)));
        await context.Response.WriteAsJsonAsync(
            new AvailabilityAnswer([.. found.OfType<AvailableSku>()]), OrdersJson.Default.AvailabilityAnswer,
            cancellationToken: context.RequestAborted);
    }
}
