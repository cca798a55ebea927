using System.Text.Json;
using System.Text.Json.Serialization;
using Fulfillment.Orders.States;
using Npgsql;

namespace Fulfillment.Orders.Archive;

/// <summary>
/// An order that is over and was moved out of the tables of work. Whoever does not find an order there looks here, in a
/// later statement or under the same snapshot: an order on its way is then seen in one of the two.
/// </summary>
internal sealed record PastOrder(
    Guid OrderId, string ClientOrderId, string ServiceLevel, DateTimeOffset ShipBy, DateTimeOffset PlacedAt,
    string ShipTo, bool CancelRequested, DateTimeOffset? ShippedAt, PastWork Work)
{
    private const string Columns = """
        SELECT order_id, client_order_id, service_level, ship_by, placed_at, ship_to, cancel_requested_at IS NOT NULL,
            shipped_at, work::text FROM past_orders
        """;

    // By one of the hash indexes, which cost the same at any size; the rest is compared with what they find.
    private const string FindSql = $"{Columns} WHERE client_id = $1 AND order_id = $2";

    private const string FindByClientsIdSql = $"""
        {Columns} WHERE client_id = $1 AND client_order_id = $2
            AND identity = hashtextextended($2, hashtextextended($1, 0))
        """;

    /// <summary>Shipped, or else cancelled: nothing else becomes past.</summary>
    internal bool Shipped => ShippedAt is not null;

    internal OrderStatus Status => Shipped ? OrderStatus.Shipped : OrderStatus.Cancelled;

    /// <summary>Null when there is no such order among the past ones.</summary>
    internal static Task<PastOrder?> FindAsync(
        NpgsqlConnection connection, string clientId, Guid orderId, CancellationToken cancellation) =>
        FindAsync(
            connection, FindSql, clientId, new NpgsqlParameter<Guid> { TypedValue = orderId }, cancellation);

    /// <summary>By the id that the client gave it.</summary>
    internal static Task<PastOrder?> FindAsync(
        NpgsqlConnection connection, string clientId, string clientOrderId, CancellationToken cancellation) =>
        FindAsync(
            connection, FindByClientsIdSql, clientId, new NpgsqlParameter<string> { TypedValue = clientOrderId },
            cancellation);

    private static async Task<PastOrder?> FindAsync(
        NpgsqlConnection connection, string sql, string clientId, NpgsqlParameter id, CancellationToken cancellation)
    {
        await using var find = new NpgsqlCommand(sql, connection)
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = clientId }, id },
        };
        await using var row = await find.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation)) return null;
        return new PastOrder(
            row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetFieldValue<DateTimeOffset>(3),
            row.GetFieldValue<DateTimeOffset>(4), row.GetString(5), row.GetBoolean(6),
            row.IsDBNull(7) ? null : row.GetFieldValue<DateTimeOffset>(7),
            JsonSerializer.Deserialize(row.GetString(8), PastOrderJson.Default.PastWork)!);
    }
}

/// <summary>What was done for it, as <see cref="MoveOrders"/> writes it: an empty list is left out there.</summary>
internal sealed record PastWork(
    IReadOnlyList<PastLine>? Lines, IReadOnlyList<PastRelease>? Releases, IReadOnlyList<PastAllocation>? Allocations,
    IReadOnlyList<PastHold>? Holds)
{
    public IReadOnlyList<PastLine> Lines { get; } = Lines ?? [];
    public IReadOnlyList<PastRelease> Releases { get; } = Releases ?? [];
    public IReadOnlyList<PastAllocation> Allocations { get; } = Allocations ?? [];
    public IReadOnlyList<PastHold> Holds { get; } = Holds ?? [];
}

internal sealed record PastLine(int LineNo, string Sku, int Quantity, int Cancelled, int Shipped);

internal sealed record PastRelease(int ReleaseNo, string State, bool Held, int LineCount, string? Reason);

internal sealed record PastAllocation(int ReleaseNo, int LineNo, int Picked);

internal sealed record PastHold(string Name);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(PastWork))]
internal sealed partial class PastOrderJson : JsonSerializerContext;
