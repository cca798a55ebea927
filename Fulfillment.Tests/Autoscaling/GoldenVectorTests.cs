using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Autoscaling.Metrics;
using Xunit;

namespace Fulfillment.Tests.Autoscaling;

/// <summary>What KEDA 2.18 and the horizontal pod autoscaler answer, worked out from their sources.</summary>
public sealed class GoldenVectorTests
{
    [Fact]
    public async Task A_surge_is_climbed_by_doubling_from_the_first_sync_that_sees_it()
    {
        var bench = Bench(min: 1, startAt: 1, lag: second => second < 20 ? 0 : 4_000);
        await ExpectAsync(bench, (0, 1), (15, 1), (30, 4), (45, 8), (60, 16), (75, 32), (90, 60), (105, 60));
    }

    [Fact]
    public async Task A_short_peak_is_climbed_to_the_top_and_held_for_the_whole_window()
    {
        var bench = Bench(min: 1, startAt: 1, lag: second => second is >= 20 and < 40 ? 4_000 : 0);
        await ExpectAsync(bench,
            (0, 1), (30, 4), (45, 8), (60, 16), (75, 32), (90, 60), (315, 60), (330, 60), (344, 60), (345, 1));
    }

    [Fact]
    public async Task An_app_that_may_sleep_is_woken_by_the_poll_and_put_to_sleep_after_the_cooldown()
    {
        var bench = Bench(min: 0, startAt: 0, lag: second => second is >= 10 and < 100 ? 1 : 0);
        await ExpectAsync(bench, (0, 0), (15, 0), (29, 0), (30, 1), (90, 1), (390, 1), (419, 1), (420, 0));
    }

    [Theory]
    [InlineData(440, 11)]
    [InlineData(396, 11)]
    [InlineData(395, 10)]
    [InlineData(485, 13)]
    [InlineData(-1, 0)]
    public void Within_a_tenth_of_the_target_nothing_is_asked_for(double lag, int desired) =>
        Assert.Equal(desired, AskedAt(replicas: 11, usage: lag, target: 40));

    [Theory]
    [InlineData(11, 11)]
    [InlineData(10, 12)]
    public void A_cron_rule_is_subject_to_the_tolerance_too(int replicas, int desired) =>
        Assert.Equal(desired, AskedAt(replicas, usage: 12, target: 1));

    [Fact]
    public async Task An_unknown_lag_asks_for_nothing_and_falls_to_the_minimum_after_the_window()
    {
        var bench = Bench(min: 2, startAt: 5, lag: _ => RedisStreamsMetric.UnknownLag);
        await ExpectAsync(bench, (0, 5), (300, 5), (315, 2));
        Assert.Contains(bench.Log.Snapshot(), decision => decision is
        { Loop: ScaleLoop.HorizontalPodAutoscaler, Desired: 0, Result: 2, Reason: DecisionReason.TooFewReplicas });
    }

    [Fact]
    public async Task Counts_outside_the_bounds_are_brought_back_whatever_the_metrics_say()
    {
        Assert.Equal(60, await Bench(min: 1, startAt: 80, lag: _ => null).AtAsync(0));
        Assert.Equal(3, await Bench(min: 3, startAt: 1, lag: _ => null).AtAsync(0));
    }

    [Fact]
    public async Task A_compressed_run_climbs_the_same_stairs_sooner()
    {
        var options = new AutoscalerOptions().Compress(15);
        var bench = new AutoscalerBench(1, 60, 1, [new ScriptedMetric("lag", 40, s => s is >= 1 and < 2 ? 4_000 : 0)],
            options);
        await ExpectAsync(bench, (0, 1), (1, 4), (2, 8), (3, 16), (4, 32), (5, 60), (21, 60), (22, 1));
    }

    private static AutoscalerBench Bench(int min, int startAt, Func<int, double?> lag) =>
        new(min, max: 60, startAt, [new ScriptedMetric("lag", 40, lag)]);

    private static int? AskedAt(int replicas, double usage, double target) =>
        new HorizontalPodAutoscaler(1, 60, new AutoscalerOptions())
            .Sync(DateTimeOffset.UnixEpoch, replicas, [new("rule", target, new MetricReading.Value(usage, true))])
            .Desired;

    private static async Task ExpectAsync(AutoscalerBench bench, params (int Second, int Replicas)[] expected)
    {
        var seen = new List<(int, int)>();
        foreach (var (second, _) in expected) seen.Add((second, await bench.AtAsync(second)));
        Assert.Equal(expected, seen);
    }
}
