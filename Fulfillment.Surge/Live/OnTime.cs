using Fulfillment.Surge.Floor;
using Fulfillment.Surge.Labour;
using Npgsql;

namespace Fulfillment.Surge.Live;

/// <summary>
/// Which orders are picked in time, and what the hands cost. What was picked in the measured time counts as it was;
/// what was left is walked on paper by the hands the policy gives, since a run of minutes cannot wait for a day's end.
/// </summary>
internal sealed class OnTime(
    NpgsqlDataSource ordersDb, NpgsqlDataSource pickingDb, DateTimeOffset begunAt, double compression)
{
    private const string OpenToursSql = """
        SELECT tour_id, count(*), max(distance_mm), min(ship_by)
        FROM tours JOIN tasks USING (warehouse_id, tour_id)
        WHERE coalesce(done_at > $1, true) GROUP BY tour_id
        """;

    private const string OrdersOfToursSql = """
        SELECT DISTINCT tour_id, order_id FROM tours JOIN tasks USING (warehouse_id, tour_id)
        WHERE coalesce(done_at > $1, true)
        """;

    private const string OrdersSql = """
        SELECT order_id, max(ship_by), max(picked_at) FILTER (WHERE picked_at <= $1),
               bool_and(coalesce(picked_at <= $1, false))
        FROM releases WHERE state <> 'Cancelled' GROUP BY order_id
        """;

    /// <param name="Share">Of the accepted orders, 0..1; null where there were none.</param>
    /// <param name="PickerHours">Paid.</param>
    /// <param name="EndSeconds">Of the day: when the last order that came in was picked.</param>
    /// <param name="ProjectedTours">Tours that were walked on paper.</param>
    internal sealed record Outcome(double? Share, double PickerHours, double EndSeconds, int ProjectedTours);

    /// <param name="measuredEnd">Seconds of the run.</param>
    /// <param name="labour">As it stood when the measured time ended.</param>
    /// <param name="cancellation">Ends the reading.</param>
    internal async Task<Outcome> ReadAsync(double measuredEnd, FlexLabour labour, CancellationToken cancellation)
    {
        var cut = begunAt.AddSeconds(measuredEnd);
        var open = await OpenAsync(cut, cancellation);
        var from = measuredEnd * compression;
        labour.Look(from, open.Sum(tour => tour.WorkSeconds));
        var (doneAt, end) = FloorProjection.Walk(open, from, labour.Comings);
        var lastTour = await LastToursAsync(cut, doneAt, cancellation);
        var (inTime, orders) = (0L, 0L);
        await using var command = ordersDb.CreateCommand(OrdersSql);
        command.Parameters.AddWithValue(cut);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            orders++;
            var shipBy = Day(rows.GetFieldValue<DateTimeOffset>(1));
            var walked = lastTour.TryGetValue(rows.GetGuid(0), out var later) ? later : (double?)null;
            var picked = rows.GetBoolean(3) ? Day(rows.GetFieldValue<DateTimeOffset>(2)) : walked;
            if (picked <= shipBy) inTime++;
        }

        return new(orders == 0 ? null : (double)inTime / orders, labour.PaidSeconds(end) / 3_600, end, open.Count);
    }

    private double Day(DateTimeOffset at) => (at - begunAt).TotalSeconds * compression;

    private async Task<List<OpenTour>> OpenAsync(DateTimeOffset cut, CancellationToken cancellation)
    {
        var open = new List<OpenTour>();
        await using var command = pickingDb.CreateCommand(OpenToursSql);
        command.Parameters.AddWithValue(cut);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            var work = PickingTimes.DaySeconds(1, rows.GetInt64(1), rows.GetInt64(2));
            open.Add(new(rows.GetGuid(0), work, Day(rows.GetFieldValue<DateTimeOffset>(3))));
        }

        return open;
    }

    private async Task<Dictionary<Guid, double>> LastToursAsync(
        DateTimeOffset cut, Dictionary<Guid, double> doneAt, CancellationToken cancellation)
    {
        var last = new Dictionary<Guid, double>();
        await using var command = pickingDb.CreateCommand(OrdersOfToursSql);
        command.Parameters.AddWithValue(cut);
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
        {
            if (!doneAt.TryGetValue(rows.GetGuid(0), out var at)) continue;
            var order = rows.GetGuid(1);
            last[order] = Math.Max(last.GetValueOrDefault(order), at);
        }

        return last;
    }
}
