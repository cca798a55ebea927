using Fulfillment.Contracts;
using Fulfillment.Picking.Intake;
using Fulfillment.Planning;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Picking.Intake;

public sealed class IntakeTests(TestServers servers)
{
    [Fact]
    public async Task A_release_becomes_a_tour_and_its_entry_is_gone()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 3, 7, "R");
        var release = bench.Release(["A"], quantity: 5);
        await bench.PublishAsync(release);
        await bench.DrainAsync();

        var planned = Assert.Single(await bench.EventsAsync());
        Assert.Equal((EventKinds.Planned, 1, release.OrderId), (planned.Kind, planned.Version, planned.OrderId));
        var tour = await bench.NextAsync("ann");
        Assert.Equal([tour!.TourId], planned.Tours);
        var task = Assert.Single(tour.Tasks);
        Assert.Equal((3, 7, "R", "A", 5),
            (task.Location.Aisle, task.Location.Bay, task.Location.Side, task.Sku, task.Quantity));
        // Aisle 3 is 10 m to the right of the depot, bay 7 is 7.5 m deep: there and back.
        Assert.Equal(35_000, await bench.ScalarAsync<long>("SELECT distance_mm FROM tours"));
        Assert.Equal(0, (await bench.Keys.StreamPendingAsync(bench.Stream, StreamNames.Group)).PendingMessageCount);
    }

    [Fact]
    public async Task A_plan_can_be_made_again_from_what_is_stored_with_it()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        for (var i = 1; i <= 9; i++) await bench.SlotAsync($"S{i}", i, 5 * i);
        for (var i = 0; i < 6; i++) await bench.PublishAsync(bench.Release([$"S{i + 1}", $"S{i + 3}", $"S{i + 4}"]));
        await bench.DrainAsync();

        var problem = ProblemRecord.Read(await bench.ScalarAsync<byte[]>("SELECT problem FROM plans"));
        var again = Assert.IsType<PlanningOutcome.Planned>(BaselinePlanner.Plan(problem)).Plan;
        Assert.Equal(await bench.ScalarAsync<long>("SELECT distance_mm FROM plans"), again.Distance.Value);
        Assert.Equal(18, again.Tours.Sum(t => t.Stops.Sum(s => s.Picks.Count)));
    }

    [Fact]
    public async Task The_same_release_is_planned_once_however_often_it_comes()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        var release = bench.Release(["A"]);
        await bench.PublishAsync(release);
        await bench.PublishAsync(release); // twice in one pool
        await bench.DrainAsync();
        await bench.PublishAsync(release); // and once later
        await bench.DrainAsync();

        Assert.Equal(["1 Planned"], await bench.KindsAsync(release));
        Assert.Equal(1, await bench.ScalarAsync<long>("SELECT count(*) FROM tours"));
    }

    [Fact]
    public async Task Four_workers_plan_each_release_once()
    {
        await using var bench = await PickingBench.CreateAsync(servers, s => s with { PoolOrdersMax = 7 });
        await bench.SlotAsync("A", 2, 2);
        for (var i = 0; i < 100; i++)
        {
            var release = bench.Release(["A"]);
            await bench.PublishAsync(release);
            if (i % 3 == 0) await bench.PublishAsync(release);
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => bench.DrainAsync(bench.Worker().Worker)));
        Assert.Equal(100, (await bench.EventsAsync()).Count);
        Assert.Equal(100, await bench.ScalarAsync<long>("SELECT count(*) FROM tasks"));
    }

    [Fact]
    public async Task An_order_larger_than_a_cart_is_on_several_tours_and_picked_when_all_are_done()
    {
        await using var bench = await PickingBench.CreateAsync(servers, s => s with { CartLines = 45 });
        for (var i = 0; i < 100; i++) await bench.SlotAsync($"S{i}", 1 + i % 10, 1 + i % 45);
        var release = bench.Release([.. Enumerable.Range(0, 100).Select(i => $"S{i}")]);
        await bench.PublishAsync(release);
        await bench.DrainAsync();

        var planned = Assert.Single(await bench.EventsAsync());
        Assert.Equal(3, planned.Tours!.Count);
        for (var i = 0; i < 3; i++)
        {
            var tour = await bench.NextAsync($"picker{i}");
            Assert.InRange(tour!.Tasks.Count, 1, 45);
            var confirmed = await bench.ConfirmAsync(tour, $"picker{i}",
                [.. tour.Tasks.Select(t => PickingBench.ScanOf(t))]);
            Assert.Equal("Done", confirmed.Answer!.State);
        }

        Assert.Equal(["1 Planned", "2 Picking", "3 Picking", "4 Picked"], await bench.KindsAsync(release));
        var lines = (await bench.EventsAsync()).SelectMany(e => e.Lines ?? []).ToList();
        Assert.Equal(100, lines.Select(l => l.LineNo).Distinct().Count());
        Assert.All(lines, l => Assert.Equal((2, 0), (l.Picked, l.Short)));
    }

    [Theory]
    [InlineData(45, 1)]
    [InlineData(46, 2)]
    public async Task A_cart_takes_45_lines_and_not_46(int lines, int tours)
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        await bench.PublishAsync(bench.Release([.. Enumerable.Repeat("A", lines)]));
        await bench.DrainAsync();
        Assert.Equal(tours, await bench.ScalarAsync<long>("SELECT count(*) FROM tours"));
    }

    [Fact]
    public async Task After_a_flush_in_mid_run_what_is_published_again_is_planned_once()
    {
        await using var redis = await TestServers.StartRedisAsync();
        await using var bench = await PickingBench.CreateAsync(
            servers, s => s with { PoolOrdersMax = 5 }, redis.Endpoint);
        await bench.SlotAsync("A", 1, 1);
        var releases = Enumerable.Range(0, 20).Select(_ => bench.Release(["A"])).ToList();
        foreach (var release in releases) await bench.PublishAsync(release);
        var (worker, queue) = bench.Worker(Faults.None);
        await queue.ReadAsync(1); // makes the group
        await worker.PollOnceAsync(CancellationToken.None); // five are planned
        await queue.ReadAsync(10); // ten in somebody's hands, five untouched
        Assert.Equal(15, await bench.Keys.StreamLengthAsync(bench.Stream));
        await bench.Redis.GetServers()[0].FlushAllDatabasesAsync();

        foreach (var release in releases) await bench.PublishAsync(release); // as the relay does when the epoch is gone
        await bench.DrainAsync(worker);
        foreach (var release in releases) Assert.Equal(["1 Planned"], await bench.KindsAsync(release));
        Assert.Equal(20, await bench.ScalarAsync<long>("SELECT count(*) FROM tasks"));
    }

    [Fact]
    public async Task A_worker_that_is_told_to_stop_hands_its_pool_to_the_next_one_at_once()
    {
        await using var bench = await PickingBench.CreateAsync(
            servers, s => s with { ClaimAfter = TimeSpan.FromHours(1), PoolWait = TimeSpan.FromMinutes(1) });
        await bench.SlotAsync("A", 1, 1);
        var id = await bench.PublishAsync(bench.Release(["A"]));
        var (leaving, queue) = bench.Worker();
        await queue.ReadAsync(1); // makes the group
        using var stop = new CancellationTokenSource();
        var polling = leaving.PollOnceAsync(stop.Token);
        await Eventually.HoldsAsync(async () =>
            (await bench.Keys.StreamPendingAsync(bench.Stream, StreamNames.Group)).PendingMessageCount == 1);
        await stop.CancelAsync();
        await polling;
        Assert.Equal(0, await bench.ScalarAsync<long>("SELECT count(*) FROM tours"));

        // The claim time is an hour, and the entry kept its id: neither waited for nor moved.
        var taken = Assert.Single(await bench.Worker().Queue.ClaimAsync(10));
        Assert.Equal((id, 1), (taken.Entry.Id, taken.Count));
    }

    [Fact]
    public async Task An_orphaned_entry_is_put_into_the_queue_again()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        var release = bench.Release(["A"]);
        var (worker, queue) = bench.Worker();
        await queue.ReadAsync(1); // makes the group
        await bench.PublishAsync(release);
        Assert.Single(await queue.ReadAsync(1));
        Assert.Equal(0, await queue.RequeueOrphansAsync()); // in somebody's hands: no orphan
        await bench.Keys.StreamDeleteConsumerAsync(bench.Stream, StreamNames.Group, queue.Consumer);
        Assert.Equal(1, await queue.RequeueOrphansAsync());
        await bench.DrainAsync(worker);
        Assert.Equal(["1 Planned"], await bench.KindsAsync(release));
    }

    [Fact]
    public async Task A_worker_with_entries_in_hand_stays_in_the_group_when_it_leaves()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        var (_, busy) = bench.Worker();
        var (_, free) = bench.Worker();
        await busy.ReadAsync(1);
        await bench.PublishAsync(bench.Release(["A"]));
        Assert.Single(await busy.ReadAsync(1));
        await free.ReadAsync(1);
        await busy.BeatAsync();
        Assert.Equal(1, await bench.Keys.SortedSetLengthAsync(StreamNames.Workers(bench.Settings.WarehouseId)));
        await busy.LeaveAsync();
        await free.LeaveAsync();
        var left = Assert.Single(await bench.Keys.StreamConsumerInfoAsync(bench.Stream, StreamNames.Group));
        Assert.Equal(busy.Consumer, left.Name);
        Assert.Equal(0, await bench.Keys.SortedSetLengthAsync(StreamNames.Workers(bench.Settings.WarehouseId)));
    }
}
