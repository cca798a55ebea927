using Fulfillment.Contracts;
using Fulfillment.Orders.Progress;
using Fulfillment.ServiceDefaults;
using Fulfillment.Tests.Orders.Dispatch;
using Xunit;
using static Fulfillment.Tests.Orders.Progress.Applied;

namespace Fulfillment.Tests.Orders.Progress;

public sealed class FeedCursorsTests(TestServers servers)
{
    [Fact]
    public async Task A_cursor_that_somebody_else_has_moved_refuses_the_whole_run()
    {
        await using var room = await Backroom.OpenAsync(servers);
        var feed = new FakePicking();
        var releases = await DispatchedAsync(room, orders: 2);
        foreach (var release in releases) feed.Add(release, EventKinds.Planned);
        await ApplyAllAsync(room, feed, runMax: 1);
        var late = new Run(
            room.Warehouse, FeedCursor.Start, feed.After(FeedCursor.Start, 1), Resuming: true, 100, room.Clock.GetUtcNow());
        await Assert.ThrowsAsync<CursorMovedException>(() =>
            ApplyEvents.ApplyAsync(room.Database, late, StopAt.Nowhere, CancellationToken.None));
        Assert.Equal(2, await room.ScalarAsync<long>("SELECT applied FROM feed_cursors"));
    }

    [Fact]
    public async Task The_cursor_of_the_time_before_there_was_one_by_warehouse_is_taken_over()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await room.ExecuteAsync("INSERT INTO feed_cursors (feed, cursor, moved_at) VALUES ('picking', '712-3', now())");
        await FeedCursors.OpenAsync(room.Database, room.Warehouse, room.Clock.GetUtcNow(), CancellationToken.None);
        var row = await FeedCursors.ReadAsync(room.Database, room.Warehouse, CancellationToken.None);
        Assert.Equal(new FeedCursor(712, 3), row.Cursor);
        Assert.Equal(1, await room.ScalarAsync<long>("SELECT count(*) FROM feed_cursors"));
    }
}
