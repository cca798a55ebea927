using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Npgsql;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// What POST /feed/resume sets off: a warehouse's feed begins again, after one of the two databases was restored to an
/// earlier time, moved, or lost its end. Each release is compared by the version of its last event. What Picking has
/// and we have not is read again; what both have is passed over; where the two know different histories, the release is
/// given up on both sides, and what is open of it goes as a new one. Done twice, it does nothing more.
/// </summary>
internal sealed class ResumeFeed(NpgsqlDataSource database, FeedClient picking, string warehouseId, TimeProvider clock)
{
    private const string PageSql = """
        SELECT r.client_id, r.order_id, r.release_no, r.feed_version, r.feed_at, a.line_no, a.sku, a.picked, a.short,
               a.quantity - a.picked - a.short - a.cancelled
        FROM (SELECT * FROM releases WHERE warehouse_id = $1 AND (client_id, order_id, release_no) > ($2, $3, $4)
              ORDER BY client_id, order_id, release_no LIMIT $5) r
        LEFT JOIN allocations a ON a.client_id = r.client_id AND a.order_id = r.order_id
            AND a.release_no = r.release_no
        ORDER BY r.client_id, r.order_id, r.release_no, a.line_no
        """;

    private const string PassOverSql = """
        UPDATE releases r SET feed_version = k.version
        FROM unnest($1, $2, $3, $4) AS k(client_id, order_id, release_no, version)
        WHERE r.client_id = k.client_id AND r.order_id = k.order_id AND r.release_no = k.release_no
              AND r.feed_version < k.version
        """;

    // What was parked of a release that is given up is of a history that does not hold any more.
    private const string UnparkEventsSql = """
        DELETE FROM parked_events e USING unnest($1, $2, $3) AS k(client_id, order_id, release_no)
        WHERE e.warehouse_id = $4 AND e.client_id = k.client_id AND e.order_id = k.order_id
              AND e.release_no = k.release_no
        """;

    private const string UnparkSql = """
        DELETE FROM parked_releases p USING unnest($1, $2, $3) AS k(client_id, order_id, release_no)
        WHERE p.warehouse_id = $4 AND p.client_id = k.client_id AND p.order_id = k.order_id
              AND p.release_no = k.release_no AND p.skipped_at IS NULL
        """;

    private const string BeginSql = """
        UPDATE feed_cursors SET cursor = $3, resuming_to = $4, resume_asked_at = NULL, stopped_because = NULL,
            stopped_at = NULL, moved_at = $5
        WHERE feed = $1 AND cursor = $2
        """;

    private const string EndSql = "UPDATE feed_cursors SET resuming_to = NULL WHERE feed = $1";

    // Neither we nor the past knows their order: it was placed after what this database was restored to.
    private const string LostSql = """
        SELECT p.client_id, p.order_id, p.release_no FROM parked_releases p
        WHERE p.warehouse_id = $1 AND p.skipped_at IS NULL AND p.code = $2
              AND NOT EXISTS (SELECT FROM orders o WHERE o.client_id = p.client_id AND o.order_id = p.order_id)
              AND NOT EXISTS (SELECT FROM past_orders o WHERE o.client_id = p.client_id AND o.order_id = p.order_id)
        ORDER BY p.parked_at LIMIT $3
        """;

    private const string GiveUpSql = """
        WITH gone AS (
            DELETE FROM parked_events e USING unnest($2, $3, $4) AS k(client_id, order_id, release_no)
            WHERE e.warehouse_id = $1 AND e.client_id = k.client_id AND e.order_id = k.order_id
                  AND e.release_no = k.release_no)
        UPDATE parked_releases p SET skipped_at = $6, units = 'none', reason = k.reason
        FROM unnest($2, $3, $4, $5) AS k(client_id, order_id, release_no, reason)
        WHERE p.warehouse_id = $1 AND p.client_id = k.client_id AND p.order_id = k.order_id
              AND p.release_no = k.release_no
        """;

    /// <summary>Compares all releases, and sets the cursor to where reading goes on; how many were given up.</summary>
    internal async Task<int> BeginAsync(FeedRow row, CancellationToken cancellation)
    {
        var asked = new ResumeRequest(FeedClient.Reader, row.Cursor.ToString(), null);
        var begin = await picking.ResumeAsync(warehouseId, asked, cancellation);
        FeedCursor? first = null;
        var givenUp = 0;
        var after = new ReleaseKey("", Guid.Empty, 0);
        while (true)
        {
            var page = await ReadPageAsync(after, cancellation);
            if (page.Count == 0) break;
            var answer = await picking.ReconcileAsync(warehouseId, page, cancellation);
            var closed = page.Zip(answer).Where(of => of.Second.Closed).ToList();
            givenUp += closed.Count;
            await PassOverAsync(
                closed.ConvertAll(of => (KeyOf(of.First), of.Second.Version)), cancellation);
            foreach (var reconciled in answer)
            {
                if (FeedCursor.TryParse(reconciled.Next, out var next) && (first is null || next < first)) first = next;
            }

            after = KeyOf(page[^1]);
        }

        // The cursor that is known is before all that was not applied. One that is not says nothing: then it is the
        // first event that we lack, or what was the last before we asked about the first release.
        var last = FeedCursor.TryParse(begin.Cursor, out var place) ? place with { Event = null } : FeedCursor.Start;
        var replay = begin.CursorKnown ? null : (first < last ? first : last)?.ToString();
        var end = await picking.ResumeAsync(warehouseId, asked with { ReplayFrom = replay }, cancellation);
        await using var command = database.CreateCommand(BeginSql);
        foreach (var value in (object[])[warehouseId, row.Cursor.ToString(), end.Cursor, end.Head])
            command.Parameters.Add(new() { Value = value });
        command.Parameters.AddTime(clock.GetUtcNow());
        if (await command.ExecuteNonQueryAsync(cancellation) != 1) throw new CursorMovedException(warehouseId);
        return givenUp;
    }

