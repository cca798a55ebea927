using Fulfillment.Surge.Load;
using Fulfillment.Surge.Report;
using HdrHistogram;
using Npgsql;

namespace Fulfillment.Surge.Live;

/// <summary>What the databases say client by client, and how the others fared beside one that surged alone.</summary>
/// <param name="Rows">By client.</param>
/// <param name="Confirmations">By the interval of the intended send.</param>
/// <param name="OthersNormalP99">Milliseconds; of all but the surging client, sent before the surge.</param>
/// <param name="OthersSurgeP99">The same, sent within the surge.</param>
/// <param name="AheadMost">
/// The most releases of the surging client that went onto the stream while another client's release waited for it.
/// </param>
/// <param name="Pools">When each plan of the measured time was made, seconds of the run, and its releases.</param>
/// <param name="PlanningSeconds">Planner's own time of all plans while measured.</param>
internal sealed record ClientOutcome(
    IReadOnlyList<ClientRow> Rows, IReadOnlyList<ConfirmationAt> Confirmations, double? OthersNormalP99,
    double? OthersSurgeP99, int AheadMost, IReadOnlyList<(double At, int Orders)> Pools, double PlanningSeconds)
{
    /// <summary>Releases of a plan on average.</summary>
    internal double PoolMean => Pools.Count == 0 ? 0 : Pools.Average(pool => pool.Orders);

    /// <summary>Releases that were planned while measured.</summary>
    internal long PlannedInTime => Pools.Sum(pool => (long)pool.Orders);
}

