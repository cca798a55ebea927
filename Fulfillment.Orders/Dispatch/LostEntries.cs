using Fulfillment.ServiceDefaults.Leadership;
using Npgsql;
using NpgsqlTypes;

namespace Fulfillment.Orders.Dispatch;

/// <summary>
/// Compares what Postgres believes to stand on the stream with the stream. An entry that is gone is forgotten, and what
/// has no entry is published again; an entry that still stands is left alone, however long it waits.
/// </summary>
internal sealed class LostEntries(
    string warehouseId, Leader leader, PickingStream stream, TimeProvider clock)
{
    private const int PageMax = 1024;

    // What is parked waits for a person, and is published no more.
    private const string ReleasesSql = """
        SELECT client_id, order_id, release_no, 0, stream_entry, start_tag FROM releases r
        WHERE warehouse_id = $1 AND state = 'Dispatched' AND NOT EXISTS (
                  SELECT FROM parked_releases p WHERE p.warehouse_id = r.warehouse_id AND p.client_id = r.client_id
                  AND p.order_id = r.order_id AND p.release_no = r.release_no)
              AND (start_tag, client_id, order_id, release_no) > ($2, $3, $4, $5)
              AND stream_entry IS NOT NULL AND published_at <= $6
        ORDER BY start_tag, client_id, order_id, release_no LIMIT $7
        """;

    private const string SignalsSql = """
        SELECT client_id, order_id, release_no, signal_no, stream_entry, 0::bigint FROM release_signals
        WHERE warehouse_id = $1 AND answered_at IS NULL AND stream_entry IS NOT NULL AND published_at <= $2
        ORDER BY created_at
        """;

    // What was reported, or published under another entry, since the entry was seen gone is none of our business.
    private const string ForgetReleasesSql = """
        UPDATE releases r SET stream_entry = NULL
        FROM unnest($1, $2, $3, $4, $5) AS k(client_id, order_id, release_no, signal_no, stream_entry)
        WHERE k.signal_no = 0 AND r.client_id = k.client_id AND r.order_id = k.order_id
              AND r.release_no = k.release_no AND r.state = 'Dispatched' AND r.stream_entry = k.stream_entry
        """;

    private const string ForgetSignalsSql = """
        UPDATE release_signals s SET stream_entry = NULL
        FROM unnest($1, $2, $3, $4, $5) AS k(client_id, order_id, release_no, signal_no, stream_entry)
        WHERE s.signal_no = k.signal_no AND s.client_id = k.client_id AND s.order_id = k.order_id
              AND s.release_no = k.release_no AND s.answered_at IS NULL AND s.stream_entry = k.stream_entry
        """;

    private const string CaughtUpSql = "SELECT caught_up_at FROM feed_cursors WHERE feed = $1";

    private List<Entry> _suspects = [];
    private DateTimeOffset _suspectsSeenAt;

    /// <summary>The stream was lost whole: forgets at once every entry that is gone.</summary>
    internal async Task ForgetAllGoneAsync(CancellationToken cancellation)
    {
        _suspects = [];
        await ForgetAsync(await FindGoneAsync(DateTimeOffset.MaxValue, cancellation), cancellation);
    }

    /// <summary>
    /// One look. Picking deletes an entry a moment before its event arrives here, so an entry that is gone is only
    /// suspected; it is forgotten when the feed was caught up after that and still has not reported the release.
    /// </summary>
    internal async Task LookAsync(DateTimeOffset publishedBefore, CancellationToken cancellation)
    {
        if (_suspects.Count > 0)
        {
            if (await CaughtUpAtAsync(cancellation) is not { } caughtUp || caughtUp <= _suspectsSeenAt) return;
            await ForgetAsync(_suspects, cancellation);
        }

        _suspects = [];
        _suspects = await FindGoneAsync(publishedBefore, cancellation);
        _suspectsSeenAt = clock.GetUtcNow();
    }

    private async Task<List<Entry>> FindGoneAsync(DateTimeOffset publishedBefore, CancellationToken cancellation)
    {
        var gone = await GoneAmongAsync(await ReadSignalsAsync(publishedBefore, cancellation));
        var after = new Entry(new ReleaseKey("", Guid.Empty, 0), 0, "", long.MinValue);
        while (true)
        {
            var page = await ReadReleasesAsync(after, publishedBefore, cancellation);
            gone.AddRange(await GoneAmongAsync(page));
            leader.TurnFinished();
            if (page.Count < PageMax) return gone;
            after = page[^1];
        }
    }

    private async Task<List<Entry>> GoneAmongAsync(List<Entry> entries)
    {
        var stand = await stream.StandAsync(entries.ConvertAll(entry => entry.StreamEntry));
        return [.. entries.Where((_, index) => !stand[index])];
    }

    private async Task ForgetAsync(List<Entry> gone, CancellationToken cancellation)
    {
        foreach (var chunk in gone.Chunk(PageMax))
        {
            var keys = chunk.Select(entry => entry.Key).ToList();
            await using var batch = leader.CreateBatch();
            var lockOrders = new NpgsqlBatchCommand(ReleaseKeys.LockOrdersSql);
            lockOrders.Parameters.AddKeys(keys, releaseNumbers: false);
            batch.BatchCommands.Add(lockOrders);
            foreach (var sql in (string[])[ForgetReleasesSql, ForgetSignalsSql])
            {
                var forget = new NpgsqlBatchCommand(sql);
                forget.Parameters.AddKeys(keys);
                forget.Parameters.AddArray(NpgsqlDbType.Integer, chunk, entry => entry.SignalNo);
                forget.Parameters.AddArray(NpgsqlDbType.Text, chunk, entry => entry.StreamEntry);
                batch.BatchCommands.Add(forget);
            }

            await batch.ExecuteNonQueryAsync(cancellation);
            leader.TurnFinished();
        }
    }

    private async Task<List<Entry>> ReadReleasesAsync(
        Entry after, DateTimeOffset publishedBefore, CancellationToken cancellation)
    {
        await using var command = leader.CreateCommand(ReleasesSql);
        foreach (var value in (object[])
            [warehouseId, after.StartTag, after.Key.ClientId, after.Key.OrderId, after.Key.ReleaseNo])
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        command.Parameters.AddTime(publishedBefore);
        command.Parameters.Add(new NpgsqlParameter { Value = PageMax });
        return await ReadAsync(command, cancellation);
    }

    private async Task<List<Entry>> ReadSignalsAsync(DateTimeOffset publishedBefore, CancellationToken cancellation)
    {
        await using var command = leader.CreateCommand(SignalsSql);
        command.Parameters.Add(new NpgsqlParameter { Value = warehouseId });
        command.Parameters.AddTime(publishedBefore);
        return await ReadAsync(command, cancellation);
    }

    private static async Task<List<Entry>> ReadAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var entries = new List<Entry>();
        while (await reader.ReadAsync(cancellation))
        {
            var key = new ReleaseKey(reader.GetString(0), reader.GetGuid(1), reader.GetInt32(2));
            entries.Add(new Entry(key, reader.GetInt32(3), reader.GetString(4), reader.GetInt64(5)));
        }

        return entries;
    }

    private async Task<DateTimeOffset?> CaughtUpAtAsync(CancellationToken cancellation)
    {
        await using var command = leader.CreateCommand(CaughtUpSql);
        command.Parameters.Add(new() { Value = warehouseId });
        return await command.ExecuteScalarAsync(cancellation) is DateTime caughtUp ? caughtUp : null;
    }

    // SignalNo 0: the release itself.
    private readonly record struct Entry(ReleaseKey Key, int SignalNo, string StreamEntry, long StartTag);
}
