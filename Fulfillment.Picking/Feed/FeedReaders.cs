using Fulfillment.Contracts;
using Fulfillment.Picking.Database;
using Npgsql;

namespace Fulfillment.Picking.Feed;

/// <summary>Where a reader's cursor stands to this log.</summary>
internal enum CursorFinding
{
    /// <summary>Its event is here and told to all, and the reader has not gone back.</summary>
    Known,

    /// <summary>Its event is not here, or above what this cluster has come to: the log went back, or moved.</summary>
    NotHere,

    /// <summary>The reader had more than this: its database went back.</summary>
    WentBack,
}

/// <summary>
/// Who reads the feed, and how far each has come. A reader's row is what retention asks: the event it names, and all
/// that follow, are still needed.
/// </summary>
internal static class FeedReaders
{
    // Above the snapshot nothing was ever told to anybody: a cursor there is one of another cluster, or of this one
    // before it was restored.
    private const string FindSql = """
        SELECT $2 = '0'::xid8 OR ($2 < pg_snapshot_xmin(pg_current_snapshot()) AND EXISTS (
                   SELECT FROM events WHERE xid = $2 AND id = $3 AND warehouse_id = $1
                       AND ($5::uuid IS NULL OR (order_id = $5 AND release_no = $6 AND version = $7)))),
               coalesce((r.xid, r.id) > ($2, $3), false),
               coalesce((r.xid, r.id) < ($2, $3) OR r.asked_at < now() - interval '1 minute', true)
        FROM (SELECT) AS one LEFT JOIN feed_readers r ON r.warehouse_id = $1 AND r.reader = $4
        """;

    private const string MoveSql = """
        INSERT INTO feed_readers AS r (warehouse_id, reader, xid, id, asked_at) VALUES ($1, $4, $2, $3, now())
        ON CONFLICT (warehouse_id, reader) DO UPDATE SET xid = EXCLUDED.xid, id = EXCLUDED.id, asked_at = now()
        WHERE (r.xid, r.id) <= (EXCLUDED.xid, EXCLUDED.id)
        """;

    /// <summary>
    /// The first event that some reader still names, and with it everything above is needed; no row while nobody reads.
    /// For whoever deletes old events: keep what is not below it.
    /// </summary>
    internal const string NeededFromSql =
        "SELECT xid, id FROM feed_readers WHERE warehouse_id = $1 ORDER BY xid, id LIMIT 1";

    /// <summary>
    /// Where <paramref name="cursor"/> stands; when it is known, it is remembered as this reader's. A reader without a
    /// name is not remembered.
    /// </summary>
    internal static async Task<CursorFinding> FindAsync(
        NpgsqlDataSource database, string warehouseId, string? reader, FeedCursor cursor,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var find = new NpgsqlCommand(FindSql, connection);
        AddPlace(find, warehouseId, reader, cursor);
        find.Parameters.Add(Typed.MaybeUuid(cursor.Event?.OrderId));
        find.Parameters.Add(Typed.Integer(cursor.Event?.ReleaseNo ?? 0));
        find.Parameters.Add(Typed.Integer(cursor.Event?.Version ?? 0));
        bool moved;
        await using (var row = await find.ExecuteReaderAsync(cancellation))
        {
            await row.ReadAsync(cancellation);
            if (!row.GetBoolean(0)) return CursorFinding.NotHere;
            if (row.GetBoolean(1)) return CursorFinding.WentBack;
            moved = row.GetBoolean(2);
        }

        if (reader is null || !moved) return CursorFinding.Known;
        await using var move = new NpgsqlCommand(MoveSql, connection);
        AddPlace(move, warehouseId, reader, cursor);
        await move.ExecuteNonQueryAsync(cancellation);
        return CursorFinding.Known;
    }

    private static void AddPlace(NpgsqlCommand to, string warehouseId, string? reader, FeedCursor cursor)
    {
        to.Parameters.Add(Typed.Text(warehouseId));
        to.Parameters.Add(Typed.Xid(cursor.Xid));
        to.Parameters.Add(Typed.Bigint(cursor.Id));
        to.Parameters.Add(Typed.Text(reader ?? ""));
    }
}
