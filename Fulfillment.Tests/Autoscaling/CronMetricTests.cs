using Fulfillment.Autoscaling.Metrics;
using Fulfillment.Autoscaling.Rules;
using Xunit;

namespace Fulfillment.Tests.Autoscaling;

public sealed class CronMetricTests
{
    [Theory]
    [InlineData("2026-11-27T04:59:59Z", 0)]
    [InlineData("2026-11-27T05:00:00Z", 10)]
    [InlineData("2026-11-29T12:00:00Z", 10)]
    [InlineData("2026-11-30T20:59:59Z", 10)]
    [InlineData("2026-11-30T21:00:00Z", 0)]
    public async Task Inside_the_window_the_wanted_replicas_else_none_by_the_clock_of_the_zone(
        string at, double expected) =>
        Assert.Equal(expected, await UsageAsync(Metric("0 6 27 11 *", "0 22 30 11 *"), at));

    [Theory]
    [InlineData("2026-03-28T19:30:00Z", 0)]
    [InlineData("2026-03-28T20:30:00Z", 10)]
    [InlineData("2026-03-29T03:59:00Z", 10)]
    [InlineData("2026-03-29T04:01:00Z", 0)]
    public async Task A_window_over_midnight_ends_by_summer_time_on_the_night_the_clock_changes(
        string at, double expected) =>
        Assert.Equal(expected, await UsageAsync(Metric("0 21 * * *", "0 6 * * *"), at));

    [Fact]
    public async Task One_metric_asked_through_a_year_answers_as_a_fresh_one_does()
    {
        var once = Metric("30 7 * * MON-FRI", "0 18 * * MON-FRI");
        for (var at = new DateTimeOffset(2026, 1, 1, 0, 0, 0, default); at.Year < 2027; at = at.AddHours(5.3))
        {
            var fresh = Metric("30 7 * * MON-FRI", "0 18 * * MON-FRI");
            Assert.Equal(await UsageAsync(fresh, at.ToString("O")), await UsageAsync(once, at.ToString("O")));
        }
    }

    [Fact]
    public async Task A_compressed_run_goes_through_the_calendar_as_much_faster()
    {
        var runStart = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var calendar = new RunCalendar(runStart, new(2026, 11, 27, 4, 0, 0, TimeSpan.Zero), Compression: 60);
        var metric = Metric("0 6 27 11 *", "0 22 30 11 *", calendar);
        Assert.Equal(0, await UsageAsync(metric, "2026-01-01T00:00:59Z"));
        Assert.Equal(10, await UsageAsync(metric, "2026-01-01T00:01:00Z"));
    }

    private static CronMetric Metric(string start, string end, RunCalendar? calendar = null)
    {
        var window = CronWindow.Read("Europe/Berlin", start, end, (key, text) => Assert.Fail($"{key}: {text}"));
        return new(new CronRule("holiday", window!, 10), calendar);
    }

    private static async Task<double> UsageAsync(CronMetric metric, string at)
    {
        var moment = DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture);
        var reading = await metric.ReadAsync(moment, TestContext.Current.CancellationToken);
        return Assert.IsType<MetricReading.Value>(reading).Usage;
    }
}