/// <inheritdoc cref="ClientOutcome"/>
internal sealed class ClientFigures(
    NpgsqlDataSource ordersDb, NpgsqlDataSource pickingDb, Acknowledgements acknowledged, DateTimeOffset begunAt)
{
    private const int Intervals = 100;

    private const string ReleasesSql = """
        SELECT client_id, order_id, line_count, created_at, dispatched_at, planned_at, state = 'Picked' FROM releases
        """;

    private const string MetresSql = """
        SELECT client_id, sum(distance_mm::float8 / lines) / 1000 FROM (
            SELECT client_id, distance_mm, count(*) OVER (PARTITION BY tour_id) AS lines
            FROM tours JOIN tasks USING (warehouse_id, tour_id)) AS walked
        GROUP BY client_id
        """;

    private const string PlansSql = """
        SELECT planned_at, releases, planning_us::float8 / 1000000 FROM plans WHERE planned_at <= $1
        """;

    private sealed record Release(
        string Client, Guid OrderId, int Lines, DateTimeOffset CreatedAt, DateTimeOffset? DispatchedAt,
        DateTimeOffset? PlannedAt, bool Picked);

    internal async Task<ClientOutcome> ReadAsync(RunPhases phases, string? star, CancellationToken cancellation)
    {
        var intended = acknowledged.Orders.ToDictionary(order => order.OrderId, order => order.IntendedAt);
        var releases = await ReleasesAsync(cancellation);
        var metres = await MetresAsync(cancellation);
        var waits = releases.Where(release => release.PlannedAt is not null && intended.ContainsKey(release.OrderId))
            .Select(release => (release.Client, At: (intended[release.OrderId] - begunAt).TotalSeconds,
                Ms: Math.Max(0, (release.PlannedAt!.Value - intended[release.OrderId]).TotalMilliseconds))).ToList();
        var rows = releases.GroupBy(release => release.Client).OrderBy(own => own.Key, StringComparer.Ordinal)
            .Select(own => RowOf(own.Key, [.. own], Of(waits.Where(wait => wait.Client == own.Key)), metres));
        var others = waits.Where(wait => wait.Client != star).ToList();
        var (pools, seconds) = await PlansAsync(begunAt.AddSeconds(phases.Total), cancellation);
        return new(
            [.. rows], Curve(waits, phases.Total),
            P99(others.Where(wait => wait.At < phases.Normal)),
            P99(others.Where(wait => wait.At >= phases.Normal && wait.At < phases.SurgeEnd)),
            star is null ? 0 : AheadMost(releases, star), pools, seconds);
    }

    private static ClientRow RowOf(
        string client, List<Release> releases, LongHistogram waits, Dictionary<string, double> metres) => new(
        client, releases.Select(release => release.OrderId).Distinct().Count(), releases.Sum(release => release.Lines),
        waits.GetValueAtPercentile(50), waits.GetValueAtPercentile(99), metres.GetValueOrDefault(client),
        releases.Count(release => release.Picked));

    private static List<ConfirmationAt> Curve(List<(string Client, double At, double Ms)> waits, double total)
    {
        var interval = total / Intervals;
        return [.. waits.GroupBy(wait => (int)(wait.At / interval)).OrderBy(slot => slot.Key)
            .Select(slot => (slot.Key, Waits: Of(slot)))
            .Select(slot => new ConfirmationAt(
                (slot.Key + 1) * interval, slot.Waits.GetValueAtPercentile(50), slot.Waits.GetValueAtPercentile(99)))];
    }

    // Releases of the star in the order of their dispatch; for each of the others, those between its two moments.
    private static int AheadMost(List<Release> releases, string star)
    {
        var stars = releases.Where(release => release.Client == star && release.DispatchedAt is not null)
            .Select(release => release.DispatchedAt!.Value).Order().ToList();
        return releases.Where(release => release.Client != star && release.DispatchedAt is not null)
            .Select(release => Below(stars, release.DispatchedAt!.Value) - Below(stars, release.CreatedAt))
            .DefaultIfEmpty(0).Max();
    }

    private static int Below(List<DateTimeOffset> sorted, DateTimeOffset at)
    {
        var found = sorted.BinarySearch(at);
        return found >= 0 ? found : ~found;
    }

    private static double? P99(IEnumerable<(string Client, double At, double Ms)> waits)
    {
        var histogram = Of(waits);
        return histogram.TotalCount == 0 ? null : histogram.GetValueAtPercentile(99);
    }

    private static LongHistogram Of(IEnumerable<(string Client, double At, double Ms)> waits)
    {
        var histogram = new LongHistogram(1, 24 * 3_600_000L, 3);
        foreach (var wait in waits) histogram.RecordValue((long)wait.Ms);
        return histogram;
    }

    private async Task<List<Release>> ReleasesAsync(CancellationToken cancellation)
    {
        var releases = new List<Release>();
        await using var command = ordersDb.CreateCommand(ReleasesSql);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            releases.Add(new(
                row.GetString(0), row.GetGuid(1), row.GetInt32(2), row.GetFieldValue<DateTimeOffset>(3),
                row.IsDBNull(4) ? null : row.GetFieldValue<DateTimeOffset>(4),
                row.IsDBNull(5) ? null : row.GetFieldValue<DateTimeOffset>(5), row.GetBoolean(6)));
        return releases;
    }

    private async Task<Dictionary<string, double>> MetresAsync(CancellationToken cancellation)
    {
        var metres = new Dictionary<string, double>(StringComparer.Ordinal);
        await using var command = pickingDb.CreateCommand(MetresSql);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation)) metres[row.GetString(0)] = row.GetDouble(1);
        return metres;
    }

    private async Task<(List<(double At, int Orders)> Pools, double Seconds)> PlansAsync(
        DateTimeOffset until, CancellationToken cancellation)
    {
        var (pools, seconds) = (new List<(double, int)>(), 0.0);
        await using var command = pickingDb.CreateCommand(PlansSql);
        command.Parameters.AddWithValue(until);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            pools.Add(((row.GetFieldValue<DateTimeOffset>(0) - begunAt).TotalSeconds, row.GetInt32(1)));
            seconds += row.GetDouble(2);
        }

        return (pools, seconds);
    }
}
