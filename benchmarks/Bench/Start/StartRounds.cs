using System.Globalization;
using Fulfillment.Bench.Intake;
using Fulfillment.Contracts;
using Fulfillment.Hosting;
using Fulfillment.Surge.Replicas;
using Fulfillment.Surge.Wire;
using Npgsql;
using NpgsqlTypes;
using StackExchange.Redis;

namespace Fulfillment.Bench.Start;

/// <summary>
/// A start is measured so: Orders takes an order and puts its release on the stream; Orders and the desk are then
/// stopped (SIGSTOP), so that the replica has its core for itself; the clock begins, the replica is started on one core
/// and no more, with a pool wait of 0; the clock ends when a poll of pickingdb, each millisecond, sees the commit.
/// </summary>
internal sealed class StartRounds
{
    private const string PlannedSql = """
        SELECT EXISTS (SELECT FROM inbox WHERE warehouse_id = $1 AND order_id = $2 AND state = 'Planned')
        """;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan PlannedMax = TimeSpan.FromSeconds(60);

    private readonly TestBed _bed;
    private readonly Shop _shop;
    private readonly PickingSide _picking;
    private readonly Child _orders;
    private readonly TimeProvider _clock;
    private readonly Dictionary<StartForm, Child> _replicas = [];

    private StartRounds(TestBed bed, Shop shop, PickingSide picking, Child orders, TimeProvider clock) =>
        (_bed, _shop, _picking, _orders, _clock) = (bed, shop, picking, orders, clock);

    /// <summary>Starts so far, each with an order of its own.</summary>
    internal int Count { get; private set; }

    internal static async Task<StartRounds> PrepareAsync(
        TestBed bed, string orders, IReadOnlyList<StartForm> forms, TimeProvider clock, CancellationToken cancellation)
    {
        var shop = await Shop.BuildAsync(bed, orders, cancellation);
        var picking = await PickingSide.OpenAsync(bed, forms[0].Executable, false, cancellation);
        var service = await bed.StartOrdersAsync(orders, Shop.TemplateDatabase, picking.ForOrders, cancellation);
        var starts = new StartRounds(bed, shop, picking, service, clock);
        var core = OperatingSystem.IsLinux() && Environment.ProcessorCount > 1
            ? Environment.ProcessorCount - 1
            : (int?)null;
        foreach (var form in forms)
            starts._replicas[form] = picking.Replica(form.Executable, core, ("Pool__WaitMilliseconds", "0"));
        return starts;
    }

    internal async Task<StartSeen> StartOnceAsync(StartForm form, CancellationToken cancellation)
    {
        var orderId = await DispatchOneAsync(cancellation);
        await using var connection = new NpgsqlConnection(_bed.Database(PickingSide.DatabaseName).ConnectionString);
        await connection.OpenAsync(cancellation);
        await using var planned = new NpgsqlCommand(PlannedSql, connection)
        {
            Parameters =
            {
                new() { Value = Shop.Warehouse, NpgsqlDbType = NpgsqlDbType.Text },
                new() { Value = orderId, NpgsqlDbType = NpgsqlDbType.Uuid },
            },
        };
        await planned.PrepareAsync(cancellation);
        Pause();
        try
        {
            return await MeasureAsync(_replicas[form], planned, cancellation);
        }
        finally
        {
            Resume();
        }
    }

    /// <summary>All orders are planned, both databases agree, and each start planned its own.</summary>
    internal async Task<List<string>> FaultsAsync(CancellationToken cancellation)
    {
        await _picking.UntilPlannedAsync(Shop.TemplateDatabase, _clock, cancellation);
        return
        [
            .. await _shop.FaultsAsync(Shop.TemplateDatabase, "start-", Count, cancellation),
            .. await _picking.FaultsAsync(Shop.TemplateDatabase, cancellation),
        ];
    }

