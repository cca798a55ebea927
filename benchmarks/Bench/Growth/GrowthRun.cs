using Fulfillment.Bench.Intake;
using Fulfillment.Contracts;
using Fulfillment.Hosting;
using Fulfillment.Surge.Invariants;
using Npgsql;
using StackExchange.Redis;

namespace Fulfillment.Bench.Growth;

/// <summary>What was measured on top of one history.</summary>
internal sealed record GrowthFigures(
    IReadOnlyList<BenchRow> Rows, IReadOnlyDictionary<string, long> Sizes, IReadOnlyList<string> Faults,
    IReadOnlyDictionary<string, string> Dearest);

/// <summary>The load: so many orders, dispatches, looks and pages, on top of so long a history.</summary>
internal sealed record GrowthLoad
{
    public required int Orders { get; init; }

    /// <summary>Finished orders that still stand in the tables of work, as those of the last days do.</summary>
    public required int Recent { get; init; }

    /// <summary>Of each kind: GET /orders/{id} and GET /orders.</summary>
    public required int Looks { get; init; }

    /// <summary>False: the history stands in the tables of work, as it would without the archiver.</summary>
    public required bool Archived { get; init; }
}

/// <summary>
/// One history, one load, step by step: the steps do not run at once, so that each statement is one step's.
/// </summary>
internal sealed class GrowthRun(
    TestBed bed, Shop shop, string orders, GrowthLoad load, TimeProvider clock, CancellationToken cancellation)
{
    internal const string Accept = "accept", Dispatch = "dispatch", Track = "track", List = "list";
    internal const string TrackPast = "track past", ListPast = "list past";
    internal const int PageSize = 20;

    private const int WarmUps = 200;
    private static readonly TimeSpan DispatchMax = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(1);

    // All of the load has room on the stream: the relay's work is counted, not its waiting. What it does beside, by the
    // clock and on open work only, would be counted for whatever step runs meanwhile.
    private Dictionary<string, string> Settings => new()
    {
        ["Dispatch__StreamLength"] = "100000",
        ["Dispatch__IdleDelay"] = "01:00:00",
        ["Dispatch__SweepInterval"] = "01:00:00",
        ["Dispatch__BacklogInterval"] = "01:00:00",
        ["Backorders__SweepInterval"] = "01:00:00",
        ["Archive__Interval"] = "01:00:00",
        ["Archive__AfterDays"] = load.Archived ? "7" : "3650",
    };

    private readonly List<BenchRow> _rows = [];
    private readonly Dictionary<string, string> _dearest = [];
    private string _database = "";
    private string _case = "";
    private StatementCosts _costs = null!;

    internal async Task<GrowthFigures> RunAsync(int past)
    {
        (_database, _case) = ($"growth_{past}", $"{past}");
        _costs = new StatementCosts(bed, _database);
        await FillAsync(past);
        await using var source = NpgsqlDataSource.Create(bed.Database(_database));
        await using var shut = await source.OpenConnectionAsync(cancellation);
        // No leader is known whom a relay could miss: it waits for the lock.
        await ExecuteAsync(shut, "DELETE FROM leaderships");
        await ExecuteAsync(shut, $"SELECT pg_advisory_lock(hashtextextended('dispatch:{Shop.Warehouse}', 0))");
        await ForgetStreamAsync();
        var child = await bed.StartOrdersAsync(orders, _database, Settings, cancellation);
        using var requests = new RequestRounds(new Uri(child.Url!), shop.Keys, clock);
        await WarmUpAsync(requests, past);

        IReadOnlyList<(int Client, Guid Order)> placed = [];
        await MeasureAsync(Accept, async () =>
        {
            (var figures, placed) = await requests.PlaceAsync(load.Orders, "new-", cancellation);
            return figures;
        });
        await MeasureAsync(Dispatch, async () =>
        {
            await ExecuteAsync(shut, "SELECT pg_advisory_unlock_all()");
            return await DispatchAsync(load.Orders + WarmUps);
        });
        var sample = await PastOrders.SampleAsync(bed, _database, past, load.Looks, load.Archived, cancellation);
        await MeasureAsync(Track, () => requests.GetAsync(Looks(placed, "/orders/{0}"), cancellation));
        await MeasureAsync(TrackPast, () => requests.GetAsync(Looks(sample, "/orders/{0}"), cancellation));
        foreach (var (name, after) in ((string, IReadOnlyList<(int, Guid)>)[])[(List, placed), (ListPast, sample)])
        {
            // The earlier half has a full page after it.
            await MeasureAsync(name, () => requests.GetAsync(
                Looks([.. after.Take(after.Count / 2)], $"/orders?limit={PageSize}&after={{0}}"), cancellation));
        }


        await TestBed.StopAsync(child);
        var sizes = await SizesAsync(source);
        return new GrowthFigures(_rows, sizes, await FaultsAsync(source, past), _dearest);
    }

    internal Task DropAsync()
    {
        NpgsqlConnection.ClearAllPools();
        return bed.ExecuteAsync("postgres", $"DROP DATABASE {_database}", cancellation);
    }

    private async Task FillAsync(int past)
    {
        await shop.CopyToAsync(_database, cancellation);
        if (load.Archived) await PastOrders.FillArchiveAsync(bed, _database, past, cancellation);
        else await PastOrders.FillWorkingAsync(bed, _database, past, PastOrders.PastPrefix, cancellation);
        await PastOrders.FillWorkingAsync(bed, _database, load.Recent, PastOrders.RecentPrefix, cancellation);
        await bed.ExecuteAsync(_database, "VACUUM ANALYZE", cancellation);
        await bed.ExecuteAsync(_database, "CHECKPOINT", cancellation);
    }

    private async Task WarmUpAsync(RequestRounds requests, int past)
    {
        var (_, placed) = await requests.PlaceAsync(WarmUps, "warm-", cancellation);
        var sample = await PastOrders.SampleAsync(
            bed, _database, past, Math.Min(past, WarmUps), load.Archived, cancellation);
        foreach (var orders in (IReadOnlyList<(int, Guid)>[])[placed, sample])
        {
            var half = orders.Take(orders.Count / 2);
            await requests.GetAsync([.. Paths(orders, "/orders/{0}")], cancellation);
            await requests.GetAsync([.. Paths(half, "/orders?limit=1&after={0}")], cancellation);
        }
    }

    private async Task MeasureAsync(string name, Func<Task<RoundFigures>> step)
    {
        await _costs.ResetAsync(cancellation);
        var figures = await step();
        await Task.Delay(Settle, clock, cancellation);
        var (buffers, rows) = await _costs.ReadAsync(cancellation);
        _dearest[name] = await _costs.DearestAsync(figures.Requests, cancellation);
        _rows.Add(new BenchRow(
            name, _case, figures.Requests / Math.Max(0.001, figures.Seconds), figures.P50Ms, figures.P99Ms,
            figures.CpuSeconds * 1000 / figures.Requests, Math.Round(buffers / figures.Requests, 2),
            Math.Round(rows / figures.Requests, 2)));
    }

    // A rate and no latency: they all waited for the relay to be let go.
    private async Task<RoundFigures> DispatchAsync(int releases)
    {
        var (begun, cpu) = (clock.GetTimestamp(), CpuMeter.Read());
        await using var redis = await ConnectionMultiplexer.ConnectAsync(bed.Redis).WaitAsync(cancellation);
        while (await redis.GetDatabase().StreamLengthAsync(StreamNames.Orders(Shop.Warehouse)) < releases)
        {
            if (clock.GetElapsedTime(begun) > DispatchMax)
                throw new HostingException($"the relay has not published {releases} releases in {DispatchMax}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), clock, cancellation);
        }

        return new RoundFigures(
            releases, clock.GetElapsedTime(begun).TotalSeconds, 0, 0, CpuMeter.Read().Since(cpu).Own);
    }

    // The history before this one has left its releases there.
    private async Task ForgetStreamAsync()
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync(bed.Redis).WaitAsync(cancellation);
        await redis.GetDatabase().KeyDeleteAsync(
            [StreamNames.Orders(Shop.Warehouse), StreamNames.Epoch(Shop.Warehouse)]);
    }

    private List<(int Client, string Path)> Looks(IReadOnlyList<(int, Guid)> orders, string path) =>
        [.. Enumerable.Range(0, load.Looks).SelectMany(i => Paths([orders[i % orders.Count]], path))];

    private static IEnumerable<(int Client, string Path)> Paths(IEnumerable<(int, Guid)> orders, string path) =>
        orders.Select(order => (order.Item1, path.Replace("{0}", $"{order.Item2}", StringComparison.Ordinal)));

    private async Task<Dictionary<string, long>> SizesAsync(NpgsqlDataSource source)
    {
        await using var command = source.CreateCommand("""
            SELECT relname::text, pg_relation_size(oid) FROM pg_class
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')
              AND relname ~ '^(past_orders|orders|order_lines|releases|allocations)'
            ORDER BY relname
            """);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var sizes = new Dictionary<string, long>();
        while (await row.ReadAsync(cancellation)) sizes[$"{_case}/{row.GetString(0)}"] = row.GetInt64(1);
        return sizes;
    }

    private async Task<List<string>> FaultsAsync(NpgsqlDataSource source, int past)
    {
        var faults = await OrdersInvariants.FaultsWithoutPlanningAsync(source, cancellation);

        foreach (var (prefix, expected) in ((string, long)[])
            [("new-", load.Orders), (PastOrders.RecentPrefix, load.Recent), (PastOrders.PastPrefix, past)])
        {
            var found = await bed.ReadAsync<long>(_database, $"""
                SELECT (SELECT count(*) FROM orders WHERE client_order_id LIKE '{prefix}%')
                    + (SELECT count(*) FROM past_orders WHERE client_order_id LIKE '{prefix}%')
                """, cancellation);
            if (found != expected) faults.Add($"{expected} orders {prefix}* are known, {found} are stored");
        }

        return faults;
    }

    private async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
