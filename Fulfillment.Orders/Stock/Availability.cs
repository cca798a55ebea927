using System.Collections.Concurrent;
using System.Text.Json;
using Fulfillment.Orders.PlaceOrder;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Fulfillment.ServiceDefaults.Outages;
using Microsoft.AspNetCore.WebUtilities;
using Npgsql;

namespace Fulfillment.Orders.Stock;

internal sealed record AvailableSku(string Sku, long Available, DateTimeOffset AsOf);

/// <summary>
/// What can be promised, at most <see cref="Staleness"/> old, as the JSON of an <see cref="AvailableSku"/>: written
/// once, sent many times. All who ask for a SKU within that time share one query.
/// </summary>
internal sealed class AvailabilityCache(NpgsqlDataSource database, TimeProvider clock)
{
    internal const int CachedSkusMax = 200_000;

    internal static readonly TimeSpan Staleness = TimeSpan.FromSeconds(1);

    // From this age on one caller reads anew while the others go on with what is known: a SKU that many ask for never
    // runs out for all of them at once.
    private static readonly TimeSpan RefreshAge = Staleness / 2;

    private const string ReadSql =
        "SELECT on_hand - reserved - missing FROM stock WHERE client_id = $1 AND sku = $2";

    private readonly ConcurrentDictionary<(string Client, string Sku), Entry> _entries = new();
    private int _added;

    /// <summary>Null for an unknown SKU.</summary>
    internal Task<byte[]?> FindAsync(string clientId, string sku)
    {
        if (!_entries.TryGetValue((clientId, sku), out var known) || known.Failed
            || clock.GetElapsedTime(known.ReadAt) is var age && age >= Staleness)
            return ReadSharedAsync(clientId, sku);
        return age >= RefreshAge && known.TakeTurn() ? RefreshAsync(clientId, sku, known) : known.Read.Value;
    }

    private Task<byte[]?> ReadSharedAsync(string clientId, string sku)
    {
        // Counting them takes every lock of the dictionary, so those that come are counted instead.
        if (Interlocked.Increment(ref _added) > CachedSkusMax)
        {
            _entries.Clear();
            Volatile.Write(ref _added, 0);
        }

        // Whoever replaces the entry reads; all others wait for the same read, which no caller can cancel.
        var fresh = new Entry(clock.GetTimestamp(), new Lazy<Task<byte[]?>>(() => ReadAsync(clientId, sku)));
        return _entries.AddOrUpdate(
            (clientId, sku), static (_, its) => its.fresh,
            static (_, old, its) =>
                its.clock.GetElapsedTime(old.ReadAt, its.fresh.ReadAt) < Staleness && !old.Failed ? old : its.fresh,
            (fresh, clock)).Read.Value;
    }

    private async Task<byte[]?> RefreshAsync(string clientId, string sku, Entry known)
    {
        var now = clock.GetTimestamp();
        try
        {
            var read = ReadAsync(clientId, sku);
            var left = Staleness - clock.GetElapsedTime(known.ReadAt, now);
            await read.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, clock);
            _entries[(clientId, sku)] = new Entry(now, new Lazy<Task<byte[]?>>(read));
            return await read;
        }
        catch (Exception failed) when (StoreFault.StoreOf(failed) is not null
            && clock.GetElapsedTime(known.ReadAt) < Staleness)
        {
            return await known.Read.Value; // it holds for as long as it was promised
        }
    }

    private async Task<byte[]?> ReadAsync(string clientId, string sku)
    {
        var now = clock.GetUtcNow();
        await using var read = database.CreateCommand(ReadSql);
        read.Parameters.Add(new NpgsqlParameter<string> { TypedValue = clientId });
        read.Parameters.Add(new NpgsqlParameter<string> { TypedValue = sku });
        return await read.ExecuteScalarAsync(CancellationToken.None) is long available
            ? JsonSerializer.SerializeToUtf8Bytes(
                new AvailableSku(sku, available, now), OrdersJson.Default.AvailableSku)
            : null;
    }

    private sealed record Entry(long ReadAt, Lazy<Task<byte[]?>> Read)
    {
        private int _turns;

        internal bool Failed => Read.IsValueCreated && Read.Value.IsFaulted;

        // True for one caller.
        internal bool TakeTurn() => Interlocked.Exchange(ref _turns, 1) == 0;
    }
}

/// <summary>GET /availability?sku=a&amp;sku=b answers <c>{"skus":[...]}</c>, each an AvailableSku.</summary>
internal static class AvailabilityEndpoint
{
    internal const int SkusMax = 100;

    internal static void MapAvailability(this IEndpointRouteBuilder app)
    {
        var cache = app.ServiceProvider.GetRequiredService<AvailabilityCache>();
        app.MapGet("/availability", (HttpContext context) => GetAsync(context, cache)).RequireAuthorization("client");
    }

    private static async Task GetAsync(HttpContext context, AvailabilityCache cache)
    {
        if (SkusIn(context.Request.QueryString.Value) is not { } skus)
        {
            await Problems.WriteAsync(context, 422, "invalid_skus", $"Ask for 1 to {SkusMax} SKUs: ?sku=a&sku=b.");
            return;
        }

        var clientId = context.User.Subject()!;
        var finding = new Task<byte[]?>[skus.Count];
        for (var i = 0; i < finding.Length; i++) finding[i] = cache.FindAsync(clientId, skus[i]);
        var found = new byte[]?[finding.Length];
        for (var i = 0; i < finding.Length; i++) found[i] = await finding[i];

        // With its length known the answer goes out in one piece.
        var answer = Together(found);
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = answer.Length;
        await context.Response.BodyWriter.WriteAsync(answer, context.RequestAborted);
    }

    /// <summary>Null when there are none, too many, or one that can be no SKU.</summary>
    private static List<string>? SkusIn(string? query)
    {
        var skus = new List<string>(1);
        foreach (var pair in new QueryStringEnumerable(query))
        {
            if (!pair.EncodedName.Span.Equals("sku", StringComparison.OrdinalIgnoreCase)) continue;
            var sku = pair.DecodeValue().ToString();
            if (skus.Count == SkusMax || !OrderLimits.IsId(sku)) return null;
            skus.Add(sku);
        }

        return skus.Count > 0 ? skus : null;
    }

    private static byte[] Together(byte[]?[] skus)
    {
        var open = "{\"skus\":["u8;
        var close = "]}"u8;
        var length = open.Length + close.Length;
        foreach (var sku in skus) length += sku is null ? 0 : sku.Length + 1;
        var answer = new byte[length];
        open.CopyTo(answer);
        var at = open.Length;
        foreach (var sku in skus)
        {
            if (sku is null) continue;
            if (at > open.Length) answer[at++] = (byte)',';
            sku.CopyTo(answer, at);
            at += sku.Length;
        }

        close.CopyTo(answer.AsSpan(at));
        return at + close.Length == length ? answer : answer[..(at + close.Length)];
    }
}
