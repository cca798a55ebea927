using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Autoscaling.Metrics;
using Xunit;

namespace Fulfillment.Tests.Autoscaling;

public sealed class AutoscalerOnErrorsTests
{
    [Fact]
    public async Task While_no_rule_can_be_read_the_last_decision_holds_beyond_the_window()
    {
        var bench = new AutoscalerBench(1, 60, 1, [Entries(second => second < 100 ? 4_000 : null)]);
        Assert.Equal(60, await bench.AtAsync(91));
        Assert.Equal(60, await bench.AtAsync(3_600));
        Assert.Equal(DecisionReason.NoMetric, bench.Log.Snapshot()[^1].Reason);
    }

    [Fact]
    public async Task A_rule_that_asks_for_more_is_followed_although_another_is_unreadable()
    {
        var bench = new AutoscalerBench(1, 60, 5, [Entries(_ => null), new ScriptedMetric("cron", 1, _ => 12)]);
        Assert.Equal(10, await bench.AtAsync(15));
        Assert.Equal(12, await bench.AtAsync(31));
    }

    [Fact]
    public async Task A_rule_that_asks_for_fewer_is_not_followed_while_another_is_unreadable()
    {
        var bench = new AutoscalerBench(1, 60, 20, [Entries(_ => null), new ScriptedMetric("cron", 1, _ => 2)]);
        Assert.Equal(20, await bench.AtAsync(3_600));
        Assert.Contains(bench.Log.Snapshot(), decision => decision.Reason == DecisionReason.NoScaleInOnMissing);
    }

    [Fact]
    public async Task A_sleeping_app_is_not_woken_and_an_awake_one_not_put_to_sleep_by_an_error()
    {
        Assert.Equal(0, await new AutoscalerBench(0, 60, 0, [Entries(_ => null)]).AtAsync(1_000));
        Assert.Equal(1, await new AutoscalerBench(0, 60, 1, [Entries(_ => null)]).AtAsync(1_000));
    }

    [Fact]
    public async Task A_replica_set_that_refuses_is_asked_again_at_the_next_sync()
    {
        var bench = new AutoscalerBench(1, 60, 1, [Entries(_ => 4_000)]);
        bench.Replicas.Refuses = true;
        Assert.Equal(1, await bench.AtAsync(15));
        Assert.Equal(DecisionReason.ReplicaSetFailed, bench.Log.Snapshot()[^1].Reason);
        bench.Replicas.Refuses = false;
        Assert.Equal(4, await bench.AtAsync(31));
    }

    // Recorded: cron-opens-while-redis-is-away; pkg/scaling/scale_handler.go, buildScalers.
    [Fact]
    public async Task A_redis_that_does_not_answer_blinds_every_rule_of_the_app_and_a_wrong_type_only_its_own()
    {
        var cron = new ScriptedMetric("cron", 1, second => second >= 60 ? 12 : 0);
        var away = new AutoscalerBench(1, 30, 1, [Away(from: 40, until: 250), cron]);
        Assert.Equal(1, await away.AtAsync(249));
        Assert.Equal(12, await away.AtAsync(310));
        var wrong = new AutoscalerBench(1, 30, 1, [Entries(second => second is >= 40 and < 250 ? null : 0), cron]);
        Assert.Equal(12, await wrong.AtAsync(110));
    }

    // The turn that meets the dead Redis first still has its other scalers; from then on none can be built.
    [Fact]
    public async Task The_first_turn_without_redis_reads_the_others_and_the_next_reads_none()
    {
        var scalers = new ScalerCache([Away(from: 1, until: 99), new ScriptedMetric("cron", 1, _ => 12)]);
        var cancellation = TestContext.Current.CancellationToken;
        foreach (var (second, cronIsRead) in new[] { (0, true), (1, true), (2, false), (99, true) })
        {
            var readings = await scalers.ReadAsync(AutoscalerBench.At(second), cancellation);
            Assert.Equal(cronIsRead, readings[1].Reading is MetricReading.Value);
        }
    }

    // Recorded: redis-never-there. Redis comes at 475.5 s after the making; the autoscaler at 692.4.
    [Fact]
    public async Task A_rule_made_while_redis_is_away_has_no_autoscaler_until_a_making_succeeds()
    {
        var bench = new AutoscalerBench(1, 30, 7, [Away(from: 0, until: 476)]);
        Assert.Equal(7, await bench.AtAsync(680));
        Assert.All(bench.Log.Snapshot(), decision => Assert.Equal(DecisionReason.NotMade, decision.Reason));
        Assert.Equal(7, await bench.AtAsync(700));
        Assert.InRange(AutoscalerBench.SecondsOf(bench.Log.Snapshot().First(
            decision => decision.Reason != DecisionReason.NotMade).At), 682, 702);
        Assert.Equal(1, await bench.AtAsync(1_030));
    }

    private static ScriptedMetric Away(int from, int until) => new(
        "entries", 40, second => second >= from && second < until ? null : 0, unreachable: true);

    private static ScriptedMetric Entries(Func<int, double?> usage) => new("entries", 40, usage);
}
