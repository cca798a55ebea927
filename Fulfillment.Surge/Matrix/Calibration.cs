using Fulfillment.Hosting;
using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Floor;
using Fulfillment.Surge.Live;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Replicas;
using Fulfillment.Surge.Wire;
using HdrHistogram;
using Npgsql;

namespace Fulfillment.Surge.Matrix;

/// <summary>
/// Measures once, by the baseline plan, what the machine bears and what a replica's share must be: first the load is
/// raised until the answers are late or the host is full; then one replica is held to a share and given more than it
/// can plan, by either plan; then 1x is walked, to see how long a tour is.
/// </summary>
internal sealed class Calibration : IAsyncDisposable
{
    private const double StepSeconds = 6;
    private const double SaturationSeconds = 15;
    private const double NormalSeconds = 12;
    private const int Pickers = 60;
    private const double FloorSpeedup = 1_000;
    private const int SharePasses = 2;

    private static readonly double[] Rates = [100, 160, 240, 320, 400, 500, 640, 800];

    private const string PlannedSql = "SELECT count(*) FROM inbox WHERE state <> 'Cancelled'";

    // From plan to plan: pools end in lumps, and a count between two moments would be off by one of them.
    private const string PlanRateSql = """
        SELECT (sum(releases) - (array_agg(releases ORDER BY planned_at))[1])::float8
               / nullif(extract(epoch FROM max(planned_at) - min(planned_at)), 0)::float8
        FROM plans WHERE planned_at >= $1
        """;

    private const string ToursSql = """
        SELECT count(*), coalesce(sum(lines), 0)::bigint, coalesce(sum(mm), 0)::bigint FROM (
            SELECT count(*) AS lines, max(distance_mm) AS mm
            FROM tours JOIN tasks USING (warehouse_id, tour_id) WHERE planned_at >= $1 GROUP BY tour_id) AS walked
        """;

    private readonly PhasedOptions _options;
    private readonly EmbeddedSystem _system;
    private readonly PickingReplicas _replicas;
    private readonly CpuShares _shares;
    private readonly NpgsqlDataSource _ordersDb;
    private readonly NpgsqlDataSource _pickingDb;
    private readonly ServiceApi _orders;
    private readonly ServiceApi _desk;
    private readonly TimeProvider _clock;
    private readonly Action<string> _say;
    private readonly Acknowledgements _acknowledged = new();

    private Calibration(
        PhasedOptions options, EmbeddedSystem system, CpuShares shares, TimeProvider clock, Action<string> say)
    {
        (_options, _system, _shares, _clock, _say) = (options, system, shares, clock, say);
        _replicas = new PickingReplicas(system, shares, null, clock);
        _ordersDb = NpgsqlDataSource.Create(system.OrdersDb);
        _pickingDb = NpgsqlDataSource.Create(system.PickingDb);
        _orders = new ServiceApi(system.Orders.Select(child => child.Url!));
        _desk = new ServiceApi(system.Floor.Select(child => child.Url!));
    }

    /// <exception cref="HostingException">The machine bears not even the least load, or no share.</exception>
    internal static async Task<Calibrated> RunAsync(
        PhasedOptions options, TimeProvider clock, Action<string> say, CancellationToken cancellation)
    {
        using var shares = CpuShares.Open(clock);
        if (!shares.Enforced) throw new HostingException(
            "a matrix needs a way to hold a replica to a share of a core", "run it on Linux");
        await using var system = await EmbeddedSystem.StartAsync(
            CompressedTimes.Under(options.System, options.Compression) with { FloorDesk = true }, clock, say,
            cancellation);
        await using var calibration = new Calibration(options, system, shares, clock, say);
        return await calibration.MeasureAsync(cancellation);
    }

