using System.Data;
using Npgsql;

namespace Fulfillment.Orders.Stock;

internal enum BookingResult
{
    Booked,
    Repeated,
    UnknownSku,
    BelowReserved,
}

/// <summary>How a booking ended; the SKU at fault, if one is.</summary>
internal readonly record struct LedgerBooking(BookingResult Result, string? Sku = null);

/// <summary>Every change of stock that a person makes is a ledger row, booked once by its reference.</summary>
internal static class StockLedger
{
    internal const int AttemptsMax = 5;

    private const string LockStockSql = """
        SELECT sku, on_hand, reserved, missing FROM stock WHERE client_id = $1 AND sku = ANY ($2)
        ORDER BY client_id, sku FOR UPDATE
        """;

    // The stock rows are locked: a repeat of the same reference sees what the first one wrote.
    private const string BookedBeforeSql =
        "SELECT sku FROM stock_ledger WHERE client_id = $1 AND reason = $2 AND reference = $3 AND sku = ANY ($4)";

    private const string WriteSql = """
        WITH change AS (
            SELECT * FROM unnest($4, $5, $6) AS change (sku, on_hand, missing)),
        ledger AS (
            INSERT INTO stock_ledger (client_id, sku, on_hand_change, missing_change, reason, reference, at)
            SELECT $1, sku, on_hand, missing, $2, $3, $7 FROM change)
        UPDATE stock s SET on_hand = s.on_hand + change.on_hand, missing = s.missing + change.missing
        FROM change WHERE s.client_id = $1 AND s.sku = change.sku
        """;

    /// <summary>Books, again when the transaction crossed with another and Postgres gave this one up.</summary>
    internal static async Task<LedgerBooking> BookAsync(
        NpgsqlDataSource database, string clientId, string reason, string reference, LedgerLine[] changes,
        DateTimeOffset at, CancellationToken cancellation)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await BookOnceAsync(database, clientId, reason, reference, changes, at, cancellation);
            }
            catch (PostgresException crossed) when (attempt < AttemptsMax && crossed.SqlState
                is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
            {
                // Nothing was written, and the one it crossed with has the locks now: the next attempt waits for it.
            }
        }
    }

    private static async Task<LedgerBooking> BookOnceAsync(
        NpgsqlDataSource database, string clientId, string reason, string reference, LedgerLine[] changes,
        DateTimeOffset at, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(
            IsolationLevel.ReadCommitted, cancellation);
        var skus = Array.ConvertAll(changes, change => change.Sku);
        var stock = await LockAsync(connection, clientId, skus, cancellation);
        var before = await BookedBeforeAsync(connection, clientId, reason, reference, skus, cancellation);
        var (onHand, missing) = (new List<long>(), new List<long>());
        var booked = new List<string>();
        foreach (var (sku, change) in changes)
        {
            if (!stock.TryGetValue(sku, out var now)) return new LedgerBooking(BookingResult.UnknownSku, sku);
            if (before.Contains(sku)) continue;
            // A count finds what was missing, or knows that it is gone.
            var (delta, found) = reason == "Counted" ? (change - now.OnHand, -now.Missing) : (change, 0);
            if (now.OnHand + delta < now.Reserved + now.Missing + found)
                return new LedgerBooking(BookingResult.BelowReserved, sku);
            booked.Add(sku);
            onHand.Add(delta);
            missing.Add(found);
        }

        if (booked.Count == 0) return new LedgerBooking(BookingResult.Repeated);
        await using var write = new NpgsqlCommand(WriteSql, connection, transaction)
        {
            Parameters =
            {
                Of(clientId), Of(reason), Of(reference), Of(booked.ToArray()), Of(onHand.ToArray()),
                Of(missing.ToArray()), Of(at),
            },
        };
        await write.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return new LedgerBooking(BookingResult.Booked);
    }

    private static async Task<Dictionary<string, (long OnHand, long Reserved, long Missing)>> LockAsync(
        NpgsqlConnection connection, string clientId, string[] skus, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(LockStockSql, connection)
        {
            Parameters = { Of(clientId), Of(skus) },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var stock = new Dictionary<string, (long, long, long)>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
            stock.Add(reader.GetString(0), (reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3)));
        return stock;
    }

    private static async Task<HashSet<string>> BookedBeforeAsync(
        NpgsqlConnection connection, string clientId, string reason, string reference, string[] skus,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(BookedBeforeSql, connection)
        {
            Parameters = { Of(clientId), Of(reason), Of(reference), Of(skus) },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var before = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation)) before.Add(reader.GetString(0));
        return before;
    }

    private static NpgsqlParameter<T> Of<T>(T value) => new() { TypedValue = value };
}
