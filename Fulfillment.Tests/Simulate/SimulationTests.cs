using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Rules;
using Fulfillment.Surge.Simulate;
using Xunit;

namespace Fulfillment.Tests.Simulate;

public sealed class SimulationTests
{
    [Fact]
    public void The_same_seed_gives_the_same_run_and_another_seed_another()
    {
        var (first, again, other) = (Run(Settings()), Run(Settings()), Run(Settings() with { Seed = 2 }));
        Assert.Equal(first.Backlog, again.Backlog);
        Assert.Equal(first.ReplicaSeconds, again.ReplicaSeconds);
        Assert.NotEqual(first.Backlog, other.Backlog);
    }

    [Fact]
    public void Every_order_that_came_was_confirmed_or_still_waits()
    {
        var run = Run(Settings() with { Arrivals = Arrivals.Step(5, 10, 300, 300, 0) });
        Assert.True(run.Unplanned > 0);
        Assert.Equal(run.Unplanned, run.Backlog[^1].Total);
        Assert.Equal(run.Arrived - run.Unplanned + run.Backlog[^1].InFlight, run.ConfirmedOrders);
    }

    [Fact]
    public void A_fixed_replica_collapses_under_ten_times_the_load_and_the_rules_carry_it()
    {
        var step = Settings() with { Arrivals = Arrivals.Step(5, 10, 600, 1_800, 0) };
        var (alone, scaled) = (Run(step with { FixedReplicas = 1 }), Run(step));
        // By hand: 50 orders/s come and one replica plans 9.84, for 1,800 s.
        Assert.InRange(alone.PeakBacklog, 0.95 * 1_800 * (50 - step.ReplicaRate),
            1.05 * 1_800 * (50 - step.ReplicaRate));
        Assert.True(scaled.PeakBacklog < alone.PeakBacklog / 10, $"{scaled.PeakBacklog} against {alone.PeakBacklog}");
        Assert.True(scaled.Unplanned < 1_500, $"{scaled.Unplanned} left");
    }

    [Fact]
    public void The_controller_climbs_as_fast_as_the_stream_lets_it_see()
    {
        var step = Settings() with { Arrivals = Arrivals.Step(5, 10, 600, 1_800, 600) };
        var (shallow, deeper) = (Run(step with { DepthFloor = 2 }), Run(step with { DepthFloor = 4 }));
        Assert.True(deeper.PeakBacklog < 0.9 * shallow.PeakBacklog,
            $"{deeper.PeakBacklog} against {shallow.PeakBacklog}");
        Assert.True(deeper.PeakBacklog >= deeper.Ramp.PeakBacklog, "nothing climbs faster than the best doubling.");
    }

    [Fact]
    public void Perfect_foresight_is_the_least_that_keeps_up_and_is_up_in_time()
    {
        double[] rates = [1, 1, 1, 25, 25, 1, 1];
        var run = Oracles.PerfectForesight(rates, stepSeconds: 1, replicaRate: 10, minReplicas: 1, startupSeconds: 2);
        Assert.Equal([1, 3, 3, 3, 3, 1, 1], run.Replicas);
        Assert.Equal(15, run.ReplicaSeconds);
    }

    [Fact]
    public void The_best_doubling_is_four_then_eight_and_its_backlog_is_what_the_wait_leaves()
    {
        var rates = Enumerable.Repeat(100.0, 60).ToArray();
        var run = Oracles.Ramp(rates, 1, 10, (1, 100), startupSeconds: 0, poolOrdersMax: 0, WholeSyncs);
        Assert.Equal([1, 4, 8], [run.Replicas[14], run.Replicas[15], run.Replicas[30]]);
        // By hand: 90 a second over for 15 s, 60 for 15 s more, 20 for another 15; from 16 replicas on it falls.
        Assert.Equal(15 * (90 + 60 + 20), run.PeakBacklog);
    }

    [Fact]
    public void A_surge_that_begins_at_a_sync_or_just_before_it_is_seen_at_the_next_by_what_has_come()
    {
        double[] rates = [.. Enumerable.Repeat(10.0, 15), .. Enumerable.Repeat(60.0, 45)];
        var run = Oracles.Ramp(rates, 1, 10, (1, 100), startupSeconds: 0, poolOrdersMax: 0, WholeSyncs);
        // By hand: at 15 s ten a second have come, at 30 s sixty; 50 a second over for 15 s: four, and then it doubles.
        Assert.Equal([1, 1, 4, 8], [run.Replicas[15], run.Replicas[29], run.Replicas[30], run.Replicas[45]]);
        double[] sooner = [.. Enumerable.Repeat(10.0, 14), .. Enumerable.Repeat(40.0, 46)];
        // One second of forty and fourteen of ten are twelve a second: two.
        Assert.Equal(2, Oracles.Ramp(sooner, 1, 10, (1, 100), 0, 0, WholeSyncs).Replicas[15]);
    }

