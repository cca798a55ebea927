using System.Buffers;
using System.Buffers.Text;
using System.CommandLine;
using System.Globalization;
using System.Text;
using Fulfillment.Bench.Intake;
using Fulfillment.Surge;
using Fulfillment.Surge.Wire;

namespace Fulfillment.Bench;

/// <summary>
/// <c>bench availability</c>: many open connections that ask what can be promised, at a rate that does not wait for the
/// answers. Cached: the SKUs that a sale is about. Uncached: so many SKUs in turn that each is forgotten before it is
/// asked for again, so that each request costs a query by key; the answers are as long as the cached ones.
/// </summary>
internal static class AvailabilityBench
{
    private const int HotSkus = 20;
    private const int SkuDigits = 8;

    // At 50,000 requests a second it takes two seconds to come round, and an answer is kept for one.
    private const int ColdSkus = 100_000;
    private const int ColdSkuFirst = 10_000_000;
    private const string Path = "GET /availability?sku=S";
    private static readonly int SkuAt = Path.Length;

    private static readonly Option<int> Connections = new("--connections")
    {
        Description = "Open connections",
        DefaultValueFactory = _ => 10_000,
    };

    private static readonly Option<int> Rate = new("--rate")
    {
        Description = "Requests a second that are offered",
        DefaultValueFactory = _ => 5_000,
    };

    private static readonly Option<int> Seconds = new("--seconds")
    {
        Description = "Length of each run",
        DefaultValueFactory = _ => 20,
    };

    private static readonly Option<FileInfo?> Orders = new("--orders") { Description = "This executable of Orders" };
    private static readonly Option<FileInfo?> Json = new("--json")
    {
        Description = "Write rows and ratios to this file",
    };

    internal static Command Create()
    {
        Connections.Bounded(1, 30_000);
        Rate.Bounded(1, 1_000_000);
        Seconds.Bounded(1, 600);
        var command = new Command("availability", "10,000 open connections that ask for stock, cached and uncached")
        {
            Connections, Rate, Seconds, Orders, Json,
        };
        command.SetAction((parsed, cancellation) => ExitCodes.GuardAsync(() => RunAsync(
            parsed.GetValue(Connections), parsed.GetValue(Rate), TimeSpan.FromSeconds(parsed.GetValue(Seconds)),
            parsed.GetValue(Orders), parsed.GetValue(Json), TimeProvider.System, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(
        int connections, int rate, TimeSpan window, FileInfo? executable, FileInfo? json, TimeProvider clock,
        CancellationToken cancellation)
    {
        var orders = executable?.FullName ?? await Programs.PublishAsync("Fulfillment.Orders", cancellation);
        await using var bed = await TestBed.StartAsync(clock, cancellation);
        var shop = await Shop.BuildAsync(bed, orders, cancellation);
        await bed.ExecuteAsync(Shop.TemplateDatabase, $"""
            INSERT INTO skus (client_id, sku, name, created_at)
            SELECT '{Shop.Client(0)}', format('S%s', lpad(n::text, {SkuDigits}, '0')), 'Asked for', now()
            FROM (SELECT generate_series({Shop.SkuFirst}, {Shop.SkuFirst + HotSkus - 1})
                UNION ALL SELECT generate_series({ColdSkuFirst}, {ColdSkuFirst + ColdSkus - 1})) AS numbers (n);
            INSERT INTO stock (client_id, sku)
            SELECT client_id, sku FROM skus WHERE name = 'Asked for'
            """, cancellation);
        await bed.ExecuteAsync(Shop.TemplateDatabase, "VACUUM (ANALYZE) stock", cancellation);
        var service = await bed.StartOrdersAsync(
            orders, Shop.TemplateDatabase, new Dictionary<string, string>(), cancellation);
        var address = new Uri(service.Url!);
        var (warmUp, rows, failed) = (TimeSpan.FromSeconds(2), new List<BenchRow>(), 0L);
        // Peak first, open loop after: at the rate that is offered, both may keep up, and the peak tells them apart.
        foreach (var (name, cached, count, perSecond) in new (string, bool, int, double?)[]
        {
            ("cached", true, connections, rate), ("cached, peak", true, 256, null),
            ("uncached, peak", false, 256, null),
        })
        {
            var requests = Requests(shop.Keys[0], address.Authority);
            var turn = 0;
            using var load = new HttpLoad(address, count, (_, buffer) =>
            {
                requests.CopyTo(buffer);
                var number = cached ? Shop.SkuFirst + turn % HotSkus : ColdSkuFirst + turn % ColdSkus;
                turn++;
                Utf8Formatter.TryFormat(number, buffer[SkuAt..], out _, new StandardFormat('D', SkuDigits));
                return requests.Length;
            }, clock);
            var figures = await Task.Factory.StartNew(
                () => load.Run(warmUp, window, perSecond, cancellation), cancellation, TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
            failed += figures.Others(200);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: {count} connections, {figures.PerSecond:0}/s,"
                + $" p95 {figures.Ms(95):0.00} ms, p99 {figures.Ms(99):0.00} ms,"
                + $" {figures.Others(200)} errors, others"
                + $" {figures.Cpu.Others / (window.TotalSeconds * Environment.ProcessorCount):0.0%}"));
            rows.Add(new BenchRow(
                name, $"{count} conns", figures.PerSecond, figures.Ms(50), figures.Ms(99),
                figures.Cpu.Own * 1000 / Math.Max(1, figures.Measured)));
        }

        var ratios = new Dictionary<string, Ratio>
        {
            ["cachedOverUncached"] = Ratio.Of(rows[1].PerSecond, rows[2].PerSecond),
        };
        await new BenchResult("availability", BenchResult.ThisMachine(), window.TotalSeconds, rows, ratios)
            .TellAsync(json, cancellation);
        var faults = await shop.FaultsAsync(Shop.TemplateDatabase, "", acknowledged: 0, cancellation);
        foreach (var fault in faults) await Console.Error.WriteLineAsync($"BROKEN {fault}");
        return failed == 0 && faults.Count == 0 ? 0 : ExitCodes.Broken;
    }

    private static byte[] Requests(string key, string host) => Encoding.ASCII.GetBytes(
        $"{Path}{new string('#', SkuDigits)} HTTP/1.1\r\nHost: {host}\r\n{Keys.Header}: {key}\r\n\r\n");
}
