using Fulfillment.Contracts;
using Fulfillment.Picking.Floor;
using Fulfillment.Picking.Tours;
using Fulfillment.Picking.Warehouse;
using Microsoft.AspNetCore.Http.HttpResults;
using Xunit;

namespace Fulfillment.Tests.Picking.Floor;

public sealed class FloorTests(TestServers servers)
{
    [Fact]
    public async Task A_picker_who_asks_again_gets_the_tour_he_holds_and_another_gets_another()
    {
        await using var bench = await WithToursAsync(2);
        var first = await bench.NextAsync("ann");
        var again = await bench.NextAsync("ann");
        var other = await bench.NextAsync("bob");
        Assert.Equal((first!.TourId, first.Fence), (again!.TourId, again.Fence));
        Assert.True(again.LeasedUntil >= first.LeasedUntil);
        Assert.NotEqual(first.TourId, other!.TourId);
        Assert.Null(await bench.NextAsync("cid"));
    }

    [Fact]
    public async Task One_picker_asking_sixteen_times_at_once_holds_one_tour()
    {
        await using var bench = await WithToursAsync(16);
        var tours = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => bench.NextAsync("ann")));
        Assert.Single(tours.Select(t => t!.TourId).Distinct());
        Assert.Equal(1, await bench.ScalarAsync<long>("SELECT count(*) FROM tours WHERE state = 'Leased'"));
    }

    [Fact]
    public async Task Sixteen_pickers_asking_at_once_get_sixteen_tours_and_the_most_urgent_goes_first()
    {
        await using var bench = await WithToursAsync(16);
        var urgent = bench.Release(["A"], shipBy: TimeProvider.System.GetUtcNow().AddMinutes(1));
        await bench.PublishAsync(urgent);
        await bench.DrainAsync();
        Assert.Equal(urgent.OrderId, (await bench.NextAsync("first"))!.Tasks[0].OrderId);
        var tours = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => bench.NextAsync($"p{i}")));
        Assert.Equal(16, tours.Select(t => t!.TourId).Distinct().Count());
    }

    [Fact]
    public async Task Confirms_are_told_line_by_line_and_the_last_one_finishes_the_release_and_the_tour()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        await bench.SlotAsync("B", 2, 2);
        var release = bench.Release(["A", "B"], quantity: 3);
        await bench.PublishAsync(release);
        await bench.DrainAsync();
        var tour = (await bench.NextAsync("ann"))!;

        Assert.Equal("tasks_open", await DoneAsync(bench, tour, "ann"));
        var first = await bench.ConfirmAsync(tour, "ann", [PickingBench.ScanOf(tour.Tasks[0])]);
        Assert.Equal(("InProgress", 1), (first.Answer!.State, first.Answer.OpenTasks));
        // Part of a task: two units now, one later.
        var part = PickingBench.ScanOf(tour.Tasks[1]) with { Picked = 2 };
        Assert.Equal(1, (await bench.ConfirmAsync(tour, "ann", [part])).Answer!.OpenTasks);
        var rest = part with { ScanId = "s2", Picked = 1 };
        Assert.Equal("Done", (await bench.ConfirmAsync(tour, "ann", [rest])).Answer!.State);
        Assert.Null(await DoneAsync(bench, tour, "ann"));

        Assert.Equal(["1 Planned", "2 Picking", "3 Picking", "4 Picked"], await bench.KindsAsync(release));
        var told = (await bench.EventsAsync()).SelectMany(e => e.Lines ?? []).ToList();
        Assert.Equal([3, 2, 1], told.Select(l => l.Picked));
        Assert.Null(await bench.NextAsync("ann"));
    }

    [Fact]
    public async Task The_same_confirm_again_changes_nothing_and_answers_the_same()
    {
        await using var bench = await WithToursAsync(1, lines: 3);
        var tour = (await bench.NextAsync("ann"))!;
        Scan[] two = [PickingBench.ScanOf(tour.Tasks[0]), PickingBench.ScanOf(tour.Tasks[1])];
        var once = await bench.ConfirmAsync(tour, "ann", two);
        var twice = await bench.ConfirmAsync(tour, "ann", two);
        Assert.Equal(once.Answer!.OpenTasks, twice.Answer!.OpenTasks);
        Assert.Equal(2, (await bench.EventsAsync()).Count);

        Scan[] all = [.. two, PickingBench.ScanOf(tour.Tasks[2])]; // a repeat that carries one more
        Assert.Equal("Done", (await bench.ConfirmAsync(tour, "ann", all)).Answer!.State);
        Assert.Equal("Done", (await bench.ConfirmAsync(tour, "ann", all)).Answer!.State); // and after the end
        Assert.Equal(3, await bench.ScalarAsync<long>("SELECT count(*) FROM scans"));
        Assert.Equal(3, (await bench.EventsAsync()).Count);

        var reused = await bench.ConfirmAsync(tour, "ann", [two[0] with { Picked = 1 }]);
        Assert.Equal((409, "scan_reused"), (reused.Status, reused.Code));
    }

    [Fact]
    public async Task The_same_confirm_sixteen_times_at_once_has_its_effect_once()
    {
        await using var bench = await WithToursAsync(1, lines: 2);
        var tour = (await bench.NextAsync("ann"))!;
        var answers = await Task.WhenAll(Enumerable.Range(0, 16)
            .Select(_ => bench.ConfirmAsync(tour, "ann", [.. tour.Tasks.Select(t => PickingBench.ScanOf(t))])));
        Assert.All(answers, a => Assert.Equal("Done", a.Answer?.State));
        Assert.Equal(4, await bench.ScalarAsync<long>("SELECT sum(picked) FROM tasks"));
        Assert.Equal(2, (await bench.EventsAsync()).Count);
    }

    private static Scan Spoiled(Scan scan, string how) => how switch
    {
        "other side" => scan with { Location = scan.Location! with { Side = "R" } },
        "no location" => scan with { Location = null },
        "other SKU" => scan with { Sku = "ANOTHER" },
        "other tote" => scan with { Tote = 99 },
        "no such task" => scan with { TaskNo = 77 },
        "one too many" => scan with { Picked = 3 },
        "overflow" => scan with { Picked = int.MaxValue, Short = int.MaxValue },
        _ => throw new ArgumentOutOfRangeException(nameof(how), how, null),
    };

    [Theory]
    [InlineData("wrong_location", "other side")]
    [InlineData("wrong_location", "no location")]
    [InlineData("wrong_sku", "other SKU")]
    [InlineData("wrong_tote", "other tote")]
    [InlineData("unknown_task", "no such task")]
    [InlineData("too_many", "one too many")]
    [InlineData("too_many", "overflow")]
    public async Task A_wrong_scan_refuses_its_whole_call_and_nothing_is_stored(string code, string how)
    {
        await using var bench = await WithToursAsync(1, lines: 2);
        var tour = (await bench.NextAsync("ann"))!;
        var answer = await bench.ConfirmAsync(
            tour, "ann", [PickingBench.ScanOf(tour.Tasks[0]), Spoiled(PickingBench.ScanOf(tour.Tasks[1]), how)]);
        Assert.Equal((422, code), (answer.Status, answer.Code));
        Assert.Equal(0, await bench.ScalarAsync<long>(
            "SELECT (SELECT count(*) FROM scans) + (SELECT sum(picked) FROM tasks)"));
        Assert.Single(await bench.EventsAsync());
    }

    [Theory]
    [InlineData(45, 200)]
    [InlineData(46, 400)]
    [InlineData(0, 400)]
    public async Task A_call_takes_1_to_45_scans(int scans, int status)
    {
        await using var bench = await PickingBench.CreateAsync(servers, s => s with { CartLines = 100 });
        await bench.SlotAsync("A", 1, 1);
        await bench.PublishAsync(bench.Release([.. Enumerable.Repeat("A", 46)]));
        await bench.DrainAsync();
        var tour = (await bench.NextAsync("ann"))!;
        var answer = await bench.ConfirmAsync(tour, "ann",
            [.. tour.Tasks.Take(scans).Select(t => PickingBench.ScanOf(t))]);
        Assert.Equal(status, answer.Status);
    }

    [Fact]
    public async Task An_expired_lease_gives_the_tour_to_another_who_finds_what_was_confirmed()
    {
        await using var bench = await WithToursAsync(1, lines: 2);
        var slow = (await bench.NextAsync("slow"))!;
        await bench.ConfirmAsync(slow, "slow", [PickingBench.ScanOf(slow.Tasks[0])]);
        var sweep = new ExpireLeases(bench.Database, bench.Settings);
        var almost = bench.Settings.Lease - TimeSpan.FromMinutes(1);
        await bench.ExecuteAsync($"UPDATE tours SET leased_until = leased_until - interval '{almost}'"); // time passes
        Assert.Equal(0, await sweep.ExpireAsync(CancellationToken.None));
        Assert.Null(await bench.NextAsync("quick"));
        await bench.ExecuteAsync("UPDATE tours SET leased_until = leased_until - interval '2 minutes'");
        Assert.Equal(1, await sweep.ExpireAsync(CancellationToken.None));

        var lost = await bench.ConfirmAsync(slow, "slow", [PickingBench.ScanOf(slow.Tasks[1])]);
        Assert.Equal((409, "lease_lost"), (lost.Status, lost.Code));
        var quick = (await bench.NextAsync("quick"))!;
        Assert.Equal((slow.TourId, true), (quick.TourId, quick.Fence > slow.Fence));
        Assert.Equal(slow.Tasks[1], Assert.Single(quick.Tasks));
        lost = await bench.ConfirmAsync(slow, "slow", [PickingBench.ScanOf(slow.Tasks[1])]);
        Assert.Equal("lease_lost", lost.Code);
        Assert.Equal("Done", (await bench.ConfirmAsync(quick, "quick", [PickingBench.ScanOf(quick.Tasks[0])]))
            .Answer!.State);
        Assert.Equal(4, await bench.ScalarAsync<long>("SELECT sum(picked) FROM tasks"));
    }

    [Fact]
    public async Task A_confirm_renews_the_lease()
    {
        await using var bench = await WithToursAsync(1, lines: 2);
        var tour = (await bench.NextAsync("ann"))!;
        var answer = await bench.ConfirmAsync(tour, "ann", [PickingBench.ScanOf(tour.Tasks[0])]);
        Assert.True(answer.Answer!.LeasedUntil > tour.LeasedUntil);
    }

    [Fact]
    public async Task What_is_short_is_asked_for_again_at_the_next_slot_and_only_then_told_as_short()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        await bench.SlotAsync("A", 9, 30, "R", rank: 2);
        var release = bench.Release(["A"], quantity: 5);
        await bench.PublishAsync(release);
        await bench.DrainAsync();
        var tour = (await bench.NextAsync("ann"))!;

        var first = (await bench.ConfirmAsync(tour, "ann", [PickingBench.ScanOf(tour.Tasks[0], shortUnits: 3)]))
            .Answer!;
        var again = Assert.Single(first.Added);
        Assert.Equal((new Shelf(9, 30, "R"), 3, "InProgress"), (again.Location, again.Quantity, first.State));
        Assert.Equal(again, Assert.Single((await bench.NextAsync("ann"))!.Tasks)); // asked again, the tour has it too
        var second = (await bench.ConfirmAsync(tour, "ann", [PickingBench.ScanOf(again, shortUnits: 2)])).Answer!;
        Assert.Equal("Done", second.State);

        Assert.Equal(["1 Planned", "2 Picking", "3 Picked"], await bench.KindsAsync(release));
        var told = (await bench.EventsAsync()).SelectMany(e => e.Lines ?? []).Select(l => (l.Picked, l.Short));
        Assert.Equal([(2, 0), (1, 2)], told);
        Assert.Equal(2, await bench.ScalarAsync<long>("SELECT count(*) FROM count_tasks"));
    }

    [Fact]
    public async Task A_release_of_which_nothing_is_there_is_picked_with_all_of_it_short()
    {
        await using var bench = await WithToursAsync(1, lines: 1);
        var tour = (await bench.NextAsync("ann"))!;
        await bench.ConfirmAsync(tour, "ann", [PickingBench.ScanOf(tour.Tasks[0], shortUnits: 2)]);
        var picked = (await bench.EventsAsync()).Single(e => e.Kind == EventKinds.Picked);
        Assert.Equal((0, 2), (picked.Lines![0].Picked, picked.Lines[0].Short));
        Assert.Equal(1, await bench.ScalarAsync<long>("SELECT count(*) FROM count_tasks"));
    }

    [Fact]
    public async Task The_lead_sees_a_tour_and_the_backlog()
    {
        await using var bench = await WithToursAsync(2, lines: 2);
        var tour = (await bench.NextAsync("ann"))!;
        var shown = await ShowTour.HandleAsync(tour.TourId, bench.Database, bench.Settings, CancellationToken.None);
        var view = Assert.IsType<Ok<TourView>>(shown.Result).Value!;
        Assert.Equal(("Leased", "ann", 2), (view.State, view.PickerId, view.Tasks.Count));
        var backlog = (await ShowBacklog.HandleAsync(
            bench.Database, bench.Settings, TimeProvider.System, CancellationToken.None)).Value!;
        Assert.Equal((1, 1, 2, 2),
            (backlog.ToursWaiting, backlog.ToursUnderWay, backlog.TasksWaiting, backlog.ReleasesOpen));
    }

    /// <summary>One tour for each release: a cart takes no more than the release's lines.</summary>
    private async Task<PickingBench> WithToursAsync(int tours, int lines = 1)
    {
        var bench = await PickingBench.CreateAsync(servers, s => s with { CartLines = lines });
        await bench.SlotAsync("A", 1, 1);
        for (var i = 0; i < tours; i++) await bench.PublishAsync(bench.Release([.. Enumerable.Repeat("A", lines)]));
        await bench.DrainAsync();
        return bench;
    }

    private static async Task<string?> DoneAsync(PickingBench bench, FloorTour tour, string picker)
    {
        var done = await FinishTour.HandleAsync(
            tour.TourId, new DoneRequest(picker, tour.Fence), bench.Database, bench.Settings, CancellationToken.None);
        return (done.Result as JsonHttpResult<Fulfillment.ServiceDefaults.Problem>)?.Value!.Code;
    }
}
