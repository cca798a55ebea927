using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Npgsql;

namespace Fulfillment.Orders.Progress;

/// <summary>What a retry came to. Nothing is left when all events fit; else <see cref="Fault"/> says why not.</summary>
internal sealed record Retried(int Applied, int Left, EventFault? Fault);

/// <summary>
/// Applies the events of a parked release in their order, each in a transaction of its own that also takes it from the
/// queue, as far as they fit. What is left stays parked, for the fault that the next one has now.
/// </summary>
internal static class RetryParked
{
    private const int AtOnceMax = 100;

    private const string FindSql = """
        SELECT client_id, order_id, release_no FROM parked_releases p
        WHERE warehouse_id = $1 AND skipped_at IS NULL
              AND ($2 AND code = $3
                   OR code = $4 AND EXISTS (SELECT FROM releases r WHERE r.client_id = p.client_id
                                            AND r.order_id = p.order_id AND r.release_no = p.release_no))
        ORDER BY parked_at LIMIT $5
        """;

    private const string OfRelease = "WHERE warehouse_id = $1 AND client_id = $2 AND order_id = $3 AND release_no = $4";

    private const string NextSql =
        $"SELECT event, (SELECT count(*)::integer FROM parked_events {OfRelease}) FROM parked_events {OfRelease} "
        + "ORDER BY xid, id LIMIT 1";

    private const string TakeSql = $"DELETE FROM parked_events {OfRelease} AND xid = $5 AND id = $6";

    private const string EndSql = $"DELETE FROM parked_releases {OfRelease}";

    private const string StaySql = $"UPDATE parked_releases SET code = $5, reason = $6 {OfRelease}";

    /// <summary>
    /// Those whose cause may be gone: a release that has come to be, and at the first look of a process the kinds that
    /// its version may know.
    /// </summary>
    internal static async Task<List<ReleaseKey>> FindAsync(
        NpgsqlDataSource database, string warehouseId, bool first, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(FindSql);
        foreach (var value in (object[])
            [warehouseId, first, EventFault.UnknownKind, EventFault.UnknownRelease, AtOnceMax])
            command.Parameters.Add(new() { Value = value });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var found = new List<ReleaseKey>();
        while (await row.ReadAsync(cancellation)) found.Add(new(row.GetString(0), row.GetGuid(1), row.GetInt32(2)));
        return found;
    }

    /// <summary>Null when the release is not parked, or skipped already.</summary>
    internal static async Task<Retried?> RunAsync(
        NpgsqlDataSource database, string warehouseId, ReleaseKey key, bool resuming, DateTimeOffset now,
        Action<Effects> applied, CancellationToken cancellation)
    {
        for (var events = 0; ; events++)
        {
            var step = await StepAsync(database, warehouseId, key, resuming, now, cancellation);
            if (step is null) return events > 0 ? new Retried(events, 0, null) : null;
            if (step.Effects is { } effects) applied(effects);
            else return new Retried(events, step.Left, step.Fault);
        }
    }

    // One event. Null: the release is not parked (any more).
    private static async Task<Step?> StepAsync(
        NpgsqlDataSource database, string warehouseId, ReleaseKey key, bool resuming, DateTimeOffset now,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        Step step;
        await using (var transaction = await connection.BeginTransactionAsync(cancellation))
        {
            var known = await ApplyEvents.LockAsync(connection, warehouseId, [key], [key], resuming, cancellation);
            if (!known.Parked.Remove(key, out var skipped) || skipped) return null;
            var (next, left) = await NextAsync(connection, warehouseId, key, cancellation);
            await using var batch = new NpgsqlBatch(connection, transaction);
            if (next is null)
            {
                Add(batch, EndSql, warehouseId, key);
                await batch.ExecuteNonQueryAsync(cancellation);
                await transaction.CommitAsync(cancellation);
                return new Step(new Effects(), 0, null);
            }

            step = await ApplyAsync(batch, next, left, known, warehouseId, key, now, cancellation);
            if (step.Effects is not null) await transaction.CommitAsync(cancellation);
        }

        if (step.Effects is not null) return step;
        await using var stay = new NpgsqlBatch(connection);
        var reason = Add(stay, StaySql, warehouseId, key);
        reason.Add(new() { Value = step.Fault!.Value.Code });
        reason.Add(new() { Value = step.Fault.Value.Reason });
        await stay.ExecuteNonQueryAsync(cancellation);
        return step;
    }

    private static async Task<Step> ApplyAsync(
        NpgsqlBatch batch, FeedEvent next, int left, Known known, string warehouseId, ReleaseKey key,
        DateTimeOffset now, CancellationToken cancellation)
    {
        var effects = Effects.Of([next], known);
        if (effects.Parked.TryGetValue(key, out var fault)) return new Step(null, left, fault);
        WriteEffects.AddTo(batch, effects, $"feed:{warehouseId}:{next.Xid}-{next.Id}", now, known.Resuming);
        var take = Add(batch, TakeSql, warehouseId, key);
        take.Add(new() { Value = (long)next.Xid });
        take.Add(new() { Value = next.Id });
        try
        {
            await batch.ExecuteNonQueryAsync(cancellation);
            WriteEffects.CheckCounts(batch, effects);
            return new Step(effects, left - 1, null);
        }
        catch (Exception refused) when (EventsRefusedException.Explains(refused, out var reason))
        {
            return new Step(null, left, new EventFault(EventFault.Refused, reason));
        }
    }

    private static async Task<(FeedEvent? Next, int Left)> NextAsync(
        NpgsqlConnection connection, string warehouseId, ReleaseKey key, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        Add(batch, NextSql, warehouseId, key);
        await using var row = await batch.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation)
            ? (JsonSerializer.Deserialize(row.GetString(0), ContractsJson.Default.FeedEvent), row.GetInt32(1))
            : (null, 0);
    }

    internal static NpgsqlParameterCollection Add(
        NpgsqlBatch batch, string sql, string warehouseId, ReleaseKey key)
    {
        var command = new NpgsqlBatchCommand(sql)
        {
            Parameters =
            {
                new() { Value = warehouseId }, new() { Value = key.ClientId }, new() { Value = key.OrderId },
                new() { Value = key.ReleaseNo },
            },
        };
        batch.BatchCommands.Add(command);
        return command.Parameters;
    }

    // Effects: it is applied. None: it stays, for this fault.
    private sealed record Step(Effects? Effects, int Left, EventFault? Fault);
}
