using Fulfillment.Surge.Load;
using Xunit;

namespace Fulfillment.Tests.Surge.Load;

public sealed class ProfileTests
{
    [Fact]
    public void The_replay_holds_every_real_order_and_splits_the_one_that_is_too_long()
    {
        var workload = ReplayProfile.Build(ReplayProfile.OrdersMax, ratePerSecond: 150, seed: 1);

        Assert.Equal(ReplayProfile.OrdersMax + 1, workload.Orders.Count);
        Assert.Equal(518_383, workload.Lines);
        Assert.Equal(3_808, workload.Demand().Select(sku => sku.Sku).Distinct().Count());
        Assert.InRange(workload.Clients.Count, 20, 40);
        Assert.All(workload.Orders, order => Assert.InRange(order.Lines.Count, 1, Workload.LinesPerOrderMax));
        Assert.Equal([1000, 106], Assert.Single(
            workload.Orders.Where(order => order.ClientOrderId.Contains('-', StringComparison.Ordinal))
                .GroupBy(order => order.ClientOrderId.Split('-')[0])).Select(order => order.Lines.Count));
        Assert.Equal(workload.Orders.Count, workload.Orders.Select(order => (order.ClientId, order.ClientOrderId)).Distinct().Count());
    }

    [Fact]
    public void Orders_arrive_in_order_at_the_asked_rate()
    {
        var workload = ReplayProfile.Build(5_000, ratePerSecond: 50, seed: 7);

        var times = workload.Orders.Select(order => order.At).ToList();
        Assert.Equal(times.Order(), times);
        Assert.InRange(times[^1].TotalSeconds, 95, 105);
    }

    [Fact]
    public void A_seed_gives_the_same_holiday_and_another_seed_another()
    {
        Assert.Equal(Fingerprint(3), Fingerprint(3));
        Assert.NotEqual(Fingerprint(3), Fingerprint(4));

        static string Fingerprint(long seed) => string.Join(';', HolidayProfile.Build(200, 10, seed).Orders
            .Select(order => $"{order.At.Ticks} {order.ClientId} {string.Join(',', order.Lines)}"));
    }

    [Fact]
    public void A_holiday_has_the_stated_shares_of_lines_and_clients()
    {
        var orders = HolidayProfile.Build(20_000, ratePerSecond: 100, seed: 5).Orders;

        Assert.InRange(Share(order => order.Lines.Count == 1), 0.59, 0.61);
        Assert.InRange(Share(order => order.Lines.Count == 2), 0.19, 0.21);
        Assert.InRange(Share(order => order.Lines.Count == 3), 0.09, 0.11);
        // Zipf 1.0 over 20: the first has 1 / H(20) = 27.8 %.
        Assert.InRange(Share(order => order.ClientId == "brand-01"), 0.265, 0.291);
        Assert.All(orders, order => Assert.Equal(order.Lines.Count, order.Lines.Select(line => line.Sku).Distinct().Count()));

        double Share(Func<PlannedOrder, bool> which) => orders.Count(which) / (double)orders.Count;
    }

    [Fact]
    public void The_day_has_mean_one_and_one_peak_of_ten_minutes()
    {
        Assert.Equal(1, DayCurve.Rates.Average(), 9);
        Assert.Equal(DayCurve.Peak, DayCurve.Rates.Max());
        Assert.Single(DayCurve.Rates, rate => rate > 2.5);

        var day = HolidayProfile.Build(144_000, ratePerSecond: 1000, seed: 2).Orders;
        var busiest = day.GroupBy(order => (int)(order.At.TotalSeconds)).Max(slot => slot.Count());
        Assert.InRange(busiest / 1000.0, 4.1, 4.7);
    }
}
