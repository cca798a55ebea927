using Fulfillment.Contracts;
using Fulfillment.Picking.Feed;
using Fulfillment.Picking.Intake;
using Fulfillment.Picking.Retention;
using Fulfillment.Surge.Invariants;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Picking.Retention;

public sealed class RetentionTests(TestServers servers)
{
    private static readonly string[] Tables =
        ["events", "scans", "tasks", "plans", "tours", "signals", "inbox", "dead_letters", "lone_failures"];

    [Fact]
    public async Task What_is_over_goes_in_its_time_and_what_is_under_way_or_unread_stays()
    {
        await using var bench = await PickingBench.CreateAsync(
            servers, s => s with { PoolOrdersMax = 1, RetentionBatchMax = 2 });
        await bench.SlotAsync("A", 1, 1);
        var (over, live) = (await PublishAsync(bench, 5), await PublishAsync(bench, 1));
        await bench.PublishAsync(At(bench.Release(["NOWHERE"])));
        await bench.DrainAsync();
        for (var walk = 0; walk < over.Count; walk++) await WalkAsync(bench);
        await bench.SignalAsync(over[0], MessageKinds.Cancel); // refused: it is picked
        await bench.DrainAsync();
        var before = await CountAsync(bench);
        Assert.Equal([13, 5, 6, 6, 6, 1, 7, 1, 0], before);

        // A reader has come past all but the last three.
        var events = await bench.EventsAsync();
        Assert.Equal(CursorFinding.Known, await FeedReaders.FindAsync(
            bench.Database, bench.Settings.WarehouseId, "orders", FeedCursor.After(events[^4]),
            TestContext.Current.CancellationToken));

        Assert.Equal(0, await RunAsync(bench, days: 6.9));
        Assert.Equal(9, await RunAsync(bench, days: 7.1)); // the events below the one that the cursor names
        Assert.Equal(0, await RunAsync(bench, days: 29.9));
        await RunAsync(bench, days: 30.1);
        Assert.Equal([4, 0, 1, 0, 1, 1, 7, 1, 0], await CountAsync(bench)); // the live tour, with its task
        Assert.Equal(0, await RunAsync(bench, days: 89.9));
        await RunAsync(bench, days: 90.1);
        Assert.Equal([4, 0, 1, 0, 1, 0, 1, 0, 0], await CountAsync(bench));
        Assert.Equal(live[0].OrderId, await bench.ScalarAsync<Guid>("SELECT order_id FROM inbox"));
        foreach (var invariant in PickingInvariants.All)
            Assert.Empty(await invariant.OffendersAsync(bench.Database, TestContext.Current.CancellationToken));

        // The floor goes on.
        await WalkAsync(bench);
        Assert.Equal("Picked", await bench.ScalarAsync<string>("SELECT state FROM inbox"));
    }

    [Fact]
    public async Task While_nobody_reads_no_event_goes()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        await PublishAsync(bench, 2);
        await bench.DrainAsync();
        await RunAsync(bench, days: 1_000);
        Assert.Equal(2, await bench.ScalarAsync<long>("SELECT count(*) FROM events"));
    }

    [Fact]
    public async Task One_replica_at_a_time_deletes()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        await PublishAsync(bench, 1);
        await bench.DrainAsync();
        await WalkAsync(bench);
        await using var other = await bench.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var turn = new NpgsqlCommand(
            "SELECT pg_advisory_lock(hashtextextended('retention:' || $1, 0))", other)
        {
            Parameters = { new() { Value = bench.Settings.WarehouseId } },
        };
        await turn.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, await RunAsync(bench, days: 100));
        await other.CloseAsync();
        Assert.NotEqual(0, await RunAsync(bench, days: 100));
    }

    [Theory]
    [InlineData(88.9, true)]
    [InlineData(89.1, false)]
    public async Task A_release_older_than_what_the_inbox_keeps_is_refused_and_not_told(double days, bool planned)
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 1, 1);
        var release = At(bench.Release(["A"])) with
        {
            DispatchedAt = TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(days),
        };
        await bench.PublishAsync(release);
        await bench.DrainAsync();
        Assert.Equal(planned ? 1 : 0, await bench.ScalarAsync<long>("SELECT count(*) FROM inbox"));
        Assert.Equal(planned ? 1 : 0, await bench.ScalarAsync<long>("SELECT count(*) FROM events"));
        Assert.Equal(planned ? 0 : 1, await bench.ScalarAsync<long>(
            "SELECT count(*) FROM dead_letters WHERE reason LIKE 'too_old: %'"));
    }

    [Fact]
    public async Task What_a_burial_left_of_the_count_of_failures_goes()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        var lost = At(bench.Release(["NOWHERE"]));
        await bench.PublishAsync(lost);
        await bench.DrainAsync();
        await new LoneFailures(bench.Database, bench.Settings, TimeProvider.System)
            .BeginAsync(new ReleaseId(lost.OrderId, 1), TestContext.Current.CancellationToken);
        Assert.Equal(1, await RunAsync(bench, days: 1));
        Assert.Equal(0, await bench.ScalarAsync<long>("SELECT count(*) FROM lone_failures"));
    }

    // As Orders numbers its orders: by time.
    private static ReleaseMessage At(ReleaseMessage release) =>
        release with { OrderId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()) };

    private static async Task<List<ReleaseMessage>> PublishAsync(PickingBench bench, int count)
    {
        var releases = Enumerable.Range(0, count).Select(_ => At(bench.Release(["A"]))).ToList();
        foreach (var release in releases) await bench.PublishAsync(release);
        return releases;
    }

    private static async Task WalkAsync(PickingBench bench)
    {
        var tour = (await bench.NextAsync("ann"))!;
        await bench.ConfirmAsync(tour, "ann", [.. tour.Tasks.Select(task => PickingBench.ScanOf(task))]);
    }

    private static Task<int> RunAsync(PickingBench bench, double days) => new DeleteOld(
        bench.Database, bench.Settings, new FakeTimeProvider(TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(days)))
        .RunAsync(TestContext.Current.CancellationToken);

    private static async Task<List<long>> CountAsync(PickingBench bench)
    {
        var counts = new List<long>();
        foreach (var table in Tables)
            counts.Add(await bench.ScalarAsync<long>($"SELECT count(*) FROM {table}"));
        return counts;
    }
}
