using Fulfillment.Orders.Dispatch;
using Xunit;

namespace Fulfillment.Tests.Orders.Dispatch;

/// <summary>Whose entries are published again, and whose are not.</summary>
public sealed class RepairTests(TestServers servers)
{
    [Fact]
    public async Task The_feed_of_another_warehouse_that_stands_still_stops_no_repair_here()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await room.AddClientAsync("brand");
        await room.AddOrdersAsync("brand", orders: 1, lines: 1);
        await room.ExecuteAsync("""
            INSERT INTO feed_cursors (feed, cursor, moved_at, caught_up_at) VALUES ('dead', '0-0', now(), '2020-01-01')
            """);
        var relay = await room.StartRelayAsync();
        await Backroom.RunAsync(relay);
        await room.TakeAllAsync();
        room.Clock.Advance(room.Options.RepublishAfter + room.Options.SweepInterval);
        await Backroom.RunAsync(relay); // sees it gone
        await LookAgainAsync(room, relay);
        Assert.Single(await room.StandingAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_parked_release_is_published_no_more(bool hadAnEntry)
    {
        await using var room = await Backroom.OpenAsync(servers);
        await room.AddClientAsync("brand");
        var releases = await room.AddOrdersAsync("brand", orders: 2, lines: 1);
        var relay = await room.StartRelayAsync();
        await Backroom.RunAsync(relay);
        await room.TakeAllAsync();
        if (!hadAnEntry) await room.ExecuteAsync("UPDATE releases SET stream_entry = NULL");
        await room.ExecuteAsync("""
            INSERT INTO parked_releases (warehouse_id, client_id, order_id, release_no, code, reason, parked_at)
            VALUES ($1, $2, $3, 1, 'unknown_kind', 'of a newer Picking', now())
            """, room.Warehouse, releases[0].ClientId, releases[0].OrderId);
        for (var look = 0; look < 3; look++)
        {
            room.Clock.Advance(room.Options.RepublishAfter + room.Options.SweepInterval);
            await Backroom.RunAsync(relay);
            await LookAgainAsync(room, relay);
        }

        Assert.Equal([releases[1]], (await room.StandingAsync()).Select(entry => entry.Release).Distinct());
    }

    // The feed is caught up after the relay's last look; the relay looks again.
    private static async Task LookAgainAsync(Backroom room, WarehouseRelay relay)
    {
        room.Clock.Advance(TimeSpan.FromMilliseconds(1));
        await room.FeedCaughtUpAsync(room.Clock.GetUtcNow());
        room.Clock.Advance(room.Options.SweepInterval);
        await Backroom.RunAsync(relay);
    }
}
