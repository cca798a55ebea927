using System.Globalization;
using System.Text.RegularExpressions;
using Fulfillment.Bench;
using Fulfillment.Bench.Intake;
using Fulfillment.Hosting;
using Xunit;
using BenchShop = Fulfillment.Bench.Intake.Shop;

namespace Fulfillment.Tests.Bench;

/// <summary>
/// What the collector is given per accepted order, as the service itself counts it: the metric of all bytes allocated,
/// which it logs once more at its end. A longer and a shorter life differ in their orders and in little else.
/// </summary>
public sealed partial class AllocatedBytes
{
    /// <summary>Measured and a fifth: see docs/PERFORMANCE.md.</summary>
    private const long BytesPerOrderMax = 9_000;

    // Less than this would mean that nothing was counted: the body alone is read into as much.
    private const long BytesPerOrderMin = 1_000;

    private const string Metric = "dotnet.gc.heap.total_allocated";
    private const int Connections = 64;

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_accepted_order_allocates_no_more_than_is_stated()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the load generator needs epoll");
        await using var bed = await TestBed.StartAsync(TimeProvider.System, Cancellation);
        var executable = BuildOutput.Executable("Fulfillment.Orders");
        var shop = await BenchShop.BuildAsync(bed, executable, Cancellation);

        var shorter = await LiveAsync(bed, shop, executable, "shorter-", TimeSpan.FromSeconds(1));
        var longer = await LiveAsync(bed, shop, executable, "longer-", TimeSpan.FromSeconds(5));

        var orders = longer.Orders - shorter.Orders;
        Assert.True(orders > 0, $"{longer.Orders} orders in five seconds, {shorter.Orders} in one");
        Assert.InRange((longer.Bytes - shorter.Bytes) / orders, BytesPerOrderMin, BytesPerOrderMax);
    }

    private static async Task<(long Bytes, long Orders)> LiveAsync(
        TestBed bed, BenchShop shop, string executable, string prefix, TimeSpan length)
    {
        var service = await bed.StartOrdersAsync(executable, BenchShop.TemplateDatabase, new Dictionary<string, string>
        {
            ["Azure__LoggedMetrics"] = Metric,
            ["Logging__LogLevel__Fulfillment.ServiceDefaults.Azure.MetricLogExporter"] = "Information",
        }, Cancellation);
        var address = new Uri(service.Url!);
        var requests = new OrderRequests(shop.Keys, address.Authority, OrderRequests.Uniform, prefix, seed: 1);
        LoadFigures figures;
        using (var load = new HttpLoad(address, Connections, requests.Write, TimeProvider.System))
        {
            figures = await Task.Factory.StartNew(
                () => load.Run(TimeSpan.Zero, length, null, Cancellation), Cancellation,
                TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        Assert.Equal(0, figures.Others(201));
        await TestBed.StopAsync(service);
        var told = AllocatedLine().Matches(await File.ReadAllTextAsync(service.LogPath, Cancellation));
        Assert.NotEmpty(told);
        return (long.Parse(told[^1].Groups[1].Value, CultureInfo.InvariantCulture), figures.Count(201));
    }

    [GeneratedRegex(@"metric dotnet\.gc\.heap\.total_allocated (\d+)")]
    private static partial Regex AllocatedLine();
}
