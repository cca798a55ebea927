using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Autoscaling.Metrics;
using Fulfillment.Autoscaling.Rules;
using Fulfillment.Contracts;
using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Floor;
using Fulfillment.Surge.Invariants;
using Fulfillment.Surge.Labour;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Replicas;
using Fulfillment.Surge.Report;
using Fulfillment.Surge.Wire;
using Npgsql;
using StackExchange.Redis;

namespace Fulfillment.Surge.Live;

/// <summary>A report and the controller's decisions that led to it.</summary>
internal sealed record PhasedOutcome(SurgeReport Report, DecisionLog Decisions);

/// <summary>One run through normal, surge and after, from an empty system to its report.</summary>
internal sealed class PhasedRun : IAsyncDisposable
{
    private const double LooksPerPhase = 100;

    // When the measured time is over, what is left is picked as fast as the machine can, so that the invariants can
    // be checked over work that came to its end.
    private const double HurrySpeedup = 100_000;
    private const int HurryPickers = 40;

    // At real times a cart of 45 lines outlasts the lease of ten minutes; a scanner confirms as it goes.
    private const int ScansPerCall = 5;

    private readonly PhasedOptions _options;
    private readonly TimeProvider _clock;
    private readonly Action<string> _say;
    private readonly CpuShares _shares;
    private readonly EmbeddedSystem _system;
    private readonly PickingReplicas _replicas;
    private readonly NpgsqlDataSource _ordersDb;
    private readonly NpgsqlDataSource _pickingDb;
    private readonly ConnectionMultiplexer _redis;
    private readonly ServiceApi _orders;
    private readonly ServiceApi _floorDesk;
    private readonly Acknowledgements _acknowledged = new();
    private readonly DecisionLog _decisions = new();

    private PhasedRun(
        PhasedOptions options, EmbeddedSystem system, CpuShares shares, ConnectionMultiplexer redis, TimeProvider clock,
        Action<string> say)
    {
        (_options, _system, _shares, _redis, _clock, _say) = (options, system, shares, redis, clock, say);
        _replicas = new PickingReplicas(system, shares, options.Cores, clock);
        _ordersDb = NpgsqlDataSource.Create(system.OrdersDb);
        _pickingDb = NpgsqlDataSource.Create(system.PickingDb);
        _orders = new ServiceApi(system.Orders.Select(child => child.Url!));
        _floorDesk = new ServiceApi(system.Floor.Select(child => child.Url!));
    }

    /// <param name="options">What to run.</param>
    /// <param name="clock">Real time.</param>
    /// <param name="say">Told what is being done, and each look at the system.</param>
    /// <param name="show">Told each look while the load goes on.</param>
    /// <param name="cancellation">Ends it; nothing is left behind.</param>
    internal static async Task<PhasedOutcome> RunAsync(
        PhasedOptions options, TimeProvider clock, Action<string> say, Action<Look> show,
        CancellationToken cancellation)
    {
        var spec = options.FixedReplicas is null ? await LiveRule.ReadAsync(options, cancellation) : null;
        var embedded = CompressedTimes.Under(options.System, options.Compression) with
        {
            FloorDesk = true,
            PickingReplicas = options.FixedReplicas ?? Math.Max(1, spec!.MinReplicas),
        };
        // Disposed last: a cgroup can only go after the processes in it.
        using var shares = CpuShares.Open(clock);
        await using var system = await EmbeddedSystem.StartAsync(embedded, clock, say, cancellation);
        await using var redis = await ConnectionMultiplexer.ConnectAsync(system.Redis).WaitAsync(cancellation);
        await using var run = new PhasedRun(options, system, shares, redis, clock, say);
        return await run.MeasureAsync(spec, show, cancellation);
    }

