using Fulfillment.Surge.Load;
using Xunit;

namespace Fulfillment.Tests.Surge.Load;

public sealed class RunPhasesTests
{
    private static readonly RunPhases Tenfold = new(20, 60, 40, 12, 120, 12);

    [Fact]
    public void Each_phase_has_its_rate_up_to_its_last_moment()
    {
        Assert.Equal([12, 12, 120, 120, 12, 12, 0, 0],
            new[] { 0, 19.99, 20, 79.99, 80, 119.99, 120, -1 }.Select(Tenfold.RateAt));
        Assert.Equal([("normal", 0.0, 20.0), ("surge", 20, 80), ("after", 80, 120)],
            Tenfold.Named.Select(phase => (phase.Name, phase.From, phase.To)));
    }

    [Fact]
    public void Arrivals_come_in_order_and_as_many_as_the_rates_say()
    {
        var arrivals = Tenfold.Arrivals(new SplitMix(5)).ToList();

        Assert.Equal(arrivals.Order(), arrivals);
        // Poisson: four standard deviations either way.
        Within(240, arrivals.Count(at => at < 20));
        Within(7_200, arrivals.Count(at => at is >= 20 and < 80));
        Within(480, arrivals.Count(at => at is >= 80 and < 120));
        Assert.Equal(arrivals.Count, arrivals.Count(at => at is >= 0 and < 120));

        static void Within(double mean, int count) =>
            Assert.InRange(count, mean - (4 * Math.Sqrt(mean)), mean + (4 * Math.Sqrt(mean)));
    }

    [Fact]
    public void A_phase_without_a_rate_has_no_arrival() =>
        Assert.All(new RunPhases(10, 10, 10, 0, 50, 0).Arrivals(new SplitMix(1)), at => Assert.InRange(at, 10, 20));

    [Fact]
    public void A_seed_gives_the_same_arrivals_for_every_cell_of_a_matrix() =>
        Assert.Equal(Tenfold.Arrivals(new SplitMix(9)), Tenfold.Arrivals(new SplitMix(9)));

    [Fact]
    public void When_one_goes_viral_it_alone_grows_tenfold_with_two_fifths_of_its_lines_on_one_sku()
    {
        var phases = PhasedProfile.Phases("viral", 30, 120, 30, rate: 40, scale: 10);
        var orders = PhasedProfile.Build("viral", phases, 10, seed: 3).Orders;
        var surge = orders.Where(order => order.At.TotalSeconds is >= 30 and < 150).ToList();

        var star = surge.Where(order => order.ClientId == PhasedProfile.Star).ToList();
        Assert.InRange(star.Count / (120 * 40 * PhasedProfile.StarShare()), 9.4, 10.6);
        Assert.InRange((surge.Count - star.Count) / (120 * 40 * (1 - PhasedProfile.StarShare())), 0.94, 1.06);
        var lines = star.SelectMany(order => order.Lines).ToList();
        Assert.InRange(lines.Count(line => line.Sku == PhasedProfile.HotSku) / (double)lines.Count, 0.38, 0.43);
        Assert.All(orders, order => Assert.Equal(order.Lines.Count, order.Lines.Select(line => line.Sku).Distinct().Count()));
        Assert.InRange(surge.Count / (120 * phases.SurgeRate), 0.96, 1.04);
    }

    [Fact]
    public void The_others_send_the_same_orders_whether_or_not_one_goes_viral()
    {
        Assert.Equal(Others(1), Others(10));

        static IEnumerable<(TimeSpan, string)> Others(double scale) =>
            PhasedProfile.Build("viral", PhasedProfile.Phases("viral", 10, 20, 10, 20, scale), scale, seed: 4).Orders
                .Where(order => order.ClientId != PhasedProfile.Star).Select(order => (order.At, order.ClientOrderId));
    }

    [Fact]
    public void A_client_that_comes_aboard_sends_nothing_before_and_its_past_in_bulks_of_a_hundred()
    {
        var phases = PhasedProfile.Phases("onboarding", 10, 30, 10, rate: 40, scale: 10);
        var workload = PhasedProfile.Build("onboarding", phases, 10, seed: 2);
        var star = workload.Orders.Where(order => order.ClientId == PhasedProfile.Star).ToList();

        Assert.DoesNotContain(star, order => order.At.TotalSeconds < 10);
        Assert.All(star.Where(order => order.At.TotalSeconds < 40), order => Assert.NotNull(order.Bulk));
        Assert.Contains(star, order => order.At.TotalSeconds >= 40 && order.Bulk is null);
        var calls = workload.Calls().Where(call => call[0].Bulk is not null).ToList();
        Assert.Equal(Workload.BulkOrdersMax, calls.Max(call => call.Count));
        Assert.Equal(star.Count(order => order.Bulk is not null), calls.Sum(call => call.Count));
        Assert.Equal(PhasedProfile.Star, workload.Crawler);
    }

    [Fact]
    public void Calls_keep_every_order_once_and_in_order()
    {
        var workload = PhasedProfile.Build(
            "onboarding", PhasedProfile.Phases("onboarding", 5, 10, 5, 30, 10), 10, seed: 8);
        Assert.Equal(workload.Orders, workload.Calls().SelectMany(call => call));
    }
}
