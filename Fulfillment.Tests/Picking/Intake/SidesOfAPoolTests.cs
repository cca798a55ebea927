using Fulfillment.Contracts;
using Fulfillment.Picking;
using Fulfillment.Picking.Intake;
using Fulfillment.Picking.Toggle;
using Fulfillment.Planning;
using Xunit;

namespace Fulfillment.Tests.Picking.Intake;

/// <summary>What the toggle, the ladder and a broken planner make of a pool, through the real worker.</summary>
public sealed class SidesOfAPoolTests(TestServers servers)
{
    internal static readonly ToggleState On = ToggleState.Off with { Enabled = true };

    private const string PlansSql = """
        SELECT string_agg(concat_ws(' ', planner, rung, releases, budget_units > 0, shadow_mm IS NOT NULL), ', '
            ORDER BY planner) FROM plans
        """;

    [Fact]
    public async Task A_pool_with_clients_of_both_sides_gets_a_plan_for_each_in_one_transaction()
    {
        await using var bench = await WalkedBench.CreateAsync(servers);
        var (mine, others) = (await bench.PublishAsync(7, "acme"), await bench.PublishAsync(5, "zeta"));
        await bench.DrainAsync(On with { Clients = new Dictionary<string, bool> { ["zeta"] = false } });

        Assert.Equal("baseline 0 5 f f, optimized 0 7 t f", await bench.Picking.ScalarAsync<string>(PlansSql));
        Assert.Equal(1, await bench.Picking.ScalarAsync<long>("SELECT count(DISTINCT xid) FROM events"));
        Assert.Equal(12, (await bench.Picking.EventsAsync()).Count(e => e.Kind == EventKinds.Planned));
        // Nobody walks for both sides at once, else the sides could not be compared.
        Assert.Equal("acme optimized, zeta baseline", await bench.Picking.ScalarAsync<string>("""
            SELECT string_agg(DISTINCT concat_ws(' ', client_id, planner), ', ')
            FROM tasks JOIN tours USING (warehouse_id, tour_id) JOIN plans USING (warehouse_id, plan_id)
            """));
        Assert.Equal((mine.Count + others.Count) * WalkedBench.LinesOfARelease,
            await bench.Picking.ScalarAsync<long>("SELECT count(*) FROM tasks"));
    }

    [Fact]
    public async Task A_release_that_another_worker_was_first_to_plan_is_struck_from_its_side_and_the_rest_is_planned()
    {
        await using var bench = await WalkedBench.CreateAsync(servers);
        await bench.PublishAsync(30, "acme");
        await bench.PublishAsync(30, "zeta");
        var mixed = On with { Clients = new Dictionary<string, bool> { ["zeta"] = false } };
        var workers = Enumerable.Range(0, 3).Select(_ => bench.Picking.Worker(toggle: mixed).Worker).ToList();
        // Claimed from each other in mid-plan: the claim time of this bench is far below the planning time.
        await Task.WhenAll(workers.Select(worker => bench.Picking.DrainAsync(worker)));
        Assert.Equal(60, (await bench.Picking.EventsAsync()).Count);
        Assert.Equal(60L * WalkedBench.LinesOfARelease, await bench.Picking.ScalarAsync<long>("SELECT count(*) FROM tasks"));
    }

    [Fact]
    public async Task The_optimized_plan_is_never_longer_than_the_one_it_replaces_and_what_it_saves_is_recorded()
    {
        await using var bench = await WalkedBench.CreateAsync(servers);
        using var metrics = new RecordedMetrics(bench.Picking.Meters);
        await bench.PublishAsync(12, "acme");
        await bench.DrainAsync(On with { Shadow = true });

        var plan = await bench.Picking.ScalarAsync<long>("SELECT distance_mm FROM plans WHERE planner = 'optimized'");
        var other = await bench.Picking.ScalarAsync<long>("SELECT shadow_mm FROM plans");
        var problem = ProblemRecord.Read(await bench.Picking.ScalarAsync<byte[]>("SELECT problem FROM plans"));
        var baseline = Assert.IsType<PlanningOutcome.Planned>(BaselinePlanner.Plan(problem)).Plan;
        Assert.Equal(baseline.Distance.Value, other);
        Assert.InRange(plan, 1, other - 1);
        Assert.Equal((other - plan) / 1_000.0, metrics.Sum("picking.distance.saved"), 6);
        Assert.Equal(plan / 1_000.0, metrics.Sum("picking.distance.planned"), 6);
        Assert.Equal(plan / (double)await bench.Picking.ScalarAsync<long>("SELECT bound_mm FROM plans"),
            metrics.Sum("picking.plan.gap"), 6);
        Assert.Equal(await bench.Picking.ScalarAsync<long>("SELECT units_used FROM plans"),
            metrics.Sum("picking.planning.work"));
        Assert.True(metrics.Sum("picking.planning.duration") > 0);
        Assert.Equal(0, metrics.Sum("picking.effort.rung"));
    }

