using Fulfillment.Picking.Intake;
using Fulfillment.Picking.Replay;
using Fulfillment.Picking.Toggle;
using Fulfillment.ServiceDefaults;
using Fulfillment.Tests.Picking.Intake;
using Microsoft.AspNetCore.Http.HttpResults;
using Xunit;

namespace Fulfillment.Tests.Picking.Replay;

public sealed class ReplayPlanTests(TestServers servers)
{
    [Fact]
    public async Task Plans_of_both_planners_and_of_every_rung_are_made_again_stop_by_stop()
    {
        await using var bench = await WalkedBench.CreateAsync(servers);
        var halves = SidesOfAPoolTests.On with { Clients = new Dictionary<string, bool> { ["zeta"] = false } };
        foreach (var age in (int[])[0, 2, 20])
        {
            for (var pool = 0; pool < 2; pool++)
            {
                await bench.PublishAsync(7, "acme", age);
                await bench.PublishAsync(5, "zeta", age);
            }

            await bench.DrainAsync(halves);
        }

        Assert.Equal("baseline 0 2, baseline 1 2, baseline 2 2, optimized 0 2, optimized 1 2, optimized 2 2",
            await bench.Picking.ScalarAsync<string>("""
                SELECT string_agg(concat_ws(' ', planner, rung, n), ', ' ORDER BY planner, rung)
                FROM (SELECT planner, rung, count(*) AS n FROM plans GROUP BY planner, rung) AS p
                """));
        foreach (var plan in await PlansAsync(bench))
        {
            var replay = await ReplayedAsync(bench, plan);
            Assert.True(replay.Identical, replay.FirstDifference);
            Assert.Null(replay.FirstDifference);
            Assert.Equal(replay.DistanceMm, replay.ReplayedMm);
            Assert.InRange(replay.Tours, 1, 7);
            Assert.Equal(replay.Planner == Planners.Optimized ? 21 : 15, replay.Tasks);
        }
    }

    [Fact]
    public async Task A_search_that_the_clock_ended_is_made_again_from_the_units_it_had_spent()
    {
        // A budget of ten seconds, and a guard that is over before the search begins to move.
        await using var bench = await WalkedBench.CreateAsync(servers, s => s with
        {
            Effort = new EffortSettings
            {
                FullUnits = 1_000_000_000,
                UnitsPerRelease = 1_000_000_000,
                PlanMax = TimeSpan.FromMilliseconds(5),
            },
        });
        await bench.PublishAsync(12, "acme");
        await bench.DrainAsync(SidesOfAPoolTests.On);
        Assert.True(await bench.Picking.ScalarAsync<bool>("SELECT units_used < budget_units FROM plans"));
        var replay = await ReplayedAsync(bench, Assert.Single(await PlansAsync(bench)));
        Assert.True(replay.Identical, replay.FirstDifference);
    }

    [Fact]
    public async Task An_order_that_was_split_and_one_that_was_short_replay_too()
    {
        await using var bench = await WalkedBench.CreateAsync(servers);
        await bench.Picking.SlotAsync("S1", 9, 40, rank: 2);
        await bench.Picking.PublishAsync(bench.Picking.Release([.. Enumerable.Range(0, 30).Select(i => $"S{i}")]));
        await bench.DrainAsync(SidesOfAPoolTests.On);
        var plan = Assert.Single(await PlansAsync(bench));
        Assert.Equal(3, (await ReplayedAsync(bench, plan)).Tours);
        while (await bench.Picking.NextAsync("ann") is { } tour)
        {
            await bench.Picking.ConfirmAsync(
                tour, "ann", [.. tour.Tasks.Select(t => PickingBench.ScanOf(t, t.Sku == "S1" ? 1 : 0, $"x{t.TaskNo}"))]);
        }

        Assert.Equal(31, await bench.Picking.ScalarAsync<long>("SELECT count(*) FROM tasks")); // one asked for again
        var replay = await ReplayedAsync(bench, plan);
        Assert.True(replay.Identical, replay.FirstDifference);
        Assert.Equal(30, replay.Tasks);
    }

    [Theory]
    [InlineData("UPDATE tasks SET bay = bay % 45 + 1 WHERE task_no = 2", ", task 2: 2 for ")]
    [InlineData("UPDATE tasks SET tote = tote + 1 WHERE task_no = 1", ", task 1: 2 for ")]
    [InlineData("UPDATE tours SET distance_mm = distance_mm + 1", "tour 1: ")]
    [InlineData("UPDATE plans SET plan_sha256 = sha256('')", "another digest")]
    [InlineData("DELETE FROM tasks WHERE tour_id = (SELECT tour_id FROM tours ORDER BY tour_no DESC LIMIT 1)", " tours then, ")]
    public async Task A_difference_is_seen_and_said(string meddle, string difference)
    {
        await using var bench = await WalkedBench.CreateAsync(servers);
        await bench.PublishAsync(12, "acme");
        await bench.DrainAsync(SidesOfAPoolTests.On);
        await using (var command = bench.Picking.Database.CreateCommand(meddle))
            Assert.True(await command.ExecuteNonQueryAsync() > 0);
        var replay = await ReplayedAsync(bench, Assert.Single(await PlansAsync(bench)));
        Assert.False(replay.Identical);
        Assert.Contains(difference, replay.FirstDifference, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_that_is_unknown_or_was_stored_before_replays_were_is_refused_by_a_code()
    {
        await using var bench = await WalkedBench.CreateAsync(servers);
        await bench.PublishAsync(1, "acme");
        await bench.DrainAsync(ToggleState.Off);
        Assert.Equal((404, "plan_not_found"), await RefusedAsync(bench, Guid.NewGuid()));
        await using (var command = bench.Picking.Database.CreateCommand("UPDATE plans SET plan_sha256 = NULL"))
            await command.ExecuteNonQueryAsync();
        Assert.Equal((409, "plan_not_replayable"), await RefusedAsync(bench, Assert.Single(await PlansAsync(bench))));
    }

    private static async Task<List<Guid>> PlansAsync(WalkedBench bench) =>
        [.. await bench.Picking.ScalarAsync<Guid[]>("SELECT array_agg(plan_id) FROM plans")];

    private static async Task<PlanReplay> ReplayedAsync(WalkedBench bench, Guid plan) =>
        Assert.IsType<Ok<PlanReplay>>(await HandleAsync(bench, plan)).Value!;

    private static async Task<(int Status, string Code)> RefusedAsync(WalkedBench bench, Guid plan)
    {
        var problem = Assert.IsType<JsonHttpResult<Problem>>(await HandleAsync(bench, plan));
        return (problem.StatusCode!.Value, problem.Value!.Code);
    }

    private static async Task<object> HandleAsync(WalkedBench bench, Guid plan) =>
        (await ReplayPlan.HandleAsync(plan, bench.Picking.Database, bench.Picking.Settings, CancellationToken.None)).Result;
}
