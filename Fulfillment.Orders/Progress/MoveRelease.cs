using Fulfillment.Orders.Dispatch;
using Npgsql;
using NpgsqlTypes;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// The lines of a release that will not be picked under its number go as a new release, still reserved.
/// </summary>
internal static class MoveRelease
{
    // The order rows are locked: a hold that is put or lifted now sees the new release, or is seen here.
    private const string NewReleaseSql = """
        INSERT INTO releases (client_id, order_id, release_no, warehouse_id, state, held, ship_by, line_count,
                              created_at)
        SELECT r.client_id, r.order_id, k.new_no, r.warehouse_id, 'Waiting',
               EXISTS (SELECT 1 FROM holds h WHERE h.client_id = r.client_id AND h.order_id = r.order_id),
               r.ship_by,
               (SELECT count(*) FROM allocations a WHERE a.client_id = r.client_id AND a.order_id = r.order_id
                AND a.release_no = r.release_no AND a.quantity > a.picked + a.short + a.cancelled), $5
        FROM unnest($1, $2, $3, $4) AS k(client_id, order_id, release_no, new_no)
        JOIN releases r ON r.client_id = k.client_id AND r.order_id = k.order_id AND r.release_no = k.release_no
        """;

    private const string MovedLine = """
        FROM unnest($1, $2, $3, $4) AS k(client_id, order_id, release_no, new_no)
        WHERE a.client_id = k.client_id AND a.order_id = k.order_id AND a.release_no = k.release_no
        """;

    // A line that was picked in part stays with what is done of it, and the rest of it moves.
    private const string SplitSql = """
        INSERT INTO allocations (client_id, order_id, release_no, line_no, sku, quantity)
        SELECT a.client_id, a.order_id, k.new_no, a.line_no, a.sku, a.quantity - a.picked - a.short - a.cancelled
        FROM unnest($1, $2, $3, $4) AS k(client_id, order_id, release_no, new_no)
        JOIN allocations a ON a.client_id = k.client_id AND a.order_id = k.order_id AND a.release_no = k.release_no
        WHERE a.picked + a.short + a.cancelled > 0 AND a.quantity > a.picked + a.short + a.cancelled
        """;

    private const string ShortenSql =
        "UPDATE allocations a SET quantity = a.picked + a.short + a.cancelled " + MovedLine
        + " AND a.picked + a.short + a.cancelled > 0";

    private const string MoveAllocationsSql =
        "UPDATE allocations a SET release_no = k.new_no " + MovedLine + " AND a.picked + a.short + a.cancelled = 0";

    /// <summary>Adds the statements that move what is open of each release to its new number.</summary>
    internal static void AddMoves(
        this NpgsqlBatch batch, IReadOnlyList<(ReleaseKey Release, int NewReleaseNo)> moves, DateTimeOffset now)
    {
        var keys = moves.Select(move => move.Release).ToList();
        foreach (var sql in (string[])[NewReleaseSql, SplitSql, ShortenSql, MoveAllocationsSql])
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.AddKeys(keys);
            command.Parameters.AddArray(NpgsqlDbType.Integer, moves, move => move.NewReleaseNo);
            if (sql == NewReleaseSql) command.Parameters.AddTime(now);
            batch.BatchCommands.Add(command);
        }
    }
}
