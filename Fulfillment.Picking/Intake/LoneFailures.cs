using Fulfillment.Picking.Database;
using Fulfillment.Picking.DeadLetters;
using Npgsql;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// Counts how often a release failed while it was planned alone. It is counted before the attempt and taken back after
/// one that was not its fault, so that a release that kills the whole process counts too.
/// </summary>
internal sealed class LoneFailures(NpgsqlDataSource database, PickingSettings settings, TimeProvider clock)
{
    internal const int FailuresMax = 5;

    private const string BeginSql = """
        INSERT INTO lone_failures AS f (warehouse_id, order_id, release_no, failures, last_reason)
        VALUES ($1, $2, $3, 1, 'the process ended') ON CONFLICT (warehouse_id, order_id, release_no)
        DO UPDATE SET failures = f.failures + 1 RETURNING failures, last_reason
        """;

    private const string ReasonSql = """
        UPDATE lone_failures SET last_reason = $4 WHERE warehouse_id = $1 AND order_id = $2 AND release_no = $3
        """;

    private const string TakeBackSql = """
        WITH gone AS (
            DELETE FROM lone_failures
            WHERE warehouse_id = $1 AND order_id = $2 AND release_no = $3 AND failures <= $4)
        UPDATE lone_failures SET failures = failures - $4
        WHERE warehouse_id = $1 AND order_id = $2 AND release_no = $3 AND failures > $4
        """;

    private const string ForgetSql =
        "DELETE FROM lone_failures WHERE warehouse_id = $1 AND order_id = $2 AND release_no = $3";

    /// <summary>The number of this attempt, and why the one before failed.</summary>
    internal async Task<(int Attempt, string LastReason)> BeginAsync(ReleaseId key, CancellationToken cancellation)
    {
        await using var command = Command(BeginSql, key);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return (row.GetInt32(0), row.GetString(1));
    }

    internal async Task NoteAsync(ReleaseId key, string reason, CancellationToken cancellation)
    {
        await using var command = Command(ReasonSql, key);
        command.Parameters.Add(Typed.Text(reason));
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>As many attempts as were not its fault; a row that says nothing any more is gone.</summary>
    internal async Task TakeBackAsync(ReleaseId key, int attempts, CancellationToken cancellation)
    {
        if (attempts == 0) return;
        await using var command = Command(TakeBackSql, key);
        command.Parameters.Add(Typed.Integer(attempts));
        await command.ExecuteNonQueryAsync(cancellation);
    }

    internal async Task ForgetAsync(ReleaseId key, CancellationToken cancellation)
    {
        await using var command = Command(ForgetSql, key);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Ends the attempts: the release goes to the dead letters with a Failed event.</summary>
    internal async Task BuryAsync(PooledRelease release, string reason, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var letter = Letter.Of(new UnplannableRelease(release, $"failed_alone: {FailuresMax} times, last: {reason}"));
        await Burial.BuryAsync(connection, transaction, settings.WarehouseId, clock.GetUtcNow(), [letter],
            cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private NpgsqlCommand Command(string sql, ReleaseId key)
    {
        var command = database.CreateCommand(sql);
        command.Parameters.Add(Typed.Text(settings.WarehouseId));
        command.Parameters.Add(Typed.Uuid(key.OrderId));
        command.Parameters.Add(Typed.Integer(key.ReleaseNo));
        return command;
    }
}
