using Fulfillment.Autoscaling.Decisions;
using Xunit;

namespace Fulfillment.Tests.Autoscaling;

public sealed class AutoscalerOnErrorsTests
{
    [Fact]
    public async Task While_no_rule_can_be_read_the_last_decision_holds_beyond_the_window()
    {
        var bench = new AutoscalerBench(1, 60, 1, [Entries(second => second < 100 ? 4_000 : null)]);
        Assert.Equal(60, await bench.AtAsync(90));
        Assert.Equal(60, await bench.AtAsync(3_600));
        Assert.Equal(DecisionReason.NoMetric, bench.Log.Snapshot()[^1].Reason);
    }

    [Fact]
    public async Task A_rule_that_asks_for_more_is_followed_although_another_is_unreadable()
    {
        var bench = new AutoscalerBench(1, 60, 5, [Entries(_ => null), new ScriptedMetric("cron", 1, _ => 12)]);
        Assert.Equal(10, await bench.AtAsync(0));
        Assert.Equal(12, await bench.AtAsync(15));
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
        Assert.Equal(1, await bench.AtAsync(14));
        Assert.Equal(DecisionReason.ReplicaSetFailed, bench.Log.Snapshot()[^1].Reason);
        bench.Replicas.Refuses = false;
        Assert.Equal(4, await bench.AtAsync(15));
    }

    private static ScriptedMetric Entries(Func<int, double?> usage) => new("entries", 40, usage);
}
