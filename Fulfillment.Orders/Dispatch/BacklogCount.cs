using System.Data.Common;
using Fulfillment.ServiceDefaults.Leadership;

namespace Fulfillment.Orders.Dispatch;

/// <summary>
/// Counts what waits in Postgres and since when, by warehouse, for the metrics. Beside the relays and led apart from
/// them: it tells of the very warehouse that nobody relays.
/// </summary>
internal static partial class BacklogCount
{
    internal const string LockName = "backlog";

    private const string CountSql = """
        SELECT w.warehouse_id, coalesce(b.waiting, 0), b.oldest FROM warehouses w
        LEFT JOIN (SELECT warehouse_id, count(*) AS waiting, min(created_at) AS oldest FROM releases
                   WHERE state = 'Waiting' AND NOT held GROUP BY warehouse_id) b USING (warehouse_id)
        """;

    // Counting reads the whole backlog; it may take this part of the time and no more, however long the backlog is.
    private const double TimeShareMax = 0.05;

    internal static async Task ObserveAsync(
        Leader leader, DispatchMetrics metrics, DispatchOptions options, TimeProvider clock, ILogger log,
        CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                var started = clock.GetTimestamp();
                await CountAsync(leader, metrics, clock, log, cancellation);
                var pause = TimeSpan.FromTicks((long)(clock.GetElapsedTime(started).Ticks / TimeShareMax));
                await leader.RestAsync(
                    pause > options.BacklogInterval ? pause : options.BacklogInterval, cancellation);
            }
        }
        finally
        {
            metrics.ForgetBacklogs();
        }
    }

    private static async Task CountAsync(
        Leader leader, DispatchMetrics metrics, TimeProvider clock, ILogger log, CancellationToken cancellation)
    {
        try
        {
            await using var command = leader.CreateCommand(CountSql);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
            {
                var age = reader.IsDBNull(2) ? TimeSpan.Zero : clock.GetUtcNow() - reader.GetDateTime(2);
                metrics.Backlog(reader.GetString(0), reader.GetInt64(1), Math.Max(age.TotalSeconds, 0));
            }
        }
        catch (DbException lost)
        {
            NotCounted(log, lost.Message);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The backlog could not be counted: {Problem}")]
    private static partial void NotCounted(ILogger log, string problem);
}
