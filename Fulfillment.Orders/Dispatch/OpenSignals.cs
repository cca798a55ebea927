using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.ServiceDefaults.Leadership;
using Npgsql;
using NpgsqlTypes;

namespace Fulfillment.Orders.Dispatch;

/// <summary>Cancels and holds that follow a release to Picking, until Picking has answered them.</summary>
internal static class OpenSignals
{
    internal const int SignalsPerRoundMax = 256;

    private const string UnpublishedSql = """
        SELECT client_id, order_id, release_no, signal_no, kind, traceparent FROM release_signals
        WHERE warehouse_id = $1 AND answered_at IS NULL AND stream_entry IS NULL
        ORDER BY created_at LIMIT $2
        """;

    // A signal's row is changed by nobody else but the feed's reader, who changes one column of many rows after locking
    // their orders; so are they locked here.
    private const string StoreEntriesSql = """
        UPDATE release_signals s SET stream_entry = k.stream_entry, published_at = $6
        FROM unnest($1, $2, $3, $4, $5) AS k(client_id, order_id, release_no, signal_no, stream_entry)
        WHERE s.client_id = k.client_id AND s.order_id = k.order_id AND s.release_no = k.release_no
              AND s.signal_no = k.signal_no
        """;

    internal static async Task<List<OutgoingMessage>> ReadUnpublishedAsync(
        Leader leader, string warehouseId, CancellationToken cancellation)
    {
        await using var command = leader.CreateCommand(UnpublishedSql);
        command.Parameters.Add(new NpgsqlParameter { Value = warehouseId });
        command.Parameters.Add(new NpgsqlParameter { Value = SignalsPerRoundMax });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var messages = new List<OutgoingMessage>();
        while (await reader.ReadAsync(cancellation))
        {
            var key = new ReleaseKey(reader.GetString(0), reader.GetGuid(1), reader.GetInt32(2));
            var signal = new SignalMessage
            {
                WarehouseId = warehouseId,
                ClientId = key.ClientId,
                OrderId = key.OrderId,
                ReleaseNo = key.ReleaseNo,
                SignalNo = reader.GetInt32(3),
            };
            var body = JsonSerializer.SerializeToUtf8Bytes(signal, ContractsJson.Default.SignalMessage);
            var traceParent = reader.IsDBNull(5) ? null : reader.GetString(5);
            messages.Add(new OutgoingMessage(key, signal.SignalNo, reader.GetString(4), body, traceParent));
        }

        return messages;
    }

    internal static async Task StoreEntriesAsync(
        Leader leader, IReadOnlyList<(OutgoingMessage Signal, string Entry)> published,
        DateTimeOffset now, CancellationToken cancellation)
    {
        var keys = published.Select(sent => sent.Signal.Key).ToList();
        await using var batch = leader.CreateBatch();
        var lockOrders = new NpgsqlBatchCommand(ReleaseKeys.LockOrdersSql);
        lockOrders.Parameters.AddKeys(keys, releaseNumbers: false);
        var store = new NpgsqlBatchCommand(StoreEntriesSql);
        store.Parameters.AddKeys(keys);
        store.Parameters.AddArray(NpgsqlDbType.Integer, published, sent => sent.Signal.SignalNo);
        store.Parameters.AddArray(NpgsqlDbType.Text, published, sent => sent.Entry);
        store.Parameters.AddTime(now);
        batch.BatchCommands.Add(lockOrders);
        batch.BatchCommands.Add(store);
        await batch.ExecuteNonQueryAsync(cancellation);
    }
}
