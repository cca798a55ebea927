using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Metrics;
using Xunit;

namespace Fulfillment.Tests.Autoscaling;

/// <summary>What KEDA 2.18 and the horizontal pod autoscaler answer, worked out from their sources.</summary>
public sealed class GoldenVectorTests
{
    // Recorded: step.
    [Fact]
    public async Task A_surge_is_climbed_by_doubling_from_the_first_sync_that_sees_it()
    {
        var bench = Bench(min: 1, startAt: 1, lag: second => second < 20 ? 0 : 4_000);
        await ExpectAsync(bench, (0, 1), (15, 1), (31, 4), (46, 8), (61, 16), (76, 32), (91, 60), (106, 60));
    }

    // Recorded: short-peak. Syncs are 15.01 s apart, so a recommendation is gone after 20 of them, not after 21.
    [Fact]
    public async Task A_short_peak_is_climbed_to_the_top_and_held_for_twenty_syncs()
    {
        var bench = Bench(min: 1, startAt: 1, lag: second => second is >= 20 and < 40 ? 4_000 : 0);
        await ExpectAsync(bench, (0, 1), (31, 4), (46, 8), (61, 16), (76, 32), (91, 60), (330, 60), (331, 1));
    }

    // Recorded: sleep-one-entry. The last active time is 90 in whole seconds: the poll of 390 s already puts it to
    // sleep.
    [Fact]
    public async Task An_app_that_may_sleep_is_woken_by_the_poll_and_sleeps_one_cooldown_after_the_last_active_one()
    {
        var bench = Bench(min: 0, startAt: 0, lag: second => second is >= 10 and < 100 ? 1 : 0);
        await ExpectAsync(bench, (0, 0), (15, 0), (29, 0), (30, 1), (90, 1), (389, 1), (390, 0));
    }

    // Recorded: loop-one-a-second. Each poll but one in ten finds the trickle taken.
    [Fact]
    public async Task A_trickle_that_is_gone_at_each_poll_is_put_to_sleep_every_cooldown()
    {
        var bench = Bench(min: 0, startAt: 0, lag: second => second % 330 == 30 ? 1 : 0);
        await ExpectAsync(bench, (29, 0), (30, 1), (329, 1), (330, 0), (360, 1), (659, 1), (660, 0));
    }

    // Recorded: sleep-active-then-error; pkg/scaling/executor/scale_scaledobjects.go, RequestScale, case isError.
    [Fact]
    public async Task An_active_rule_beside_an_erring_one_keeps_awake_and_does_not_move_the_last_active_time()
    {
        var bench = new AutoscalerBench(0, 30, 1, [
            new ScriptedMetric("work", 120, second => second < 420 ? 50 : 0),
            new ScriptedMetric("wrong type", 120, second => second is >= 120 and < 420 ? null : 0)]);
        await ExpectAsync(bench, (419, 1), (420, 0));
    }

    // Recorded: min-1-none-exist and min-1-set-to-0.
    [Fact]
    public async Task Fewer_than_the_minimum_are_brought_back_by_the_next_poll_with_nothing_active()
    {
        Assert.Equal(1, await Bench(min: 1, startAt: 0, lag: _ => 0).AtAsync(0));
        var bench = Bench(min: 1, startAt: 1, lag: _ => 0);
        await bench.AtAsync(29);
        bench.Replicas.SpecCount = 0;
        await ExpectAsync(bench, (29, 0), (30, 1));
        Assert.Equal(0, await Bench(min: 1, startAt: 0, lag: _ => null).AtAsync(600));
    }

    // Recorded: min-raised. The loop turns at once, the autoscaler at its next sync.
    [Fact]
    public async Task A_changed_minimum_counts_at_once_upwards_and_at_the_next_sync_downwards()
    {
        var bench = Bench(min: 1, startAt: 1, lag: _ => 0);
        await bench.AtAsync(130);
        bench.Change(min: 8, max: 30);
        await ExpectAsync(bench, (130, 8), (430, 8));
        bench.Change(min: 1, max: 30);
        await ExpectAsync(bench, (430, 8), (436, 1));
    }

    // Recorded: quota-20.
    [Fact]
    public async Task The_ratio_goes_by_the_replicas_that_exist_and_the_doubling_by_those_asked_for()
    {
        var bench = new AutoscalerBench(1, 30, 1, [
            new ScriptedMetric("entries", 120, second => second < 60 ? 0 : second < 300 ? 4_000 : 2_600)]);
        bench.Replicas.Quota = 20;
        await ExpectAsync(bench, (61, 4), (76, 8), (91, 16), (106, 30), (585, 30), (586, 20));
        Assert.Equal(20, bench.Log.Snapshot()[^1].Desired); // 2,600 at 120 would be 22
    }

