using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.Progress;
using Fulfillment.Tests.Orders.Dispatch;
using Xunit;
using static Fulfillment.Tests.Orders.Progress.Applied;

namespace Fulfillment.Tests.Orders.Progress;

/// <summary>What becomes of the units of a parked release: a person says.</summary>
public sealed class SkipParkedTests(TestServers servers)
{
    [Theory]
    [InlineData(SkipUnits.Free, "1 Picked", 0, 1, 3)]
    [InlineData(SkipUnits.Again, "1 Picked,2 Waiting", 3, 1, 3)]
    [InlineData(SkipUnits.Picked, "1 Picked", 0, 0, 0)]
    public async Task The_open_units_are_free_or_go_again_or_have_left_the_shelf(
        string units, string releases, long reserved, long onHandFirst, long open)
    {
        await using var room = await Backroom.OpenAsync(servers);
        var feed = new FakePicking();
        var release = (await DispatchedAsync(room, orders: 1))[0];
        feed.Add(release, EventKinds.Planned);
        feed.Add(release, EventKinds.Picking, lines: new PickedLine(1, "sku-1", 1, 0)); // 1 of 4 units
        feed.Add(release, "Teleported");
        await ApplyAllAsync(room, feed, runMax: 256);

        var (skipped, _) = await SkipAsync(room, release, units);
        Assert.Equal((units, 3), (skipped!.Units, skipped.Quantity));
        Assert.Equal(releases, await room.ScalarAsync<string>(
            "SELECT string_agg(release_no || ' ' || state, ',' ORDER BY release_no) FROM releases"));
        Assert.Equal(reserved, await room.ScalarAsync<long>("SELECT sum(reserved)::bigint FROM stock"));
        Assert.Equal(onHandFirst, await room.ScalarAsync<long>("SELECT on_hand FROM stock WHERE sku = 'sku-1'"));
        Assert.Equal(open, await room.ScalarAsync<long>("SELECT sum(on_hand)::bigint FROM stock"));
        await AssertStockAddsUpAsync(room);

        // What Picking may still tell of it is passed over, and known to be told.
        feed.Add(release, EventKinds.Picked, lines: new PickedLine(2, "sku-2", 2, 0));
        await ApplyAllAsync(room, feed, runMax: 256);
        Assert.Equal(0, await room.ScalarAsync<long>("SELECT count(*) FROM parked_events"));
        Assert.Equal(4, await room.ScalarAsync<int>("SELECT feed_version FROM releases WHERE release_no = 1"));
        await AssertStockAddsUpAsync(room);
        Assert.Null((await SkipAsync(room, release, units)).Skipped); // once
    }

    [Fact]
    public async Task An_order_of_which_nothing_is_left_then_is_cancelled()
    {
        await using var room = await Backroom.OpenAsync(servers);
        var feed = new FakePicking();
        var release = (await DispatchedAsync(room, orders: 1))[0];
        feed.Add(release, EventKinds.Cancelled, signalNo: 0); // a cancel that nobody sent
        await ApplyAllAsync(room, feed, runMax: 256);
        await SkipAsync(room, release, SkipUnits.Free);
        Assert.Equal(1, await room.ScalarAsync<long>("SELECT count(*) FROM orders WHERE cancelled_at IS NOT NULL"));
        Assert.Equal((0L, 4L), (
            await room.ScalarAsync<long>("SELECT sum(reserved)::bigint FROM stock"),
            await room.ScalarAsync<long>("SELECT sum(cancelled)::bigint FROM order_lines")));
        await AssertStockAddsUpAsync(room);
    }

    [Fact]
    public async Task A_release_that_nobody_knows_has_no_units_and_one_that_is_known_has()
    {
        await using var room = await Backroom.OpenAsync(servers);
        var feed = new FakePicking();
        var release = (await DispatchedAsync(room, orders: 1))[0];
        var stranger = release with { OrderId = Guid.NewGuid() };
        feed.Add(release, "Teleported");
        feed.Add(stranger, EventKinds.Planned);
        await ApplyAllAsync(room, feed, runMax: 256);
        await Assert.ThrowsAsync<EventsRefusedException>(() => SkipAsync(room, release, SkipUnits.None));
        await Assert.ThrowsAsync<EventsRefusedException>(() => SkipAsync(room, stranger, SkipUnits.Free));
        Assert.Equal(0, (await SkipAsync(room, stranger, SkipUnits.None)).Skipped!.Quantity);
        feed.Add(stranger, EventKinds.Failed, reason: "later");
        await ApplyAllAsync(room, feed, runMax: 256);
        Assert.Equal(1, await room.ScalarAsync<long>("SELECT count(*) FROM parked_events")); // of the known one
        Assert.Equal("none", await room.ScalarAsync<string>(
            "SELECT units FROM parked_releases WHERE skipped_at IS NOT NULL"));
    }

    private static Task<(Skipped? Skipped, Effects Effects)> SkipAsync(
        Backroom room, ReleaseKey release, string units) => SkipParked.RunAsync(
        room.Database, room.Warehouse, release, units, room.Clock.GetUtcNow(), CancellationToken.None);
}
