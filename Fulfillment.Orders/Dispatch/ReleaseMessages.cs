using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.ServiceDefaults.Leadership;
using Npgsql;

namespace Fulfillment.Orders.Dispatch;

/// <summary>Puts dispatched releases onto the stream, and remembers where they stand there.</summary>
internal static class ReleaseMessages
{
    // A release that Picking has reported on meanwhile, or that another entry stands for, is left out.
    private const string ReadSql = """
        SELECT k.position, r.ship_by, o.placed_at, o.traceparent, a.line_no, a.sku,
               a.quantity - a.picked - a.short - a.cancelled, r.dispatched_at
        FROM unnest($1, $2, $3) WITH ORDINALITY AS k(client_id, order_id, release_no, position)
        JOIN releases r ON r.client_id = k.client_id AND r.order_id = k.order_id AND r.release_no = k.release_no
        JOIN orders o ON o.client_id = k.client_id AND o.order_id = k.order_id
        JOIN allocations a ON a.client_id = k.client_id AND a.order_id = k.order_id AND a.release_no = k.release_no
        WHERE r.state = 'Dispatched' AND r.stream_entry IS NULL
              AND a.quantity > a.picked + a.short + a.cancelled
        ORDER BY k.position, a.line_no
        """;

    private const string StoreEntriesSql = """
        UPDATE releases r SET stream_entry = k.stream_entry, published_at = $5
        FROM unnest($1, $2, $3, $4) AS k(client_id, order_id, release_no, stream_entry)
        WHERE r.client_id = k.client_id AND r.order_id = k.order_id AND r.release_no = k.release_no
        """;

    /// <summary>
    /// The messages of those of the releases that are dispatched and have no entry, in the given order.
    /// </summary>
    internal static async Task<List<OutgoingMessage>> ReadAsync(
        Leader leader, string warehouseId, IReadOnlyList<ReleaseKey> keys, CancellationToken cancellation)
    {
        await using var command = leader.CreateCommand(ReadSql);
        command.Parameters.AddKeys(keys);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var messages = new List<OutgoingMessage>(keys.Count);
        var open = 0L;
        var (shipBy, placedAt, dispatchedAt) = (default(DateTime), default(DateTime), default(DateTime?));
        var traceParent = default(string);
        var lines = new List<ReleaseLine>();
        while (await reader.ReadAsync(cancellation))
        {
            if (reader.GetInt64(0) != open)
            {
                Close();
                open = reader.GetInt64(0);
                (shipBy, placedAt) = (reader.GetDateTime(1), reader.GetDateTime(2));
                dispatchedAt = reader.IsDBNull(7) ? null : reader.GetDateTime(7);
                traceParent = reader.IsDBNull(3) ? null : reader.GetString(3);
            }

            lines.Add(new ReleaseLine(reader.GetInt32(4), reader.GetString(5), reader.GetInt32(6)));
        }

        Close();
        return messages;

        void Close()
        {
            if (open == 0) return;
            var key = keys[(int)open - 1];
            var message = new ReleaseMessage
            {
                WarehouseId = warehouseId,
                ClientId = key.ClientId,
                OrderId = key.OrderId,
                ReleaseNo = key.ReleaseNo,
                AcceptedAt = placedAt,
                DispatchedAt = dispatchedAt,
                ShipBy = shipBy,
                Lines = lines,
            };
            var body = JsonSerializer.SerializeToUtf8Bytes(message, ContractsJson.Default.ReleaseMessage);
            messages.Add(new OutgoingMessage(key, 0, MessageKinds.Release, body, traceParent));
            lines = [];
        }
    }

    /// <summary>Stores where the releases stand on the stream.</summary>
    internal static async Task StoreEntriesAsync(
        Leader leader, IReadOnlyList<(ReleaseKey Key, string Entry)> published, DateTimeOffset now,
        CancellationToken cancellation)
    {
        var keys = published.Select(release => release.Key).ToList();
        await using var batch = leader.CreateBatch(); // without BEGIN: one implicit transaction, one round trip
        var lockOrders = new NpgsqlBatchCommand(ReleaseKeys.LockOrdersSql);
        lockOrders.Parameters.AddKeys(keys, releaseNumbers: false);
        var store = new NpgsqlBatchCommand(StoreEntriesSql);
        store.Parameters.AddKeys(keys);
        store.Parameters.AddArray(NpgsqlTypes.NpgsqlDbType.Text, published, release => release.Entry);
        store.Parameters.AddTime(now);
        batch.BatchCommands.Add(lockOrders);
        batch.BatchCommands.Add(store);
        await batch.ExecuteNonQueryAsync(cancellation);
    }
}
