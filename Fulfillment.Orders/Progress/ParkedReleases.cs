using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Npgsql;
using NpgsqlTypes;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// Releases of which an event did not fit, and the events that queue behind it. They wait for a person: a retry applies
/// them in their order, a skip says what becomes of the units.
/// </summary>
internal static class ParkedReleases
{
    /// <summary>How the reason begins with which a feed was stopped because too many releases did not fit.</summary>
    internal const string Storm = "too many releases at once do not fit";

    private const string ParkSql = """
        INSERT INTO parked_releases (client_id, order_id, release_no, code, reason, warehouse_id, parked_at)
        SELECT k.*, $6, $7 FROM unnest($1, $2, $3, $4, $5) AS k ON CONFLICT DO NOTHING
        """;

    private const string QueueSql = """
        INSERT INTO parked_events (client_id, order_id, release_no, xid, id, event, warehouse_id)
        SELECT k.*, $7 FROM unnest($1, $2, $3, $4, $5, $6) AS k ON CONFLICT DO NOTHING
        """;

    // Its own rows included. The reader alone parks, so nobody else counts at the same time.
    private const string ParkedLatelySql = """
        SELECT count(*), max(reason) FROM parked_releases
        WHERE warehouse_id = $1 AND parked_at > $2 - interval '1 minute'
        """;

    /// <summary>Adds the rows of what the run parks and of what queues behind.</summary>
    internal static void AddTo(NpgsqlBatch batch, Effects effects, Run run)
    {
        var parked = effects.Parked.ToList();
        var park = new NpgsqlBatchCommand(ParkSql);
        park.Parameters.AddKeys(parked.ConvertAll(release => release.Key));
        park.Parameters.AddArray(NpgsqlDbType.Text, parked, release => release.Value.Code);
        park.Parameters.AddArray(NpgsqlDbType.Text, parked, release => release.Value.Reason);
        park.Parameters.Add(new() { Value = run.WarehouseId });
        park.Parameters.AddTime(run.Now);
        batch.BatchCommands.Add(park);

        var queue = new NpgsqlBatchCommand(QueueSql);
        queue.Parameters.AddKeys(effects.Queued.ConvertAll(Effects.KeyOf));
        queue.Parameters.AddArray(NpgsqlDbType.Bigint, effects.Queued, happened => (long)happened.Xid);
        queue.Parameters.AddArray(NpgsqlDbType.Bigint, effects.Queued, happened => happened.Id);
        queue.Parameters.AddArray(NpgsqlDbType.Text, effects.Queued, happened =>
            JsonSerializer.Serialize(happened, ContractsJson.Default.FeedEvent));
        queue.Parameters.Add(new() { Value = run.WarehouseId });
        batch.BatchCommands.Add(queue);
    }

    /// <exception cref="FeedStoppedException">
    /// Within a minute more releases than may be: it is not they who are at fault, but one of the two versions that
    /// talk with each other.
    /// </exception>
    internal static async Task CheckStormAsync(NpgsqlConnection connection, Run run, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(ParkedLatelySql, connection)
        {
            Parameters = { new() { Value = run.WarehouseId } },
        };
        command.Parameters.AddTime(run.Now);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        if (row.GetInt64(0) <= run.ParkMax) return;
        throw new FeedStoppedException(
            $"{Storm} ({row.GetInt64(0)} within a minute, at most {run.ParkMax}), the last: {row.GetString(1)}");
    }
}
