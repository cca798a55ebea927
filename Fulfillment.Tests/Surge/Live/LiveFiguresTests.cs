using Fulfillment.Autoscaling.Rules;
using Fulfillment.Surge;
using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Labour;
using Fulfillment.Surge.Live;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Report;
using Xunit;

namespace Fulfillment.Tests.Surge.Live;

public sealed class LiveFiguresTests
{
    [Fact]
    public void A_backlog_that_still_grows_when_the_surge_ends_is_a_collapse()
    {
        var growing = Curve(at => at < 60 ? 0 : (at - 60) * 8);
        Assert.Equal(8, Collapse.Slope(growing, 30, 120)!.Value, 6);
        Assert.True(Collapse.Of(growing, 30, 120, arrivalsPerSecond: 100));
    }

    [Fact]
    public void A_backlog_that_rose_at_first_and_falls_is_none() =>
        Assert.False(Collapse.Of(Curve(at => Math.Max(0, 5_000 - (40 * at))), 30, 120, 100));

    [Theory]
    [InlineData(0.049, false)]
    [InlineData(0.051, true)]
    public void What_is_less_than_a_twentieth_of_the_arrivals_is_noise(double share, bool collapsed) =>
        Assert.Equal(collapsed, Collapse.Of(Curve(at => 500 + (share * 100 * at)), 30, 120, 100));

    [Fact]
    public void Without_two_looks_nothing_is_said() => Assert.Null(Collapse.Of([], 30, 120, 100));

    [Fact]
    public void A_busy_host_or_a_late_answer_makes_a_run_void_and_says_so()
    {
        var prompt = new Percentiles(5, 20, 100, 300);
        Assert.Null(LiveReport.Void(0.85, prompt));
        Assert.Contains("86", LiveReport.Void(0.86, prompt), StringComparison.Ordinal);
        Assert.Contains("1,001", LiveReport.Void(0.5, prompt with { P99 = 1_001 }), StringComparison.Ordinal);
        Assert.Null(LiveReport.Void(null, null));
    }

    [Fact]
    public void Compression_shrinks_the_pool_wait_and_the_lease_and_never_the_claim_below_planning()
    {
        var (real, sixty) = (CompressedTimes.Of(1), CompressedTimes.Of(60));
        Assert.Equal(("500", "600000", "30000"),
            (real["Pool__WaitMilliseconds"], real["Lease__Milliseconds"], real["Claim__AfterMilliseconds"]));
        Assert.Equal(("8", "10000", "10000"),
            (sixty["Pool__WaitMilliseconds"], sixty["Lease__Milliseconds"], sixty["Claim__AfterMilliseconds"]));
        Assert.Equal(real["Pool__OrdersMax"], sixty["Pool__OrdersMax"]);
    }

    [Fact]
    public void The_ages_of_the_effort_ladder_shrink_with_the_day_and_what_is_set_by_name_wins()
    {
        Assert.Equal("2000", CompressedTimes.Of(1)["Effort__QuickFromMilliseconds"]);
        Assert.Equal(("33", "167"), (CompressedTimes.Of(60)["Effort__QuickFromMilliseconds"],
            CompressedTimes.Of(60)["Effort__ConstructiveFromMilliseconds"]));
        var asked = new EmbeddedOptions
        {
            Settings = SystemOptions.Environment(
                ["Effort:QuickFromMilliseconds=7", "Pool:OrdersMax=50", "Some:Url=http://x/?a=b"]),
        };
        var under = CompressedTimes.Under(asked, 60);
        Assert.Equal(("7", "50", "http://x/?a=b"), (under.Settings["Effort__QuickFromMilliseconds"],
            under.Settings["Pool__OrdersMax"], under.Settings["Some__Url"]));
        Assert.Equal("167", under.Settings["Effort__ConstructiveFromMilliseconds"]);
        Assert.Equal((50, 100), (CompressedTimes.PoolOrdersOf(asked), CompressedTimes.PoolOrdersOf(new())));
        Assert.Equal(25, CompressedTimes.PoolWaitOf(asked, 20).TotalMilliseconds);
        var waiting = new EmbeddedOptions { Settings = SystemOptions.Environment(["Pool:WaitMilliseconds=1000"]) };
        Assert.Equal(1_000, CompressedTimes.PoolWaitOf(waiting, 20).TotalMilliseconds);
    }

    [Fact]
    public async Task The_deployed_rule_is_read_and_compressed_without_its_cron_unless_it_was_announced()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var unannounced = await LiveRule.ReadAsync(Options(announced: false), cancellation);
        Assert.DoesNotContain(unannounced.Rules, rule => rule is CronRule);
        Assert.Equal(TimeSpan.FromSeconds(30.0 / 20), unannounced.PollingInterval);
        Assert.Contains((await LiveRule.ReadAsync(Options(announced: true), cancellation)).Rules, rule => rule is CronRule);
    }

    [Fact]
    public async Task An_announced_surge_begins_ten_minutes_of_the_day_after_its_window_opens()
    {
        var options = Options(announced: true);
        var spec = await LiveRule.ReadAsync(options, TestContext.Current.CancellationToken);
        var begun = new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);
        var calendar = LiveRule.CalendarOf(spec, options, begun)!;
        var window = spec.Rules.OfType<CronRule>().Single().Window;

        var surge = begun.AddSeconds(options.Phases.Normal);
        Assert.False(window.Contains(calendar.At(surge.AddSeconds(-601.0 / 20))));
        Assert.True(window.Contains(calendar.At(surge.AddSeconds(-599.0 / 20))));
        Assert.True(window.Contains(calendar.At(surge)));
    }

    [Fact]
    public void A_replica_has_the_cores_that_its_bicep_states()
    {
        Assert.Equal(1, LiveRule.CoresOfBicep());
        Assert.Equal(0.5, LiveRule.CoresIn("picking: { cpu: '1', memory: '2Gi' }\npicking: { cpu: '0.5', memory: '1Gi' }"));
        Assert.Null(LiveRule.CoresIn("orders: { cpu: '1' }"));
    }

    [Theory]
    [InlineData("auto", null)]
    [InlineData("fixed:1", 1)]
    [InlineData("fixed:64", 64)]
    public void Replicas_are_the_rule_or_a_number(string text, int? expected)
    {
        Assert.True(PhasedSettings.TryReplicas(text, out var count));
        Assert.Equal(expected, count);
    }

    [Theory]
    [InlineData("fixed:0")]
    [InlineData("fixed:65")]
    [InlineData("fixed:two")]
    [InlineData("three")]
    public void Other_words_are_no_replicas(string text) => Assert.False(PhasedSettings.TryReplicas(text, out _));

    private static PhasedOptions Options(bool announced) => new()
    {
        Profile = "holiday",
        Scale = 10,
        Phases = new RunPhases(45, 90, 60, 12, 120, 12),
        Seed = 1,
        Compression = 20,
        Announced = announced,
        Labour = new LabourPolicy(5),
        Prices = new(),
        System = new EmbeddedOptions(),
    };

    private static List<BacklogAt> Curve(Func<double, double> total) =>
        [.. Enumerable.Range(0, 151).Select(at => new BacklogAt(at, total(at), 0, 0))];
}