    [Theory]
    [InlineData(440, 11)]
    [InlineData(396, 11)]
    [InlineData(395, 10)]
    [InlineData(485, 13)]
    public void Within_a_tenth_of_the_target_nothing_is_asked_for(double lag, int desired) =>
        Assert.Equal(desired, AskedAt(replicas: 11, usage: lag, target: 40));

    // Recorded: tolerance-up, with 1.34.4 and with 1.32.9.
    [Theory]
    [InlineData("2.18/1.34", 132, 1)]
    [InlineData("2.18/1.33", 132, 1)]
    [InlineData("2.18/1.32", 132, 2)]
    [InlineData("2.18/1.34", 133, 2)]
    public void A_ratio_of_exactly_one_and_a_tenth_is_within_from_1_33_on(string versions, double usage, int desired) =>
        Assert.Equal(desired, AskedAt(replicas: 1, usage, target: 120, EngineVersions.Parse(versions)));

    [Theory]
    [InlineData(11, 11)]
    [InlineData(10, 12)]
    public void A_cron_rule_is_subject_to_the_tolerance_too(int replicas, int desired) =>
        Assert.Equal(desired, AskedAt(replicas, usage: 12, target: 1));

    // Recorded: lag-null, with 1.32.9, with 1.34.4 and with KEDA 2.20.
    [Fact]
    public async Task An_unknown_lag_asks_for_the_least_or_the_most_by_the_versions()
    {
        await ExpectAsync(OfNullLag("2.18/1.33"), (15, 5), (315, 5), (316, 2));
        await ExpectAsync(OfNullLag("2.18/1.34"), (15, 10), (31, 20), (46, 40), (61, 60));
        await ExpectAsync(OfNullLag("2.20/1.34"), (15, 5), (315, 5), (316, 2));
        Assert.Equal((-1, 0), (EngineVersions.Recorded.NullLag, EngineVersions.Parse("2.20/1.34")!.NullLag));
    }

    [Theory]
    [InlineData("2.18")]
    [InlineData("keda/1.34")]
    [InlineData("2.18/1.34/1")]
    public void Versions_are_two(string text) => Assert.Null(EngineVersions.Parse(text));

    // Recorded: above-max.
    [Fact]
    public async Task Counts_outside_the_bounds_are_brought_back_whatever_the_metrics_say()
    {
        Assert.Equal(60, await Bench(min: 1, startAt: 80, lag: _ => null).AtAsync(15));
        Assert.Equal(3, await Bench(min: 3, startAt: 1, lag: _ => null).AtAsync(15));
    }

    [Fact]
    public async Task A_compressed_run_climbs_the_same_stairs_sooner()
    {
        var options = new AutoscalerOptions().Compress(15);
        var bench = new AutoscalerBench(1, 60, 1, [new ScriptedMetric("lag", 40, s => s is >= 2 and < 3 ? 4_000 : 0)],
            options);
        await ExpectAsync(bench, (1, 1), (2, 1), (3, 4), (4, 8), (5, 16), (6, 32), (7, 60), (22, 60), (23, 1));
    }

    private static AutoscalerBench OfNullLag(string text)
    {
        var versions = EngineVersions.Parse(text)!;
        return new(2, 60, 5, [new ScriptedMetric("lag", 40, _ => versions.NullLag)], new() { Versions = versions });
    }

    private static AutoscalerBench Bench(int min, int startAt, Func<int, double?> lag) =>
        new(min, max: 60, startAt, [new ScriptedMetric("lag", 40, lag)]);

    private static int? AskedAt(int replicas, double usage, double target, EngineVersions? versions = null) =>
        new HorizontalPodAutoscaler(new(1, 60), new() { Versions = versions ?? EngineVersions.Recorded })
            .Sync(DateTimeOffset.UnixEpoch, replicas, replicas,
                [new("rule", target, new MetricReading.Value(usage, true))])
            .Desired;

    private static async Task ExpectAsync(AutoscalerBench bench, params (int Second, int Replicas)[] expected)
    {
        var seen = new List<(int, int)>();
        foreach (var (second, _) in expected) seen.Add((second, await bench.AtAsync(second)));
        Assert.Equal(expected, seen);
    }
}
