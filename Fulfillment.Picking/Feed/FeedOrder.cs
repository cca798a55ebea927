using Fulfillment.Picking.Database;
using Npgsql;

namespace Fulfillment.Picking.Feed;

/// <summary>
/// Keeps the feed's order (xid, id) the order of each release's versions. A transaction gets its xid with its first
/// write: one that wrote something, then waited for a release, and then gave it the next version would stand in the
/// feed before the one it waited for. So whoever will write an event takes these locks before anything else; advisory
/// locks need no xid.
/// </summary>
internal static class FeedOrder
{
    // Who writes the first event of a release, or is told by a task of it that the first one is committed.
    private const string SharedSql = "SELECT pg_advisory_xact_lock_shared(hashtextextended('events:' || $1, 0))";

    // Who may write any event of any release: the signals. They are few and short.
    private const string ExclusiveSql = "SELECT pg_advisory_xact_lock(hashtextextended('events:' || $1, 0))";

    // The releases of some tasks, in one order everywhere; a release on several tours is confirmed by several pickers.
    private const string ReleasesSql = """
        SELECT pg_advisory_xact_lock(k.lock_key) FROM (
            SELECT DISTINCT hashtextextended(warehouse_id || order_id || ':' || release_no, 0) AS lock_key FROM tasks
            WHERE warehouse_id = $1 AND tour_id = $2 AND task_no = ANY ($3) ORDER BY 1) AS k
        """;

    /// <summary>How many results <see cref="BeforeConfirm"/> adds to a batch.</summary>
    internal const int ConfirmResults = 2;

    /// <summary>The first statement of a transaction that plans or buries releases.</summary>
    internal static Task BeforePlanAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string warehouseId,
        CancellationToken cancellation) =>
        LockAsync(SharedSql, connection, transaction, warehouseId, cancellation);

    /// <summary>The first statement of a transaction that answers signals.</summary>
    internal static Task BeforeSignalsAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string warehouseId,
        CancellationToken cancellation) =>
        LockAsync(ExclusiveSql, connection, transaction, warehouseId, cancellation);

    /// <summary>The first statements of a transaction that confirms tasks.</summary>
    internal static void BeforeConfirm(NpgsqlBatch batch, string warehouseId, Guid tourId, int[] taskNos)
    {
        batch.BatchCommands.Add(new(SharedSql) { Parameters = { Typed.Text(warehouseId) } });
        batch.BatchCommands.Add(new(ReleasesSql)
        {
            Parameters = { Typed.Text(warehouseId), Typed.Uuid(tourId), Typed.Integers(taskNos) },
        });
    }

    private static async Task LockAsync(
        string sql, NpgsqlConnection connection, NpgsqlTransaction transaction, string warehouseId,
        CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection, transaction)
        {
            Parameters = { Typed.Text(warehouseId) },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
