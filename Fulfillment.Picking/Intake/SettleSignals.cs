using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Picking.Database;
using Fulfillment.Picking.Feed;
using Npgsql;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// Answers cancels and holds. The inbox row of a release is the referee between a signal and a plan: whoever writes it
/// first has won, and the other one finds it there.
/// </summary>
internal static class SettleSignals
{
    // The same signal again: no row, no second answer.
    private const string DedupeSql = """
        INSERT INTO signals (warehouse_id, order_id, release_no, signal_no, kind, answer, at)
        VALUES ($1, $2, $3, $4, $5, '', $6) ON CONFLICT DO NOTHING
        """;

    // Waits for a plan that is just committing the same release, and then finds its row.
    private const string TombstoneSql = """
        INSERT INTO inbox (warehouse_id, order_id, release_no, client_id, state, version, received_at)
        VALUES ($1, $2, $3, $4, $5, 1, $6) ON CONFLICT DO NOTHING
        """;

    private const string LateSql = """
        UPDATE inbox SET version = version + 1 WHERE warehouse_id = $1 AND order_id = $2 AND release_no = $3
        RETURNING state, version
        """;

    private const string AnswerSql = """
        WITH answered AS (
            UPDATE signals SET answer = $5
            WHERE warehouse_id = $1 AND order_id = $2 AND release_no = $3 AND signal_no = $4)
        INSERT INTO events (warehouse_id, client_id, order_id, release_no, version, kind, at, body)
        VALUES ($1, $6, $2, $3, $7, $5, $8, $9)
        """;

    /// <summary>One transaction for all of them, in id order, as everywhere where inbox rows are locked.</summary>
    /// <returns>The releases that somebody is writing of just now: nothing was answered for them.</returns>
    internal static async Task<HashSet<ReleaseId>> SettleAsync(
        NpgsqlDataSource database, string warehouseId, IReadOnlyList<Arrival.Signal> signals, DateTimeOffset now,
        CancellationToken cancellation)
    {
        var waiting = new HashSet<ReleaseId>();
        while (true)
        {
            Arrival.Signal[] open = [.. signals.Where(signal => !waiting.Contains(signal.Key))];
            if (open.Length == 0) return waiting;
            var refused = await SettleOnceAsync(database, warehouseId, open, now, cancellation);
            if (refused.Count == 0) return waiting;
            waiting.UnionWith(refused);
        }
    }

    private static async Task<HashSet<ReleaseId>> SettleOnceAsync(
        NpgsqlDataSource database, string warehouseId, Arrival.Signal[] signals, DateTimeOffset now,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var inOrder = signals.OrderBy(s => s.Key.OrderId.ToString(), StringComparer.Ordinal)
            .ThenBy(s => s.Key.ReleaseNo)
            .ThenBy(s => s.Message.SignalNo);
        ReleaseId[] keys = [.. inOrder.Select(signal => signal.Key)];
        var refused = await ReleaseTurns.TryTakeAsync(connection, transaction, warehouseId, keys, cancellation);
        if (refused.Count > 0) return refused;
        foreach (var signal in inOrder)
            await SettleOneAsync(connection, transaction, warehouseId, signal, now, cancellation);
        await transaction.CommitAsync(cancellation);
        return refused;
    }

    private static async Task SettleOneAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string warehouseId, Arrival.Signal signal,
        DateTimeOffset now, CancellationToken cancellation)
    {
        var message = signal.Message;
        var won = signal.Kind == MessageKinds.Cancel ? EventKinds.Cancelled : EventKinds.Held;
        var lost = signal.Kind == MessageKinds.Cancel ? EventKinds.CancelRefused : EventKinds.HoldRefused;

        await using var dedupe = new NpgsqlCommand(DedupeSql, connection, transaction)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Uuid(message.OrderId), Typed.Integer(message.ReleaseNo),
                Typed.Integer(message.SignalNo), Typed.Text(signal.Kind), Typed.Time(now),
            },
        };
        if (await dedupe.ExecuteNonQueryAsync(cancellation) == 0) return;

        await using var tombstone = new NpgsqlCommand(TombstoneSql, connection, transaction)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Uuid(message.OrderId), Typed.Integer(message.ReleaseNo),
                Typed.Text(message.ClientId), Typed.Text(won), Typed.Time(now),
            },
        };
        var (answer, version, reason) = await tombstone.ExecuteNonQueryAsync(cancellation) == 1
            ? (won, 1, null)
            : await AnswerLateAsync(connection, transaction, warehouseId, message, won, lost, cancellation);

        var body = new EventBody { SignalNo = message.SignalNo, Reason = reason };
        await using var write = new NpgsqlCommand(AnswerSql, connection, transaction)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Uuid(message.OrderId), Typed.Integer(message.ReleaseNo),
                Typed.Integer(message.SignalNo), Typed.Text(answer), Typed.Text(message.ClientId),
                Typed.Integer(version),
                Typed.Time(now), Typed.Text(JsonSerializer.Serialize(body, EventBodyJson.Default.EventBody)),
            },
        };
        await write.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>
    /// The release is known. On tours it goes on, and in the dead letters it stays; one that was given back is given
    /// back.
    /// </summary>
    private static async Task<(string Answer, int Version, string? Reason)> AnswerLateAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string warehouseId, SignalMessage message,
        string won,
        string lost, CancellationToken cancellation)
    {
        await using var late = new NpgsqlCommand(LateSql, connection, transaction)
        {
            Parameters = { Typed.Text(warehouseId), Typed.Uuid(message.OrderId), Typed.Integer(message.ReleaseNo) },
        };
        await using var row = await late.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        var (state, version) = (row.GetString(0), row.GetInt32(1));
        return state is "Cancelled" or "Held"
            ? (won, version, null)
            : (lost, version, $"too_late: the release is {state}");
    }
}
