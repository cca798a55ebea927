using Fulfillment.Picking.Database;
using Fulfillment.Picking.Intake;
using Npgsql;

namespace Fulfillment.Picking.Feed;

/// <summary>
/// Whoever tells something of a release first waits for its turn, before its transaction has an id. The feed is read in
/// the order (xid, id). A transaction that got its id and then waited for another one's row lock would write the later
/// version under the earlier id, and the feed would tell the second thing first. An advisory lock gives no id, is taken
/// in one order, and is let go only after the commit is seen by all: so the versions of a release rise with the xid.
/// </summary>
internal static class ReleaseTurns
{
    // Sorted in the CTE, and not pulled up: two transactions take what they share in the same order.
    private const string TakeSql = """
        WITH turns AS MATERIALIZED (
            SELECT DISTINCT hashtextextended($1 || r.order_id::text, r.release_no) AS turn
            FROM unnest($2, $3) AS r (order_id, release_no) ORDER BY turn)
        SELECT count(pg_advisory_xact_lock(turn)) FROM turns
        """;

    private const string LimitWaitingSql = "SET LOCAL lock_timeout = '2s'";

    // Whoever holds a turn may hold it for long: he is not waited for, and nobody else waits because of him.
    private const string TryTakeSql = """
        WITH turns AS MATERIALIZED (
            SELECT DISTINCT r.order_id, r.release_no, hashtextextended($1 || r.order_id::text, r.release_no) AS turn
            FROM unnest($2, $3) AS r (order_id, release_no))
        SELECT order_id, release_no FROM turns WHERE NOT pg_try_advisory_xact_lock(turn)
        """;

    // The same, for the releases that these tasks of a tour belong to. What a task belongs to never changes.
    private const string TakeOfTasksSql = """
        WITH turns AS MATERIALIZED (
            SELECT DISTINCT hashtextextended($1 || order_id::text, release_no) AS turn FROM tasks
            WHERE warehouse_id = $1 AND tour_id = $2 AND task_no = ANY ($3) ORDER BY turn)
        SELECT count(pg_advisory_xact_lock(turn)) FROM turns
        """;

    /// <summary>Must be the transaction's first statement, and bounds what its later ones wait for a lock.</summary>
    /// <exception cref="PostgresException">55P03: somebody holds one of them for longer.</exception>
    internal static async Task TakeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string warehouseId,
        IReadOnlyCollection<ReleaseId> keys, CancellationToken cancellation)
    {
        if (keys.Count == 0) return;
        await using var batch = Limited(TakeSql, connection, transaction, warehouseId, keys);
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>
    /// The same without waiting: those that somebody else has. Where there are any, the transaction must not go on.
    /// </summary>
    internal static async Task<HashSet<ReleaseId>> TryTakeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string warehouseId,
        IReadOnlyCollection<ReleaseId> keys, CancellationToken cancellation)
    {
        var refused = new HashSet<ReleaseId>();
        if (keys.Count == 0) return refused;
        await using var batch = Limited(TryTakeSql, connection, transaction, warehouseId, keys);
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation)) refused.Add(new(rows.GetGuid(0), rows.GetInt32(1)));
        return refused;
    }

    /// <summary>The same as the first command of a batch; its result is one row to skip.</summary>
    internal static NpgsqlBatchCommand OfTasks(string warehouseId, Guid tourId, int[] taskNos) => new(TakeOfTasksSql)
    {
        Parameters = { Typed.Text(warehouseId), Typed.Uuid(tourId), Typed.Integers(taskNos) },
    };

    private static NpgsqlBatch Limited(
        string sql, NpgsqlConnection connection, NpgsqlTransaction transaction, string warehouseId,
        IReadOnlyCollection<ReleaseId> keys) => new(connection, transaction)
        {
            BatchCommands =
            {
                // Longer than an honest transaction holds a lock; a command that timed out would cost the connection.
                new(LimitWaitingSql),
                new(sql)
                {
                    Parameters =
                    {
                        Typed.Text(warehouseId), Typed.Uuids([.. keys.Select(k => k.OrderId)]),
                        Typed.Integers([.. keys.Select(k => k.ReleaseNo)]),
                    },
                },
            },
        };
}
