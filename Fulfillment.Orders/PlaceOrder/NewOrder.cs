using System.Security.Cryptography;
using System.Text.Json;

namespace Fulfillment.Orders.PlaceOrder;

/// <summary>An order on its way into the database, and the caller who waits for it.</summary>
internal sealed class NewOrder
{
    private readonly TaskCompletionSource<PlaceOutcome> _outcome = new(
        TaskCreationOptions.RunContinuationsAsynchronously);

    public required string ClientId { get; init; }

    /// <summary>Given once, before the first attempt: a repeated attempt that finds it has been committed.</summary>
    public required Guid OrderId { get; init; }
    public required string ClientOrderId { get; init; }
    public required byte[] BodyHash { get; init; }
    public required string? IdempotencyKey { get; init; }
    public required string WarehouseId { get; init; }
    public required string ServiceLevel { get; init; }
    public required bool FillAll { get; init; }
    public required DateTimeOffset ShipBy { get; init; }
    public required string ShipTo { get; init; }
    public required DateTimeOffset PlacedAt { get; init; }
    public required string? TraceParent { get; init; }
    public required NewLine[] Lines { get; init; }

    /// <summary>When the writer has decided. It does not end with the caller's request.</summary>
    public Task<PlaceOutcome> Outcome => _outcome.Task;

    public void Decide(PlaceOutcome outcome) => _outcome.TrySetResult(outcome);

    /// <summary>
    /// The outcome, or that the storage is unavailable when it is not known in time: then nobody begins with it any
    /// more. What had begun may still be written; the caller's repeat finds out.
    /// </summary>
    public async Task<PlaceOutcome> OutcomeWithinAsync(TimeSpan patience, TimeProvider clock)
    {
        try
        {
            return await Outcome.WaitAsync(patience > TimeSpan.Zero ? patience : TimeSpan.Zero, clock);
        }
        catch (TimeoutException)
        {
            Decide(new PlaceOutcome(PlaceResult.Unavailable));
            return await Outcome;
        }
    }

    /// <summary>
    /// SHA-256 of the request as we write it: white space and the order of properties make no other body.
    /// </summary>
    public static byte[] HashOf(PlaceOrderRequest request) =>
        SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, OrdersJson.Default.PlaceOrderRequest));
}

/// <summary>One line of it; its number is its place in the order, from 1.</summary>
internal readonly record struct NewLine(string Sku, int Quantity);

/// <summary>How placing an order ended.</summary>
internal enum PlaceResult
{
    Placed,
    Repeated,
    Reused,
    UnknownSku,
    Failed,
    Unavailable,
}

/// <summary><see cref="Answer"/> for Placed and Repeated, <see cref="Sku"/> for UnknownSku.</summary>
internal readonly record struct PlaceOutcome(PlaceResult Result, PlacedOrder? Answer = null, string? Sku = null);

/// <summary>The answer to POST /orders; a repeat gets the first one again.</summary>
internal sealed record PlacedOrder(
    Guid OrderId, string ClientOrderId, string Status, DateTimeOffset ShipBy, DateTimeOffset PlacedAt);
