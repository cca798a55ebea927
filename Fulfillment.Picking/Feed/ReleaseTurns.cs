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

    // The same, for the releases that these tasks of a tour belong to. What a task belongs to never changes.
    private const string TakeOfTasksSql = """
        WITH turns AS MATERIALIZED (
            SELECT DISTINCT hashtextextended($1 || order_id::text, release_no) AS turn FROM tasks
            WHERE warehouse_id = $1 AND tour_id = $2 AND task_no = ANY ($3) ORDER BY turn)
        SELECT count(pg_advisory_xact_lock(turn)) FROM turns
        """;

    /// <summary>Must be the transaction's first statement.</summary>
    internal static async Task TakeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string warehouseId,
        IReadOnlyCollection<ReleaseId> keys,
        CancellationToken cancellation)
    {
        if (keys.Count == 0) return;
        await using var command = new NpgsqlCommand(TakeSql, connection, transaction)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Uuids([.. keys.Select(k => k.OrderId)]),
                Typed.Integers([.. keys.Select(k => k.ReleaseNo)]),
            },
        };
        await command.ExecuteScalarAsync(cancellation);
    }

    /// <summary>The same as the first command of a batch; its result is one row to skip.</summary>
    internal static NpgsqlBatchCommand OfTasks(string warehouseId, Guid tourId, int[] taskNos) => new(TakeOfTasksSql)
    {
        Parameters = { Typed.Text(warehouseId), Typed.Uuid(tourId), Typed.Integers(taskNos) },
    };
}
