using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Npgsql;
using NpgsqlTypes;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// One warehouse's feed as it stands in Postgres. <see cref="Parked"/>: releases that wait for a person.
/// </summary>
internal sealed record FeedRow(
    FeedCursor Cursor, string? StoppedBecause, int? ParkMax, DateTimeOffset? ResumeAskedAt, FeedCursor? ResumingTo,
    int Parked)
{
    /// <summary>After a restore: what is still to be read may have been applied already.</summary>
    internal bool Resuming => ResumingTo is { } end && Cursor < end;
}

/// <summary>
/// How far each warehouse's feed is applied. A cursor moves only from where its reader found it: of two readers who
/// both believe to be the active one, the second is refused by the row, and everything that it wrote with it.
/// </summary>
internal static class FeedCursors
{
    // Until there were feeds by warehouse there was one, of the warehouse whose releases are reported, or of the only
    // one.
    private const string TakeOverSql = """
        UPDATE feed_cursors SET feed = $1 WHERE feed = 'picking' AND $1 <> 'picking'
            AND NOT EXISTS (SELECT FROM feed_cursors WHERE feed = $1)
            AND NOT EXISTS (SELECT FROM warehouses WHERE warehouse_id = 'picking')
            AND ((SELECT count(*) FROM warehouses) = 1
                 OR EXISTS (SELECT FROM releases WHERE warehouse_id = $1 AND feed_version > 0))
        """;

    private const string AddSql = """
        INSERT INTO feed_cursors (feed, cursor, moved_at) VALUES ($1, $2, $3) ON CONFLICT (feed) DO NOTHING
        """;

    private const string ReadSql = """
        SELECT cursor, stopped_because, park_max, resume_asked_at, resuming_to,
               (SELECT count(*)::integer FROM parked_releases WHERE warehouse_id = $1 AND skipped_at IS NULL)
        FROM feed_cursors WHERE feed = $1
        """;

    // Whoever moves it goes on: what stopped it is over.
    private const string MoveSql = """
        UPDATE feed_cursors SET cursor = $3, applied = applied + $4, moved_at = $5,
            caught_up_at = GREATEST(caught_up_at, $6), stopped_because = NULL, stopped_at = NULL,
            held_back = $7, held_back_since = $8, park_max = CASE WHEN $6 IS NULL THEN park_max END
        WHERE feed = $1 AND cursor = $2
        """;

    private const string GoOnSql = """
        SELECT stopped_because IS NULL OR resume_asked_at IS NOT NULL FROM feed_cursors WHERE feed = $1
        """;

    // An operator may have said to go on since the row was read: that is not taken back.
    private const string StopSql = """
        UPDATE feed_cursors SET stopped_because = $2, stopped_at = COALESCE(stopped_at, $3)
        WHERE feed = $1 AND stopped_because IS NOT DISTINCT FROM $4
        """;

    /// <summary>Whether somebody has said since it stopped that it should go on, or be resumed.</summary>
    internal static async Task<bool> IsToldToGoOnAsync(
        NpgsqlDataSource database, string warehouseId, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(GoOnSql);
        command.Parameters.Add(new() { Value = warehouseId });
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    /// <summary>The row of this warehouse, made at the start of the log when there is none.</summary>
    internal static async Task OpenAsync(
        NpgsqlDataSource database, string warehouseId, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(TakeOverSql) { Parameters = { new() { Value = warehouseId } } });
        var add = new NpgsqlBatchCommand(AddSql)
        {
            Parameters = { new() { Value = warehouseId }, new() { Value = FeedCursor.Start.ToString() } },
        };
        add.Parameters.AddTime(now);
        batch.BatchCommands.Add(add);
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <exception cref="FeedStoppedException">The row is gone, or what stands in it is no cursor.</exception>
    internal static async Task<FeedRow> ReadAsync(
        NpgsqlDataSource database, string warehouseId, CancellationToken cancellation) =>
        await FindAsync(database, warehouseId, cancellation)
            ?? throw new FeedStoppedException($"feed_cursors has no row for {warehouseId}");

    /// <summary>The row, or null when this warehouse has no feed.</summary>
    internal static async Task<FeedRow?> FindAsync(
        NpgsqlDataSource database, string warehouseId, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(ReadSql);
        command.Parameters.Add(new() { Value = warehouseId });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation)) return null;
        return new FeedRow(
            Parse(row.GetString(0)), row.IsDBNull(1) ? null : row.GetString(1),
            row.IsDBNull(2) ? null : row.GetInt32(2), row.IsDBNull(3) ? null : row.GetDateTime(3),
            row.IsDBNull(4) ? null : Parse(row.GetString(4)), row.GetInt32(5));
    }

    /// <summary>
    /// Moves the cursor; the command changes one row, or none when somebody else has moved it. Null as
    /// <paramref name="caughtUpAt"/>: there is more to read.
    /// </summary>
    internal static NpgsqlBatchCommand Move(
        string warehouseId, FeedCursor from, FeedCursor to, long applied, DateTimeOffset now,
        DateTimeOffset? caughtUpAt, HeldBack? heldBack)
    {
        var move = new NpgsqlBatchCommand(MoveSql)
        {
            Parameters =
            {
                new() { Value = warehouseId }, new() { Value = from.ToString() }, new() { Value = to.ToString() },
                new() { Value = applied },
            },
        };
        move.Parameters.AddTime(now);
        move.Parameters.Add(MaybeTime(caughtUpAt));
        move.Parameters.Add(new() { Value = heldBack?.Events ?? 0 });
        move.Parameters.Add(MaybeTime(heldBack?.Since));
        return move;
    }

    /// <summary>
    /// Tells whoever asks, on any replica, that the feed stands still and why; <paramref name="before"/> is what the
    /// row said when it was read.
    /// </summary>
    internal static async Task StopAsync(
        NpgsqlDataSource database, string warehouseId, string because, string? before, DateTimeOffset now,
        CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(StopSql);
        command.Parameters.Add(new() { Value = warehouseId });
        command.Parameters.Add(new() { Value = because });
        command.Parameters.AddTime(now);
        command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = before });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    internal static NpgsqlParameter MaybeTime(DateTimeOffset? time) => new()
    {
        Value = (object?)time?.UtcDateTime ?? DBNull.Value,
        NpgsqlDbType = NpgsqlDbType.TimestampTz,
    };

    private static FeedCursor Parse(string text) => FeedCursor.TryParse(text, out var cursor)
        ? cursor
        : throw new FeedStoppedException($"feed_cursors holds '{text}', which is no cursor");
}