    [Theory]
    [InlineData(0, "baseline 0 12 f t")]
    [InlineData(2, "baseline 1 12 f f")]
    [InlineData(20, "baseline 2 12 f f")]
    public async Task A_search_in_shadow_is_done_on_the_top_rung_only(int ageHours, string plan)
    {
        await using var bench = await WalkedBench.CreateAsync(servers);
        using var metrics = new RecordedMetrics(bench.Picking.Meters);
        await bench.PublishAsync(12, "acme", ageHours);
        await bench.DrainAsync(ToggleState.Off with { Shadow = true });
        Assert.Equal(plan, await bench.Picking.ScalarAsync<string>(PlansSql));
        if (ageHours == 0)
        {
            var missed = await bench.Picking.ScalarAsync<long>("SELECT distance_mm - shadow_mm FROM plans");
            Assert.True(missed > 0);
            Assert.Equal(missed / 1_000.0, metrics.Sum("picking.distance.saved"), 6);
        }
        else Assert.Equal(0, metrics.Sum("picking.distance.saved"));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 1)]
    [InlineData(20, 2)]
    public async Task The_older_the_backlog_the_shorter_the_search_and_it_still_batches_and_routes_exactly(
        int ageHours, int rung)
    {
        await using var bench = await WalkedBench.CreateAsync(servers);
        using var metrics = new RecordedMetrics(bench.Picking.Meters);
        await bench.PublishAsync(12, "acme", ageHours);
        await bench.DrainAsync(On with { Shadow = true });
        Assert.Equal($"optimized {rung} 12 t t", await bench.Picking.ScalarAsync<string>(PlansSql));
        Assert.Equal(rung, metrics.Sum("picking.effort.rung"));
        var budget = EffortLadder.BudgetOf((Rung)rung, 12, bench.Picking.Settings.Effort);
        Assert.Equal(budget.Units, await bench.Picking.ScalarAsync<long>("SELECT budget_units FROM plans"));
        Assert.True(await bench.Picking.ScalarAsync<bool>("SELECT distance_mm < shadow_mm FROM plans"));
    }

    [Fact]
    public async Task A_pool_that_is_not_full_has_nothing_behind_it_and_is_searched_in_full()
    {
        await using var bench = await WalkedBench.CreateAsync(servers);
        await bench.PublishAsync(11, "acme", ageHours: 20);
        await bench.DrainAsync(On);
        Assert.Equal("optimized 0 11 t f", await bench.Picking.ScalarAsync<string>(PlansSql));
    }

    [Theory]
    [InlineData(Faults.Lies, PickingTelemetry.Refuted)]
    [InlineData(Faults.Throws, PickingTelemetry.Threw)]
    public async Task When_the_optimized_planner_fails_it_is_counted_and_the_baseline_plans_the_pool(
        string fault, string outcome)
    {
        await using var bench = await WalkedBench.CreateAsync(servers, s => s with { VerifyOneIn = 1 });
        using var metrics = new RecordedMetrics(bench.Picking.Meters);
        await bench.PublishAsync(12, "acme");
        await bench.DrainAsync(On, Faults.None with { Optimizer = fault });
        Assert.Equal("baseline 0 12 f f", await bench.Picking.ScalarAsync<string>(PlansSql));
        Assert.Equal(1, metrics.Sum("picking.plans.verified", outcome));
        Assert.Equal(12, (await bench.Picking.EventsAsync()).Count(e => e.Kind == EventKinds.Planned));
        Assert.Equal(0, await bench.Picking.ScalarAsync<long>("SELECT count(*) FROM dead_letters"));
    }

    [Fact]
    public async Task A_plan_that_is_looked_at_and_holds_is_counted_and_used()
    {
        await using var bench = await WalkedBench.CreateAsync(servers, s => s with { VerifyOneIn = 1 });
        using var metrics = new RecordedMetrics(bench.Picking.Meters);
        await bench.PublishAsync(12, "acme");
        await bench.DrainAsync(On);
        Assert.Equal("optimized 0 12 t f", await bench.Picking.ScalarAsync<string>(PlansSql));
        Assert.Equal(1, metrics.Sum("picking.plans.verified", PickingTelemetry.Held));
    }

    [Fact]
    public void The_seed_is_of_the_releases_and_their_order_and_of_nothing_else()
    {
        ReleaseId[] keys = [new(new Guid("11111111-2222-3333-4444-555555555555"), 1), new(Guid.Empty, 2)];
        Assert.Equal(PlannerChoice.SeedOf(keys), PlannerChoice.SeedOf(keys));
        // Written down once, so that it is seen when a machine or a version computes another one.
        Assert.Equal(16538977010126618044UL, PlannerChoice.SeedOf(keys));
        Assert.NotEqual(PlannerChoice.SeedOf(keys), PlannerChoice.SeedOf(keys.Reverse()));
        Assert.NotEqual(PlannerChoice.SeedOf([keys[0]]), PlannerChoice.SeedOf([keys[0] with { ReleaseNo = 2 }]));
    }
}
