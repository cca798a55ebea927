using Fulfillment.Contracts;
using Fulfillment.Picking.Database;
using Npgsql;

namespace Fulfillment.Picking.Feed;

/// <summary>What is written and may not be told yet, because an older transaction is still open.</summary>
internal static class HeldBackEvents
{
    internal const int CountMax = 1_000;

    // Any transaction of the cluster that has an id counts, of whatever database, and so does one that was prepared.
    // Without pg_read_all_stats a stranger's transaction shows neither id nor age: then the oldest event that waits
    // says how long it is. Who it is, is asked only when something waits.
    private const string CountSql = """
        WITH oldest AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xid),
        held AS MATERIALIZED (
            SELECT count(*) AS events, min(at) AS first_at FROM (
                SELECT at FROM events WHERE warehouse_id = $1 AND xid >= (SELECT xid FROM oldest)
                ORDER BY xid, id LIMIT $2) AS waiting),
        holder AS MATERIALIZED (
            SELECT xact_start AS since, format('%s by %s in %s, pid %s', coalesce(nullif(application_name, ''), state),
                       usename, datname, pid) AS who
            FROM pg_stat_activity
            WHERE (SELECT events FROM held) > 0 AND backend_xid = (SELECT xid::xid FROM oldest)
            UNION ALL
            SELECT prepared, format('prepared %s by %s in %s', gid, owner, database) FROM pg_prepared_xacts
            WHERE (SELECT events FROM held) > 0 AND transaction = (SELECT xid::xid FROM oldest))
        SELECT events::integer, coalesce(since, first_at),
               greatest(extract(epoch FROM clock_timestamp() - coalesce(since, first_at)), 0)::double precision, who
        FROM held LEFT JOIN (SELECT since, who FROM holder WHERE since IS NOT NULL LIMIT 1) AS known ON true
        WHERE events > 0
        """;

    internal static NpgsqlBatchCommand Count(string warehouseId) => new(CountSql)
    {
        Parameters = { Typed.Text(warehouseId), Typed.Integer(CountMax) },
    };

    /// <summary>Reads the result of <see cref="Count"/>.</summary>
    internal static async Task<HeldBack?> ReadAsync(NpgsqlDataReader row, CancellationToken cancellation) =>
        await row.ReadAsync(cancellation)
            ? new HeldBack(
                row.GetInt32(0), row.GetFieldValue<DateTimeOffset>(1), row.GetDouble(2),
                row.IsDBNull(3) ? null : row.GetString(3))
            : null;
}
