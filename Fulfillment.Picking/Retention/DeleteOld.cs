using Fulfillment.Picking.Database;
using Fulfillment.Picking.Feed;
using Npgsql;

namespace Fulfillment.Picking.Retention;

/// <summary>
/// Deletes what nobody asks for any more, some rows a transaction, in one replica at a time: what stays is the work
/// under way, what a reader of the feed still needs, and as much of the past as the settings say.
/// </summary>
internal sealed class DeleteOld(NpgsqlDataSource database, PickingSettings settings, TimeProvider clock)
{
    private const string TurnSql = "SELECT pg_try_advisory_xact_lock(hashtextextended('retention:' || $1, 0))";

    // In the order of the feed, so that the first event kept of a release is followed by all later ones. The event that
    // a reader's cursor names is not below it. While nobody reads, nothing goes.
    private const string EventsSql = $"""
        WITH needed AS MATERIALIZED ({FeedReaders.NeededFromSql}),
        oldest AS MATERIALIZED (
            SELECT e.xid, e.id, e.at FROM events e
            WHERE e.warehouse_id = $1 AND (e.xid, e.id) < ((SELECT xid FROM needed), (SELECT id FROM needed))
            ORDER BY e.warehouse_id, e.xid, e.id LIMIT $4)
        DELETE FROM events e USING oldest o WHERE e.xid = o.xid AND e.id = o.id AND o.at < $2 AND $3 IS NOT NULL
        """;

    // The ids of tours, plans and letters, and those that Orders gives its orders, begin with the time of their making:
    // the primary key is read from its old end, and no further than there.
    private const string ToursSql = """
        WITH old AS MATERIALIZED (
            SELECT tour_id FROM tours
            WHERE warehouse_id = $1 AND tour_id < $3 AND state = 'Done' AND done_at < $2
            ORDER BY warehouse_id, tour_id LIMIT $4 FOR UPDATE SKIP LOCKED),
        scanned AS (
            DELETE FROM scans s USING old WHERE s.warehouse_id = $1 AND s.tour_id = old.tour_id),
        walked AS (
            DELETE FROM tasks t USING old WHERE t.warehouse_id = $1 AND t.tour_id = old.tour_id)
        DELETE FROM tours t USING old WHERE t.warehouse_id = $1 AND t.tour_id = old.tour_id
        """;

    private const string PlansSql = """
        DELETE FROM plans WHERE warehouse_id = $1 AND plan_id IN (
            SELECT plan_id FROM plans WHERE warehouse_id = $1 AND plan_id < $3 AND planned_at < $2
            ORDER BY warehouse_id, plan_id LIMIT $4)
        """;

    // With it goes what was answered about it. A release under way stays, however old.
    private const string InboxSql = """
        WITH old AS MATERIALIZED (
            SELECT order_id, release_no FROM inbox
            WHERE warehouse_id = $1 AND order_id < $3 AND received_at < $2
                AND state IN ('Picked', 'Cancelled', 'Held', 'Failed')
            ORDER BY warehouse_id, order_id, release_no LIMIT $4 FOR UPDATE SKIP LOCKED),
        answered AS (
            DELETE FROM signals s USING old
            WHERE s.warehouse_id = $1 AND s.order_id = old.order_id AND s.release_no = old.release_no)
        DELETE FROM inbox i USING old
        WHERE i.warehouse_id = $1 AND i.order_id = old.order_id AND i.release_no = old.release_no
        """;

    private const string LettersSql = """
        DELETE FROM dead_letters WHERE warehouse_id = $1 AND letter_id IN (
            SELECT letter_id FROM dead_letters WHERE warehouse_id = $1 AND letter_id < $3 AND at < $2
            ORDER BY warehouse_id, letter_id LIMIT $4)
        """;

    // The process ended between the burial and its last step.
    private const string FailuresSql = """
        DELETE FROM lone_failures f USING inbox i
        WHERE f.warehouse_id = $1 AND i.warehouse_id = $1 AND i.order_id = f.order_id AND i.release_no = f.release_no
            AND i.received_at < $2 AND $3 IS NOT NULL AND $4 > 0
        """;

    // What the ids of what was deleted lie below: whoever compares this database with another leaves that out.
    private const string KeptFromSql = """
        INSERT INTO retention AS r (warehouse_id, kind, kept_from) VALUES ($1, $2, $3)
        ON CONFLICT (warehouse_id, kind) DO UPDATE SET kept_from = greatest(r.kept_from, EXCLUDED.kept_from)
        """;

    /// <summary>The number of tours, events, ... deleted; less when another replica is at it.</summary>
    internal async Task<int> RunAsync(CancellationToken cancellation)
    {
        var deleted = 0;
        foreach (var (kind, sql, kept) in ((string, string, TimeSpan)[])
        [
            ("events", EventsSql, settings.RestoreWindow), ("tours", ToursSql, settings.ToursKept),
            ("plans", PlansSql, settings.ToursKept), ("failures", FailuresSql, TimeSpan.FromHours(1)),
            ("letters", LettersSql, settings.InboxKept), ("inbox", InboxSql, settings.InboxKept),
        ])
        {
            int batch;
            do deleted += batch = await DeleteAsync(kind, sql, clock.GetUtcNow() - kept, cancellation);
            while (batch == settings.RetentionBatchMax && !cancellation.IsCancellationRequested);
        }

        return deleted;
    }

    private async Task<int> DeleteAsync(
        string kind, string sql, DateTimeOffset before, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var turn = new NpgsqlCommand(TurnSql, connection, transaction)
        {
            Parameters = { Typed.Text(settings.WarehouseId) },
        };
        if (await turn.ExecuteScalarAsync(cancellation) is not true) return 0;
        var keptFrom = Guid.CreateVersion7(before);
        await using var delete = new NpgsqlCommand(sql, connection, transaction)
        {
            Parameters =
            {
                Typed.Text(settings.WarehouseId), Typed.Time(before), Typed.Uuid(keptFrom),
                Typed.Integer(settings.RetentionBatchMax),
            },
        };
        var rows = await delete.ExecuteNonQueryAsync(cancellation);
        await using var note = new NpgsqlCommand(KeptFromSql, connection, transaction)
        {
            Parameters = { Typed.Text(settings.WarehouseId), Typed.Text(kind), Typed.Uuid(keptFrom) },
        };
        if (rows > 0) await note.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return rows;
    }
}
