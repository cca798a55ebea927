using Fulfillment.ServiceDefaults.Leadership;
using Npgsql;
using NpgsqlTypes;

namespace Fulfillment.Orders.Dispatch;

/// <summary>
/// The first step of a dispatch: the releases become <c>Dispatched</c> and get their start tags, committed.
/// </summary>
internal static class Marking
{
    // The order rows are locked by now (ReleaseKeys.LockOrdersSql), so a hold or a cancel has either been seen here or
    // will see the release dispatched and send a signal after it.
    private const string StillWaitingSql = """
        SELECT r.client_id, r.order_id, r.release_no
        FROM unnest($1, $2, $3) AS k(client_id, order_id, release_no)
        JOIN releases r ON r.client_id = k.client_id AND r.order_id = k.order_id AND r.release_no = k.release_no
        WHERE r.state = 'Waiting' AND NOT r.held
        ORDER BY r.client_id, r.order_id, r.release_no FOR UPDATE OF r
        """;

    private const string MarkSql = """
        UPDATE releases r SET state = 'Dispatched', start_tag = k.start_tag, dispatched_at = $5,
                              stream_entry = NULL, published_at = NULL
        FROM unnest($1, $2, $3, $4) AS k(client_id, order_id, release_no, start_tag)
        WHERE r.client_id = k.client_id AND r.order_id = k.order_id AND r.release_no = k.release_no
        """;

    private const string StoreVirtualTimeSql =
        "UPDATE fair_queues SET virtual_time = GREATEST(virtual_time, $2) WHERE warehouse_id = $1";

    private const string StoreFinishTagsSql = """
        INSERT INTO fair_queue_clients (warehouse_id, client_id, finish_tag)
        SELECT $1, k.client_id, k.finish_tag FROM unnest($2, $3) AS k(client_id, finish_tag)
        ON CONFLICT (warehouse_id, client_id) DO UPDATE SET finish_tag = EXCLUDED.finish_tag
        """;

    private const string LoadSql = """
        WITH put AS (INSERT INTO fair_queues (warehouse_id) VALUES ($1) ON CONFLICT DO NOTHING)
        SELECT NULL::text, virtual_time FROM fair_queues WHERE warehouse_id = $1
        UNION ALL
        SELECT client_id, finish_tag FROM fair_queue_clients WHERE warehouse_id = $1
        """;

    /// <summary>The queue as it was last committed; a new warehouse begins at virtual time 0.</summary>
    internal static async Task<FairQueue> LoadQueueAsync(
        Leader leader, string warehouseId, CancellationToken cancellation)
    {
        await using var batch = leader.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand(LoadSql) { Parameters = { new() { Value = warehouseId } } });
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        var virtualTime = 0L;
        var finishTags = new Dictionary<string, long>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation))
        {
            if (reader.IsDBNull(0)) virtualTime = reader.GetInt64(1);
            else finishTags[reader.GetString(0)] = reader.GetInt64(1);
        }

        return new FairQueue(virtualTime, finishTags);
    }

    /// <summary>
    /// Marks those of <paramref name="releases"/> that still wait and are not held, serving them in their order, and
    /// returns them. The queue has moved on even if this throws: load it again.
    /// </summary>
    internal static async Task<List<WaitingRelease>> MarkAsync(
        Leader leader, string warehouseId, FairQueue queue, IReadOnlyList<WaitingRelease> releases,
        DateTimeOffset now, CancellationToken cancellation)
    {
        await using var connection = await leader.Database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var waiting = await LockWaitingAsync(
            leader, connection, [.. releases.Select(release => release.Key)], cancellation);
        var marked = releases.Where(release => waiting.Contains(release.Key)).ToList();
        if (marked.Count == 0) return marked;
        var startTags = marked.ConvertAll(release => queue.Serve(release.Key.ClientId, release.Lines, release.Weight));

        await using var batch = new NpgsqlBatch(connection, transaction);
        var mark = new NpgsqlBatchCommand(MarkSql);
        mark.Parameters.AddKeys(marked.ConvertAll(release => release.Key));
        mark.Parameters.AddArray(NpgsqlDbType.Bigint, startTags, tag => tag);
        mark.Parameters.AddTime(now);
        var virtualTime = new NpgsqlBatchCommand(StoreVirtualTimeSql)
        {
            Parameters = { new() { Value = warehouseId }, new() { Value = queue.VirtualTime } },
        };
        var finishTags = new NpgsqlBatchCommand(StoreFinishTagsSql) { Parameters = { new() { Value = warehouseId } } };
        var served = marked.Select(release => release.Key.ClientId).Distinct(StringComparer.Ordinal).ToList();
        finishTags.Parameters.AddArray(NpgsqlDbType.Text, served, client => client);
        finishTags.Parameters.AddArray(NpgsqlDbType.Bigint, served, queue.FinishTag);
        batch.BatchCommands.Add(mark);
        batch.BatchCommands.Add(virtualTime);
        batch.BatchCommands.Add(finishTags);
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return marked;
    }

    private static async Task<HashSet<ReleaseKey>> LockWaitingAsync(
        Leader leader, NpgsqlConnection connection, IReadOnlyList<ReleaseKey> keys, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { leader.HoldFence() } };
        var lockOrders = new NpgsqlBatchCommand(ReleaseKeys.LockOrdersSql);
        lockOrders.Parameters.AddKeys(keys, releaseNumbers: false);
        var stillWaiting = new NpgsqlBatchCommand(StillWaitingSql);
        stillWaiting.Parameters.AddKeys(keys);
        batch.BatchCommands.Add(lockOrders);
        batch.BatchCommands.Add(stillWaiting);

        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        for (var skip = 0; skip < 2; skip++) await reader.NextResultAsync(cancellation); // the fence, the orders
        var waiting = new HashSet<ReleaseKey>();
        while (await reader.ReadAsync(cancellation))
            waiting.Add(new ReleaseKey(reader.GetString(0), reader.GetGuid(1), reader.GetInt32(2)));
        return waiting;
    }
}