    private async Task<Calibrated> MeasureAsync(CancellationToken cancellation)
    {
        await Toggle.PutAsync(_desk, _system.Keys.Operator, on: false, cancellation);
        var parts = Parts();
        var all = new Workload(HolidayProfile.Names, [.. parts.SelectMany(part => part.Orders)]);
        var keys = await Stocking.StockAsync(
            new StockedSite(_system.Keys.Operator, _system.WarehouseId), _orders, _desk, all, 0, _options.Seed,
            cancellation);
        using var shift = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var floor = new SimulatedFloor(_desk, _system.Keys.Floor, new PickingTimes(FloorSpeedup), _clock);
        var working = floor.RunAsync(Pickers, shift.Token);

        var (shared, cpuPerOrder) = await SharedAsync(parts, keys, cancellation);
        var normal = Calibrated.NormalOf(shared);
        var cores = Math.Min(Calibrated.ReplicaRateOf(normal) * cpuPerOrder, MatrixPlan.CoresOfReplicaMax);
        var rate = 0.0;
        for (var pass = 0; pass < SharePasses; pass++)
        {
            rate = await SaturatedAsync(parts[Rates.Length + pass], keys, cores, cancellation);
            _say(FormattableString.Invariant($"one replica of {cores:0.0000} cores plans {rate:0.0} orders/s"));
            if (pass + 1 < SharePasses)
                cores = Math.Min(cores * Calibrated.ReplicaRateOf(normal) / rate, MatrixPlan.CoresOfReplicaMax);
        }

        // Where eight replicas may not have the cores that 1x / 0.6 would take, the load gives way, not the share.
        normal = Math.Min(normal, rate * MatrixPlan.BusyAtNormal);
        await Toggle.PutAsync(_desk, _system.Keys.Operator, on: true, cancellation);
        var optimized = await SaturatedAsync(parts[Rates.Length + SharePasses], keys, cores, cancellation);
        _say(FormattableString.Invariant($"with the optimized plan {optimized:0.0} orders/s"));
        await Toggle.PutAsync(_desk, _system.Keys.Operator, on: false, cancellation);
        // With its share: a starved planner waits for larger pools, and those make longer tours.
        _shares.Limit(_system.Picking.Single().Name, cores);
        var pickers = await PickersAsync(parts[^1], normal, keys, cancellation);
        await shift.CancelAsync();
        await working;
        return new(shared, normal, cores, rate, optimized, pickers);
    }

    /// <summary>The highest rate of the ladder that was borne, and CPU seconds of planning an order at it.</summary>
    private async Task<(double Rate, double CpuPerOrder)> SharedAsync(
        List<Workload> parts, IReadOnlyDictionary<string, string> keys, CancellationToken cancellation)
    {
        var (borne, cost) = (0.0, 0.0);
        for (var step = 0; step < Rates.Length; step++)
        {
            var (host, cpu, planned) = (CpuClock.OfHost(), _replicas.CpuSeconds, await PlannedAsync(cancellation));
            var accept = await SendAsync(parts[step], keys, cancellation);
            var busy = CpuClock.BusyShare(host, CpuClock.OfHost()) ?? 0;
            await Quiescence.WaitAsync(_ordersDb, _clock, cancellation);
            var p99 = accept.GetValueAtPercentile(99) / 1_000.0;
            var fine = p99 <= LiveReport.AcceptP99MsMax && busy <= LiveReport.HostBusyMax;
            _say(FormattableString.Invariant(
                $"{Rates[step]:0} orders/s: host {busy:P0}, answers {p99:0} ms, {(fine ? "borne" : "too much")}"));
            if (!fine) break;
            (borne, cost) = (Rates[step],
                (_replicas.CpuSeconds - cpu) / Math.Max(1, await PlannedAsync(cancellation) - planned));
        }

        return borne > 0
            ? (borne, Math.Max(cost, 0.00005))
            : throw new HostingException(
                FormattableString.Invariant($"this machine does not bear {Rates[0]:0} orders/s beside its other work"),
                "stop the other programs, or give --rate, --replica-cores and --replica-rate");
    }

