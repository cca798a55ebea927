using System.Text.Json;
using Fulfillment.Picking.Database;
using Fulfillment.Picking.Feed;
using Fulfillment.Picking.Intake;
using Npgsql;

namespace Fulfillment.Picking.DeadLetters;

/// <summary>
/// A message that will not be served. <paramref name="Release"/> and the client are known when it could be read so far.
/// </summary>
internal sealed record Letter(
    string StreamEntry, string Reason, byte[] Raw, ReleaseId? Release, string? ClientId, string? TraceParent)
{
    internal static Letter Of(UnplannableRelease failed) => new(
        (string)failed.Release.Entries[0].Id!, failed.Reason, Arrival.Raw(failed.Release.Entries[0]),
        failed.Release.Key,
        failed.Release.Message.ClientId, failed.Release.TraceParent);

    internal static Letter Of(Arrival.Broken broken) => new(
        (string)broken.Entry.Id!, broken.Reason, Arrival.Raw(broken.Entry),
        broken.Message is { } release ? new ReleaseId(release.OrderId, release.ReleaseNo) : null,
        broken.Message?.ClientId, null);
}

/// <summary>Writes dead letters, and with each known release the event that parks it.</summary>
internal static class Burial
{
    // A release that the inbox knows has its fate already: another message about it is not told and not kept. The same
    // entry that comes again (committed, but not settled) finds its letter.
    private const string BurySql = """
        WITH letters AS (
            SELECT * FROM unnest($3, $4, $5, $6, $7, $8, $9, $10, $11)
                AS l (letter_id, stream_entry, client_id, order_id, release_no, reason, raw, body, traceparent)),
        parked AS (
            INSERT INTO inbox (warehouse_id, order_id, release_no, client_id, state, version, received_at)
            SELECT $1, order_id, release_no, client_id, 'Failed', 1, $2 FROM letters
            WHERE order_id IS NOT NULL ORDER BY order_id, release_no
            ON CONFLICT DO NOTHING RETURNING order_id, release_no),
        told AS (
            INSERT INTO events (warehouse_id, client_id, order_id, release_no, version, kind, at, body, traceparent)
            SELECT $1, client_id, order_id, release_no, 1, 'Failed', $2, body, traceparent
            FROM letters JOIN parked USING (order_id, release_no))
        INSERT INTO dead_letters (warehouse_id, letter_id, stream_entry, client_id, order_id, release_no, reason, raw,
            at)
        SELECT $1, letter_id, stream_entry, client_id, order_id, release_no, reason, raw, $2 FROM letters l
        WHERE order_id IS NULL
            OR EXISTS (SELECT FROM parked p WHERE p.order_id = l.order_id AND p.release_no = l.release_no)
        ON CONFLICT DO NOTHING
        """;

    /// <summary>Each release at most once among the letters.</summary>
    internal static async Task BuryAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string warehouseId, DateTimeOffset now,
        IEnumerable<Letter> letters, CancellationToken cancellation)
    {
        var all = letters.ToList();
        if (all.Count == 0) return;
        ReleaseId[] keys = [.. all.Where(l => l.Release is not null).Select(l => l.Release!.Value)];
        await ReleaseTurns.TakeAsync(connection, transaction, warehouseId, keys, cancellation);
        await using var command = new NpgsqlCommand(BurySql, connection, transaction)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Time(now), Typed.Uuids([.. all.Select(_ => Guid.CreateVersion7(now))]),
                Typed.Texts([.. all.Select(l => l.StreamEntry)]), Typed.Texts([.. all.Select(l => l.ClientId)]),
                Typed.MaybeUuids([.. all.Select(l => l.Release?.OrderId)]),
                Typed.MaybeIntegers([.. all.Select(l => l.Release?.ReleaseNo)]),
                Typed.Texts([.. all.Select(l => l.Reason)]), Typed.BytesEach([.. all.Select(l => l.Raw)]),
                Typed.Texts([.. all.Select(l => BodyOf(l.Reason))]), Typed.Texts([.. all.Select(l => l.TraceParent)]),
            },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static string BodyOf(string reason) =>
        JsonSerializer.Serialize(new EventBody { Reason = reason }, EventBodyJson.Default.EventBody);
}