    /// <summary>
    /// All that the restore had left behind is read. What Picking does for orders that are lost here is given up, and
    /// said of each how many units are to be put back; returns how many there were.
    /// </summary>
    internal async Task<int> EndAsync(CancellationToken cancellation)
    {
        var lost = 0;
        while (await FindLostAsync(cancellation) is { Count: > 0 } keys)
        {
            var answer = await picking.ReconcileAsync(
                warehouseId,
                keys.ConvertAll(key => new AppliedRelease
                {
                    ClientId = key.ClientId,
                    OrderId = key.OrderId,
                    ReleaseNo = key.ReleaseNo,
                    Version = 0,
                    Lost = true,
                }),
                cancellation);
            await using var command = database.CreateCommand(GiveUpSql);
            command.Parameters.Add(new() { Value = warehouseId });
            command.Parameters.AddKeys(keys);
            command.Parameters.AddArray(
                NpgsqlTypes.NpgsqlDbType.Text, answer,
                of => $"its order was lost in a restore; {of.Surplus} units picked for it are to be put back");
            command.Parameters.AddTime(clock.GetUtcNow());
            await command.ExecuteNonQueryAsync(cancellation);
            lost += keys.Count;
        }

        await using var end = database.CreateCommand(EndSql);
        end.Parameters.Add(new() { Value = warehouseId });
        await end.ExecuteNonQueryAsync(cancellation);
        return lost;
    }

    private async Task<List<AppliedRelease>> ReadPageAsync(ReleaseKey after, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(PageSql);
        foreach (var value in (object[])
            [warehouseId, after.ClientId, after.OrderId, after.ReleaseNo, ReconcileRequest.ReleasesMax])
            command.Parameters.Add(new() { Value = value });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var page = new List<AppliedRelease>();
        var lines = new List<AppliedLine>();
        while (await row.ReadAsync(cancellation))
        {
            var key = new ReleaseKey(row.GetString(0), row.GetGuid(1), row.GetInt32(2));
            if (page.Count == 0 || KeyOf(page[^1]) != key)
            {
                page.Add(new AppliedRelease
                {
                    ClientId = key.ClientId,
                    OrderId = key.OrderId,
                    ReleaseNo = key.ReleaseNo,
                    Version = row.GetInt32(3),
                    At = row.IsDBNull(4) ? null : row.GetDateTime(4),
                    Lines = lines = [],
                });
            }

            if (row.IsDBNull(5)) continue;
            lines.Add(new AppliedLine(
                row.GetInt32(5), row.GetString(6), row.GetInt32(7), row.GetInt32(8), row.GetInt32(9)));
        }

        return page;
    }

    private async Task PassOverAsync(List<(ReleaseKey Key, int Version)> closed, CancellationToken cancellation)
    {
        if (closed.Count == 0) return;
        var keys = closed.ConvertAll(of => of.Key);
        await using var batch = database.CreateBatch();
        var lockOrders = new NpgsqlBatchCommand(ReleaseKeys.LockOrdersSql);
        lockOrders.Parameters.AddKeys(keys, releaseNumbers: false);
        var pass = new NpgsqlBatchCommand(PassOverSql);
        pass.Parameters.AddKeys(keys);
        pass.Parameters.AddArray(NpgsqlTypes.NpgsqlDbType.Integer, closed, of => of.Version);
        batch.BatchCommands.Add(lockOrders);
        batch.BatchCommands.Add(pass);
        foreach (var sql in (string[])[UnparkEventsSql, UnparkSql])
        {
            var unpark = new NpgsqlBatchCommand(sql);
            unpark.Parameters.AddKeys(keys).Add(new() { Value = warehouseId });
            batch.BatchCommands.Add(unpark);
        }

        await batch.ExecuteNonQueryAsync(cancellation);
    }

    private async Task<List<ReleaseKey>> FindLostAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(LostSql);
        foreach (var value in (object[])[warehouseId, EventFault.UnknownRelease, ReconcileRequest.ReleasesMax])
            command.Parameters.Add(new() { Value = value });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var keys = new List<ReleaseKey>();
        while (await row.ReadAsync(cancellation)) keys.Add(new(row.GetString(0), row.GetGuid(1), row.GetInt32(2)));
        return keys;
    }

    private static ReleaseKey KeyOf(AppliedRelease release) =>
        new(release.ClientId, release.OrderId, release.ReleaseNo);
}