    /// <summary>Orders a second of one replica that never lacks work.</summary>
    private async Task<double> SaturatedAsync(
        Workload part, IReadOnlyDictionary<string, string> keys, double cores, CancellationToken cancellation)
    {
        var replica = _system.Picking.Single().Name;
        _shares.Limit(replica, cores);
        var sending = SendAsync(part, keys, cancellation);
        await Task.Delay(TimeSpan.FromSeconds(SaturationSeconds / 4), _clock, cancellation);
        var from = _clock.GetUtcNow();
        await Task.Delay(TimeSpan.FromSeconds(SaturationSeconds * 3 / 4), _clock, cancellation);
        var rate = await PlanRateAsync(from, cancellation);
        await sending;
        _shares.Limit(replica, null);
        await Quiescence.WaitAsync(_ordersDb, _clock, cancellation);
        return rate > 0 ? rate : throw new HostingException($"a replica of {cores:0.0000} cores planned nothing");
    }

    private async Task<double> PlanRateAsync(DateTimeOffset from, CancellationToken cancellation)
    {
        await using var command = _pickingDb.CreateCommand(PlanRateSql);
        command.Parameters.AddWithValue(from);
        return await command.ExecuteScalarAsync(cancellation) as double? ?? 0;
    }

    private async Task<int> PickersAsync(
        Workload part, double normalRate, IReadOnlyDictionary<string, string> keys, CancellationToken cancellation)
    {
        var from = _clock.GetUtcNow();
        var thinned = Math.Max(1, (int)Math.Round(part.Orders.Count / NormalSeconds / normalRate));
        var some = part with { Orders = [.. part.Orders.Where((_, index) => index % thinned == 0)] };
        await SendAsync(some, keys, cancellation);
        await Quiescence.WaitAsync(_ordersDb, _clock, cancellation);
        await using var command = _pickingDb.CreateCommand(ToursSql);
        command.Parameters.AddWithValue(from);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        var (tours, lines, mm) = (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2));
        var perOrder = PickingTimes.DaySeconds(tours, lines, mm) * 2 / Math.Max(1, lines);
        _say(FormattableString.Invariant(
            $"1x: {lines / (double)Math.Max(1, tours):0.0} lines a tour, ")
            + FormattableString.Invariant($"{mm / 1000.0 / Math.Max(1, lines):0.0} m a line"));
        return Math.Max(1, (int)Math.Ceiling(normalRate * perOrder / _options.Compression / 0.8));
    }

    private async Task<HistogramBase> SendAsync(
        Workload part, IReadOnlyDictionary<string, string> keys, CancellationToken cancellation)
    {
        var load = new OpenLoop(_orders, keys, _acknowledged, _clock);
        await load.RunAsync(part, _options.Seed, cancellation);
        return load.AcceptMicros;
    }

    // One stream of orders, cut: every id is used once. The ladder, then what saturates, then what 1x is thinned from.
    private List<Workload> Parts()
    {
        var loads = Rates.Select(rate => (Rate: rate, Seconds: StepSeconds))
            .Concat(Enumerable.Repeat((Rate: Rates[2], Seconds: SaturationSeconds), SharePasses + 1))
            .Append((Rate: Rates[0], Seconds: NormalSeconds));
        var parts = new List<Workload>();
        foreach (var (rate, seconds) in loads)
        {
            var phases = new RunPhases(seconds, 0, 0, rate, 0, 0);
            var part = PhasedProfile.Build("holiday", phases, 1, _options.Seed + parts.Count);
            var number = parts.Count;
            parts.Add(part with
            {
                Orders = [.. part.Orders.Select(order =>
                    order with { ClientOrderId = $"C{number}-{order.ClientOrderId}" })],
            });
        }

        return parts;
    }

    private async Task<long> PlannedAsync(CancellationToken cancellation)
    {
        await using var command = _pickingDb.CreateCommand(PlannedSql);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    public async ValueTask DisposeAsync()
    {
        await _replicas.DisposeAsync();
        _orders.Dispose();
        _desk.Dispose();
        await _ordersDb.DisposeAsync();
        await _pickingDb.DisposeAsync();
    }
}
