using System.Data.Common;
using Npgsql;

namespace Fulfillment.Orders.Dispatch;

/// <summary>Counts what waits in Postgres, for the metrics; beside the relay, so as not to hold it up.</summary>
internal static partial class BacklogCount
{
    private const string CountSql = """
        SELECT count(*), min(created_at) FROM releases WHERE warehouse_id = $1 AND state = 'Waiting' AND NOT held
        """;

    // Counting reads the whole backlog; it may take this part of the time and no more, however long the backlog is.
    private const double TimeShareMax = 0.05;

    internal static async Task ObserveAsync(
        string warehouseId, NpgsqlDataSource database, DispatchMetrics metrics, DispatchOptions options,
        TimeProvider clock, ILogger log, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var started = clock.GetTimestamp();
            try
            {
                var (waiting, oldest) = await CountAsync(warehouseId, database, cancellation);
                var age = oldest is { } since ? (clock.GetUtcNow() - since).TotalSeconds : 0;
                metrics.Backlog(warehouseId, waiting, Math.Max(age, 0));
            }
            catch (DbException lost)
            {
                NotCounted(log, warehouseId, lost.Message);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }

            var pause = TimeSpan.FromTicks((long)(clock.GetElapsedTime(started).Ticks / TimeShareMax));
            await Task.Delay(pause > options.BacklogInterval ? pause : options.BacklogInterval, clock, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<(long Waiting, DateTimeOffset? Oldest)> CountAsync(
        string warehouseId, NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(CountSql);
        command.Parameters.Add(new NpgsqlParameter { Value = warehouseId });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetDateTime(1));
    }

    [LoggerMessage(1, LogLevel.Warning, "The backlog of warehouse {WarehouseId} could not be counted: {Problem}")]
    private static partial void NotCounted(ILogger log, string warehouseId, string problem);
}
