using Fulfillment.Surge.Simulate;
using Xunit;

namespace Fulfillment.Tests.Simulate;

public sealed class ForecastTests
{
    [Fact]
    public void A_steady_rate_is_forecast_without_error_and_asks_for_its_replicas()
    {
        var steady = SimulationTests.Settings() with
        {
            Arrivals = Arrivals.Step(20, 1, 600, 600, 600) with { Noisy = false },
        };
        var row = ForecastComparison.Compare(steady, TestContext.Current.CancellationToken);
        Assert.Equal(0, row.Error!.Value, 3);
    }

    [Fact]
    public async Task A_slope_is_run_ahead_of_by_the_start_and_a_sync()
    {
        var settings = SimulationTests.Settings() with { StartupSeconds = 45 };
        var forecast = new ForecastMetric(settings);
        // 1 order a second more each minute; one replica plans 9.84 a second. The lead is 60.01 s.
        for (var second = 0; second <= 3_600; second++) forecast.Observe(second, second / 60);
        var reading = await forecast.ReadAsync(DateTimeOffset.UnixEpoch, TestContext.Current.CancellationToken);
        var asked = Assert.IsType<Fulfillment.Autoscaling.Metrics.MetricReading.Value>(reading).Usage;
        Assert.Equal(Math.Ceiling(60 / settings.ReplicaRate), asked);
        Assert.InRange(forecast.Error!.Value, 0, 0.05);
    }

    [Theory]
    [InlineData(1.20, 40, 1.10, 40, true)]
    [InlineData(1.20, 40, 1.20, 30, true)]
    [InlineData(1.20, 40, 1.30, 20, false)]
    [InlineData(1.20, 40, 1.00, 50, false)]
    [InlineData(1.20, 40, 1.20, 40, false)]
    public void It_is_recommended_only_where_one_figure_is_better_and_none_worse(
        double cost, double p99, double itsCost, double itsP99, bool wins) =>
        Assert.Equal(wins, new ForecastComparison.Row("day", new(cost, p99), new(itsCost, itsP99), 0).Wins);
}