    private async Task<PhasedOutcome> MeasureAsync(ScaleSpec? spec, Action<Look> show, CancellationToken cancellation)
    {
        var workload = PhasedProfile.Build(_options.Profile, _options.Phases, _options.Scale, _options.Seed);
        await FreshStart.RequireAsync(_ordersDb, cancellation);
        _say($"{workload.Orders.Count:N0} orders, {workload.Lines:N0} lines; receiving stock");
        var keys = await Stocking.StockAsync(
            new StockedSite(_system.Keys.Operator, _system.WarehouseId), _orders, _floorDesk, workload, shortPercent: 0,
            _options.Seed, cancellation);
        if (_options.Toggle is { } on) await Toggle.PutAsync(_floorDesk, _system.Keys.Operator, on, cancellation);

        var within = TimeSpan.FromHours(_options.ShipWithinHours / _options.Compression);
        var load = new OpenLoop(_orders, keys, _acknowledged, _clock) { ShipWithin = within };
        var floor = new SimulatedFloor(
            _floorDesk, _system.Keys.Floor, new PickingTimes(_options.Compression), _clock)
        { ScansPerCall = ScansPerCall };
        var crew = new Crew(floor, new FlexLabour(_options.Labour), _pickingDb, _options.Compression, _clock);
        var record = new RunRecord(
            _ordersDb, _redis, StreamNames.Orders(_system.WarehouseId), StreamNames.Group, _replicas,
            () => crew.Present, _clock);

        using var measured = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var shift = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var (begun, begunAt, host) = (_clock.GetTimestamp(), _clock.GetUtcNow(), CpuClock.OfHost());
        var cpuBefore = _replicas.CpuSeconds;
        Task[] watching =
        [
            record.WatchAsync(begun, Beat(), show, measured.Token),
            ScaleAsync(spec, begunAt, measured.Token),
            ReportCrawl.RunAsync(_orders, keys, workload.Crawler, _options.Phases, begun, _clock, measured.Token),
        ];
        using var walking = CancellationTokenSource.CreateLinkedTokenSource(shift.Token);
        var working = crew.RunAsync(begun, walking.Token);
        var sending = load.RunAsync(workload, _options.Seed, cancellation);
        await Task.Delay(TimeSpan.FromSeconds(_options.Phases.Total), _clock, cancellation);
        var busy = CpuClock.BusyShare(host, CpuClock.OfHost());
        var (end, cpu) = (_clock.GetElapsedTime(begun).TotalSeconds, _replicas.CpuSeconds - cpuBefore);
        await measured.CancelAsync();
        await Task.WhenAll(watching);
        await sending;

        _say("the measured time is over; bringing to rest what is left");
        var (startups, killed) = (_replicas.Startups, _replicas.KilledDraining);
        var quiet = await RestAsync(floor, cancellation);
        await walking.CancelAsync();
        await working;
        var findings = await PatientlyAsync(
            token => InvariantCheck.RunAsync(_ordersDb, _pickingDb, _acknowledged, token), cancellation);
        var onTime = await PatientlyAsync(
            token => new OnTime(_ordersDb, _pickingDb, begunAt, _options.Compression)
                .ReadAsync(end, crew.Labour, token), cancellation);
        var figures = await PatientlyAsync(
            token => new RunFigures(_ordersDb, _pickingDb, _acknowledged)
                .ReadAsync(load.AcceptMicros, token), cancellation);
        var clients = await PatientlyAsync(
            token => new ClientFigures(_ordersDb, _pickingDb, _acknowledged, begunAt)
                .ReadAsync(_options.Phases, workload.SurgingClient, token), cancellation);
        var facts = new LiveFacts(
            end, busy, cpu, startups, killed, quiet, onTime, figures, clients, findings, _shares.Means,
            LiveSettings.ProgramOf(_system.PickingProgram),
            Complaints.Of(_acknowledged, floor, _system.Children));
        return new(LiveReport.Of(_options, spec, workload, record.Looks, facts), _decisions);
    }

    private Task<T> PatientlyAsync<T>(Func<CancellationToken, Task<T>> read, CancellationToken cancellation) =>
        Patience.ReadAsync(read, _clock, cancellation);

    private async Task ScaleAsync(ScaleSpec? spec, DateTimeOffset begunAt, CancellationToken cancellation)
    {
        if (spec is null) return;
        var options = new AutoscalerOptions().Compress(_options.Compression);
        var calendar = LiveRule.CalendarOf(spec, _options, begunAt);
        var metrics = ScaleMetrics.From(spec, _redis, options, _clock, calendar);
        var autoscaler = new Autoscaler(spec, _replicas, metrics, options, _clock, _decisions);
        try
        {
            await autoscaler.RunAsync(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The measured time is over.
        }
    }

    /// <summary>True when everything came to its end.</summary>
    private async Task<bool> RestAsync(SimulatedFloor floor, CancellationToken cancellation)
    {
        _replicas.Unlimit();
        await _replicas.ScaleToAsync(Math.Clamp(_replicas.SpecCount, 1, 2), cancellation);
        floor.Hurry(new PickingTimes(HurrySpeedup));
        using var shift = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var helping = floor.RunAsync(1_000, HurryPickers, shift.Token);
        var quiet = await Quiescence.WaitAsync(_ordersDb, _clock, cancellation);
        await shift.CancelAsync();
        await helping;
        return quiet;
    }

    private TimeSpan Beat() => TimeSpan.FromSeconds(Math.Clamp(_options.Phases.Total / LooksPerPhase / 3, 0.2, 5));

    public async ValueTask DisposeAsync()
    {
        await _replicas.DisposeAsync();
        _orders.Dispose();
        _floorDesk.Dispose();
        await _ordersDb.DisposeAsync();
        await _pickingDb.DisposeAsync();
    }
}