    [Fact]
    public void Provisioning_counts_how_much_and_how_long_supply_is_off()
    {
        var mine = new Provisioning();
        foreach (var (demand, supply) in new[] { (4, 3), (4, 4), (2, 4), (2, 2) }) mine.Add(demand, supply);
        var figures = mine.Figures();
        Assert.Equal((0.25, 0.5, 0.25, 0.25),
            (figures.UnderAccuracy, figures.OverAccuracy, figures.UnderTimeShare, figures.OverTimeShare));
        // As many all the time are 3.25: under 0.375, over 0.625, each half of the time. Ratios 1.5, 1.25, 2, 2.
        Assert.Equal(Math.Pow(7.5, 0.25), figures.ElasticSpeedup!.Value, 6);
        // Never short: the speedup would be a ratio to nothing.
        var enough = new Provisioning();
        foreach (var demand in new[] { 4, 2 }) enough.Add(demand, 4);
        Assert.Null(enough.Figures().ElasticSpeedup);
    }

    [Fact]
    public void A_day_adds_up_to_its_orders_and_a_season_to_its_multiples()
    {
        Assert.Equal(1_000_000, Sum(Arrivals.Day(1_000_000), 10), 1_000.0);
        var season = Arrivals.Season(2_590);
        Assert.Equal(1_000 * ArrivalShape.SeasonMultipliers.Sum(), Sum(season, 60), 200.0);
    }

    [Fact]
    public void A_stream_shorter_than_a_pool_and_a_plan_for_nothing_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Run(Settings() with { PoolOrdersMax = 121 }));
        Assert.Throws<ArgumentException>(() => Run(Settings() with { Cost = new(0, 0) }));
    }

    [Fact]
    public void Without_a_pooler_as_many_replicas_fit_as_stated_and_not_one_more()
    {
        var limits = new ConnectionLimits();
        Assert.True(limits.Needed(limits.ReplicasMax) <= limits.MaxConnections);
        Assert.True(limits.Needed(limits.ReplicasMax + 1) > limits.MaxConnections);
    }

    [Fact]
    public void The_search_finds_a_rule_that_keeps_the_promise_and_its_file_reads_back()
    {
        var settings = Settings() with { Arrivals = Arrivals.Step(5, 6, 300, 600, 300) };
        var found = RuleSearch.Find(settings, promisedSeconds: 60, TestContext.Current.CancellationToken);
        Assert.True(found.Best!.P99Seconds <= 60);
        Assert.Equal(found.Best.P99Seconds, Run(settings with { Spec = found.Best.Spec }).Confirm.P99 / 1_000);
        var read = Assert.IsType<ScaleRulesReading.Valid>(
            ScaleRulesFile.Parse("written.json", ScaleRulesFile.Write(found.Best.Spec)));
        Assert.Equal(found.Best.Spec.MaxReplicas, read.Apps["picking"].MaxReplicas);
        Assert.Null(RuleSearch.Find(settings, promisedSeconds: 2, TestContext.Current.CancellationToken).Best);
    }

    [Fact]
    public void A_replay_of_a_run_calibrated_from_it_meets_its_backlog()
    {
        var original = Settings() with
        {
            Arrivals = Arrivals.Step(5, 10, 300, 900, 300),
            Cost = new(0, 0.08),
            StartupSeconds = 35,
        };
        var live = SimulationReport.Of(original, Run(original), null);
        var calibrated = LiveRun.Calibrate(Settings(), live, _ => { });
        Assert.InRange(calibrated.ReplicaRate / original.ReplicaRate, 0.85, 1.15);
        var replay = Run(calibrated with { Arrivals = Arrivals.Of(live)! });
        var error = LiveRun.Compare(replay.Backlog, live.Backlog)!;
        Assert.InRange(error.AreaError, -0.10, 0.10);
        Assert.InRange(error.PeakError, -0.15, 0.15);
    }

    [Fact]
    public void A_run_is_replayed_under_its_own_rules_and_bounds_unless_others_were_asked_for()
    {
        var original = Settings() with { Arrivals = Arrivals.Step(5, 10, 60, 60, 60) };
        var live = SimulationReport.Of(original, Run(original), null);
        live.Settings = new Dictionary<string, string>
        {
            ["rules"] = "orders",
            ["minReplicas"] = "2",
            ["maxReplicas"] = "7",
        };
        var its = LiveRun.Replay(Settings(), live, itsBounds: true).Spec;
        Assert.Equal((2, 7, 1), (its.MinReplicas, its.MaxReplicas, its.Rules.Count));
        var asked = LiveRun.Replay(Settings(), live, itsBounds: false).Spec;
        Assert.Equal((1, 30), (asked.MinReplicas, asked.MaxReplicas));
        live.Settings = new Dictionary<string, string> { ["rules"] = "another" };
        Assert.Empty(LiveRun.Replay(Settings(), live, itsBounds: true).Spec.Rules);
    }

    private static AutoscalerOptions WholeSyncs => new() { SyncPeriod = TimeSpan.FromSeconds(15) };

    internal static SimulationSettings Settings() => new()
    {
        Spec = new("picking", 1, 30, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(300),
            [new RedisStreamsRule("orders", "picking:main:orders", StreamMeasure.Length, null, 120)]),
        Arrivals = Arrivals.Day(100_000),
    };

    private static SimulationRecord Run(SimulationSettings settings) =>
        Simulation.Run(settings, TestContext.Current.CancellationToken);

    private static double Sum(Arrivals arrivals, double step)
    {
        var sum = 0.0;
        for (var second = 0.0; second < arrivals.Seconds; second += step) sum += arrivals.RateAt(second) * step;
        return sum;
    }
}