    private async Task<StartSeen> MeasureAsync(Child replica, NpgsqlCommand planned, CancellationToken cancellation)
    {
        var host = CpuMeter.Read();
        var begun = _clock.GetTimestamp();
        await replica.StartAsync();
        while (await planned.ExecuteScalarAsync(cancellation) is not true)
        {
            if (!replica.Running)
                throw new HostingException($"{replica.Name} ended at its start:\n{await replica.LastLinesAsync(10)}");
            if (_clock.GetElapsedTime(begun) > PlannedMax)
                throw new HostingException($"{replica.Name} planned nothing in {PlannedMax.TotalSeconds} s");
            await Task.Delay(Poll, _clock, cancellation);
        }

        var elapsed = _clock.GetElapsedTime(begun);
        var pid = replica.Pid!.Value;
        var cpu = CpuClock.SecondsOf(pid) ?? 0;
        var (resident, peak) = MemoryOf(pid);
        var others = CpuMeter.Read().Since(host).Others / (elapsed.TotalSeconds * Environment.ProcessorCount);
        await Task.Delay(Later, _clock, cancellation);
        var (later, _) = MemoryOf(pid);
        await TestBed.StopAsync(replica);
        return new StartSeen(elapsed.TotalMilliseconds, cpu, resident, peak, later, others);
    }

    /// <summary>An order through the front door; returns when its release is on the stream.</summary>
    private async Task<Guid> DispatchOneAsync(CancellationToken cancellation)
    {
        using var api = new ServiceApi([_orders.Url!]);
        var lines = new[] { new OrderLine($"S{Shop.SkuFirst + Count}", 1), new OrderLine($"S{Shop.SkuLast}", 2) };
        var order = new PlaceOrder(
            $"start-{++Count}", lines, "Standard", "FillAll",
            new ShipTo("A. Shopper", "1 High Street", "10115", "Berlin", "DE"));
        using var answer = await api.SendOrThrowAsync(
            HttpMethod.Post, "/orders", _shop.Keys[0], order, cancellation);
        var placed = await ServiceApi.ReadAsync<OrderPlaced>(answer, cancellation);
        await using var redis = await ConnectionMultiplexer.ConnectAsync(_bed.Redis).WaitAsync(cancellation);
        var begun = _clock.GetTimestamp();
        while (await redis.GetDatabase().StreamLengthAsync(StreamNames.Orders(Shop.Warehouse)) != 1
            || await StoredEntryAsync(placed.OrderId, cancellation) == 0)
        {
            if (_clock.GetElapsedTime(begun) > PlannedMax)
                throw new HostingException("Orders put no release on the stream");
            await Task.Delay(TimeSpan.FromMilliseconds(10), _clock, cancellation);
        }

        return placed.OrderId;
    }

    private Task<long> StoredEntryAsync(Guid orderId, CancellationToken cancellation) => _bed.ReadAsync<long>(
        Shop.TemplateDatabase,
        $"SELECT count(*) FROM releases WHERE order_id = '{orderId}' AND stream_entry IS NOT NULL", cancellation);

    private void Pause()
    {
        _orders.Pause();
        _picking.Desk.Pause();
    }

    private void Resume()
    {
        _orders.Resume();
        _picking.Desk.Resume();
    }

    /// <summary>VmRSS and VmHWM of proc(5), in megabytes of a million bytes; zero elsewhere than on Linux.</summary>
    private static (double Resident, double Peak) MemoryOf(int pid)
    {
        if (!OperatingSystem.IsLinux()) return default;
        var lines = File.ReadAllLines($"/proc/{pid}/status");
        return (Of("VmRSS:"), Of("VmHWM:"));

        double Of(string name)
        {
            var line = lines.FirstOrDefault(some => some.StartsWith(name, StringComparison.Ordinal));
            var kib = line?.Split(' ', '\t', StringSplitOptions.RemoveEmptyEntries)[1];
            return kib is null ? 0 : double.Parse(kib, CultureInfo.InvariantCulture) * 1024 / 1e6;
        }
    }
}
