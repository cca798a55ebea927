using Fulfillment.Surge.Load;
using HdrHistogram;
using Npgsql;

namespace Fulfillment.Surge.Report;

/// <summary>
/// Reads from both databases what the report says about a run; latencies count from the intended send.
/// </summary>
internal sealed class RunFigures(NpgsqlDataSource ordersDb, NpgsqlDataSource pickingDb, Acknowledgements acknowledged)
{
    private const string PlannedSql = "SELECT order_id, max(at) FROM events WHERE kind = 'Planned' GROUP BY order_id";
    private const string ConfirmedSql =
        "SELECT order_id, max(planned_at) FROM releases WHERE planned_at IS NOT NULL GROUP BY order_id";
    private const string PickedSql = """
        SELECT order_id, max(picked_at) FROM releases AS release WHERE state <> 'Cancelled'
          AND NOT EXISTS (SELECT FROM backorders WHERE (backorders.client_id, backorders.order_id) =
              (release.client_id, release.order_id))
        GROUP BY order_id HAVING bool_and(state = 'Picked')
        """;
    private const string BackorderedSql = "SELECT count(DISTINCT (client_id, order_id)) FROM backorders";
    private const string CancelledSql = "SELECT count(*) FROM orders WHERE cancelled_at IS NOT NULL";
    private const string MillimetresSql = "SELECT coalesce(sum(distance_mm), 0)::bigint FROM tours";
    private const string LinesSql = "SELECT count(*) FROM tasks";

    private readonly Dictionary<Guid, DateTimeOffset> _intended =
        acknowledged.Orders.ToDictionary(order => order.OrderId, order => order.IntendedAt);

    internal async Task<(OrderCounts Orders, LatenciesOfRun Latencies, MetresWalked Metres)> ReadAsync(
        HistogramBase acceptMicros, CancellationToken cancellation)
    {
        var planned = await SinceIntendedAsync(pickingDb, PlannedSql, cancellation);
        var confirmed = await SinceIntendedAsync(ordersDb, ConfirmedSql, cancellation);
        var picked = await SinceIntendedAsync(ordersDb, PickedSql, cancellation);
        var counts = acknowledged.Counts(
            await CountAsync(ordersDb, BackorderedSql, cancellation), planned.TotalCount, picked.TotalCount,
            await CountAsync(ordersDb, CancelledSql, cancellation));
        var metres = await CountAsync(pickingDb, MillimetresSql, cancellation) / 1000.0;
        var lines = await CountAsync(pickingDb, LinesSql, cancellation);
        return (
            counts, new LatenciesOfRun(Of(acceptMicros), Of(planned), Of(confirmed), Of(picked)),
            new MetresWalked(metres, lines == 0 ? 0 : metres / lines));
    }

    private async Task<HistogramBase> SinceIntendedAsync(
        NpgsqlDataSource database, string sql, CancellationToken cancellation)
    {
        var micros = new LongHistogram(1, 24 * 3_600_000_000L, 3);
        await using var command = database.CreateCommand(sql);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            if (!_intended.TryGetValue(rows.GetGuid(0), out var intended)) continue;
            var since = (rows.GetFieldValue<DateTimeOffset>(1) - intended).TotalMicroseconds;
            micros.RecordValue(Math.Max(1, (long)since));
        }

        return micros;
    }

    private static async Task<long> CountAsync(NpgsqlDataSource database, string sql, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    internal static Percentiles? Of(HistogramBase micros) => micros.TotalCount == 0 ? null : new Percentiles(
        micros.GetValueAtPercentile(50) / 1000.0, micros.GetValueAtPercentile(95) / 1000.0,
        micros.GetValueAtPercentile(99) / 1000.0, micros.GetMaxValue() / 1000.0);
}
