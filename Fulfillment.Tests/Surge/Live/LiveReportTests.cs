using System.Text.Json;
using Fulfillment.Autoscaling.Rules;
using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Invariants;
using Fulfillment.Surge.Labour;
using Fulfillment.Surge.Live;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Report;
using Fulfillment.Surge.Simulate;
using Xunit;

namespace Fulfillment.Tests.Surge.Live;

public sealed class LiveReportTests
{
    private static readonly RunPhases Phases = new(10, 30, 20, 10, 100, 10);

    [Fact]
    public void The_json_holds_what_the_readers_of_a_run_are_promised()
    {
        using var json = JsonDocument.Parse(Report().ToJson());
        var root = json.RootElement;

        Assert.Equal(["t", "count", "desired", "demand", "oracle", "ramp", "ready"], Names(root.GetProperty("replicas")[20]));
        Assert.Equal(["t", "postgres", "waiting", "inFlight"], Names(root.GetProperty("backlog")[0]));
        Assert.Equal(["t", "perSecond"], Names(root.GetProperty("arrivals")[0]));
        Assert.Equal(
            ["replicaSeconds", "pickerHours", "replicaSecondPrice", "pickerHourPrice", "currency", "total", "perOrder"],
            Names(root.GetProperty("cost")));
        foreach (var name in new[]
        {
            "seed", "profile", "scale", "compression", "orders", "latencyMs", "metres", "invariants", "phases", "clients",
            "elasticity", "oracles", "collapsed", "verdict", "settings", "planning", "onTimeShare",
        }) Assert.True(root.TryGetProperty(name, out _), name);

        static IEnumerable<string> Names(JsonElement row) => row.EnumerateObject().Select(property => property.Name);
    }

    [Fact]
    public void A_report_read_back_is_the_report_that_was_written()
    {
        var report = Report();
        Assert.Equal(report.ToJson(), SurgeReport.Read(report.ToJson()).ToJson());
    }

    [Fact]
    public void Demand_cost_and_yardsticks_follow_from_the_looks()
    {
        var report = Report();

        // One replica plans 20 orders/s; 10/s need 1 and 100/s need 5.
        Assert.All(report.Replicas, row => Assert.Equal(row.T is >= 10 and < 40 ? 5 : 1, row.Demand));
        // Two replicas from 10 s on, one before, 60 s: looks stand half a second apart.
        Assert.Equal(10 + (2 * 50), report.Cost!.ReplicaSeconds, 6);
        Assert.Equal((110 * 0.5) + (4 * 25), report.Cost.Total, 6);
        Assert.Equal(0.5, report.Elasticity!.UnderTimeShare, 1);
        Assert.Equal(1_234, report.Oracles!.PeakBacklog);
        // Perfect foresight has 5 for the surge and its start-up, and 1 for the rest.
        Assert.Equal(30 + (5 * 30) + (4 * 2), report.Oracles.ForesightReplicaSeconds, 0);
        Assert.False(report.Collapsed);
        Assert.Null(report.Void);
    }

    [Fact]
    public void The_simulation_is_calibrated_by_what_a_live_run_writes()
    {
        var settings = new SimulationSettings { Spec = Spec, Arrivals = Arrivals.Step(10, 10, 10, 30, 20) };
        var said = new List<string>();
        var calibrated = LiveRun.Calibrate(settings, Report(), said.Add);

        Assert.Equal(CompressedTimes.PoolOrdersMax, calibrated.PoolOrdersMax);
        Assert.Equal(0.01, calibrated.Cost.Quota);
        Assert.Equal(CompressedTimes.PoolWait.TotalSeconds / 20, calibrated.PoolWaitSeconds, 6);
        Assert.Equal(2, calibrated.StartupSeconds);
        Assert.Equal(20, calibrated.ReplicaRate, 6);
        Assert.Equal(2, said.Count);
    }

    [Fact]
    public void A_replicas_rate_is_the_most_that_was_seen_over_a_stretch_of_the_surge()
    {
        var looks = Enumerable.Range(0, 121).Select(half => half / 2.0)
            .Select(t => new Look(t, 0, 0, 0, 2, t < 25 ? 1 : 2, 0, 0, 3)).ToList();
        // 100 a second by one replica, then the same by two; 1,000 a second before the surge, which do not count.
        var pools = Enumerable.Range(0, 400).Select(pool => (At: 0.05 + (pool / 10.0), Orders: pool < 100 ? 100 : 10)).ToList();
        Assert.Equal(100, SeenRate.Of(looks, pools, Phases)!.Value, 0);
        Assert.Null(SeenRate.Of(looks, [], Phases));
    }

    private static double Cost(int pools, int orders) => (0.02 * pools) + (0.0003 * orders);

    private static readonly ScaleSpec Spec = new(
        "picking", 1, 8, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(15),
        [new RedisStreamsRule("orders", "picking:main:orders", StreamMeasure.Length, null, 120)]);

    // 60 s, a look each half second; the surge's 3,000 orders in pools of 100, the others' 300 in pools of 2.
    private static SurgeReport Report()
    {
        var pools = Enumerable.Range(0, 30).Select(pool => (At: 10.0 + pool, Orders: 100))
            .Concat(Enumerable.Range(0, 50).Select(pool => (At: pool / 5.0, Orders: 2)))
            .Concat(Enumerable.Range(0, 100).Select(pool => (At: 40 + (pool / 5.0), Orders: 2))).ToList();
        var looks = Enumerable.Range(0, 121).Select(half => half / 2.0).Select(t => new Look(
            t, t == 15 ? 1_000 : 0, t == 15 ? 200 : 5, t == 15 ? 34 : 2, t < 10 ? 1 : 2, t < 12 ? 1 : 2, 0,
            pools.Where(pool => pool.At < t).Sum(pool => Cost(1, pool.Orders)), 3)).ToList();
        var latencies = new LatenciesOfRun(new(1, 2, 3, 4), new(5, 6, 7, 8), new(9, 10, 11, 12), new(13, 14, 15, 16));
        var facts = new LiveFacts(
            60, 0.5, 1.9, [TimeSpan.FromSeconds(2)], 0, true, new OnTime.Outcome(0.9, 4, 900, 7),
            (new OrderCounts(3_300, 3_300, 1, 0, 0, 3_300, 3_300, 0), latencies, new MetresWalked(1_000, 3)),
            new ClientOutcome([new("a", 1, 2, 3, 4, 5, 1)], [new(1, 2, 3)], null, null, 0, pools, 0.5),
            [new Finding(1, "holds", [])], "cgroup v1 quota", "built", []);
        return LiveReport.Of(
            new PhasedOptions
            {
                Profile = "holiday",
                Scale = 10,
                Phases = Phases,
                Seed = 7,
                Compression = 20,
                Cores = 0.01,
                ReplicaRate = 20,
                Labour = new LabourPolicy(3),
                Prices = new(0.5, 25),
                System = new EmbeddedOptions(),
            },
            Spec, PhasedProfile.Build("holiday", Phases, 10, 7), looks, facts);
    }
}
