using Xunit;

namespace Fulfillment.Tests.Orders;

/// <summary>
/// One of the two databases goes back to an earlier point in time, under a running Orders and a running Picking whose
/// floor walks on. It is noticed, resumed by the documented command, and then the two agree about everything.
/// </summary>
public sealed class RestoredTests(TestServers servers)
{
    [Fact]
    public async Task A_pickingdb_restored_to_a_point_in_time_is_noticed_and_resumed_and_the_two_agree()
    {
        await using var world = await RestoredWorld.StartAsync(servers);
        await world.PlaceAsync(12);
        await world.ConfirmAsync(scans: 5, shorts: 1);
        await world.SettleAsync();
        var before = await world.CopyAsync(world.PickingDb);

        await world.PlaceAsync(8);
        await world.ConfirmAsync(scans: 9, shorts: 1);
        await world.SettleAsync();
        await world.StartPickingAsync(before);
        await world.ConfirmAsync(scans: 6, shorts: 1); // the floor does not wait: some of it is done a second time
        await world.PlaceAsync(4);

        Assert.Contains("is not in this log", await world.NoticedAsync());
        await world.ResumeAsync();
        await world.FinishAsync();
        await world.AssertAgreeAsync();
        Assert.Equal(0, await world.CountAsync("SELECT count(*) FROM parked_releases"));
    }

    [Fact]
    public async Task An_ordersdb_restored_to_a_point_in_time_is_noticed_and_resumed_and_the_two_agree()
    {
        await using var world = await RestoredWorld.StartAsync(servers);
        await world.PlaceAsync(12);
        await world.ConfirmAsync(scans: 5, shorts: 1);
        await world.SettleAsync();
        var before = await world.CopyAsync(world.Orders.ConnectionString);

        await world.ConfirmAsync(scans: 9, shorts: 0);
        var lost = await world.PlaceAsync(8);
        await world.ConfirmAsync(scans: 5, shorts: 0);
        await world.SettleAsync();
        await world.Orders.StartOnAsync(before);
        await world.PlaceAsync(4);

        Assert.Contains("The reader had more", await world.NoticedAsync());
        await world.ResumeAsync();
        await world.FinishAsync();
        await world.AssertAgreeAsync();
        // What was made for orders that nobody has is given up, and each says how many units are to be put back.
        Assert.Equal(lost, await world.CountAsync(
            "SELECT count(*) FROM parked_releases WHERE units = 'none' AND reason LIKE '%are to be put back'"));
    }

    [Fact]
    public async Task A_pickingdb_moved_by_dump_into_a_younger_cluster_is_noticed_and_resumed_and_tells_what_is_new()
    {
        await using var world = await RestoredWorld.StartAsync(servers);
        await world.PlaceAsync(6);
        await world.ConfirmAsync(scans: 4, shorts: 0);
        await world.SettleAsync();
        // Its rows name transactions that the cluster has yet to come to; so does the cursor.
        await world.InPickingAsync("UPDATE events SET xid = (xid::text::bigint + 1000000000)::text::xid8");
        await world.InPickingAsync("UPDATE feed_readers SET xid = (xid::text::bigint + 1000000000)::text::xid8");
        await world.InOrdersAsync("""
            UPDATE feed_cursors SET cursor = (split_part(cursor, '-', 1)::bigint + 1000000000) || '-'
                || split_part(cursor, '-', 2) WHERE cursor <> '0-0'
            """);
        await world.ConfirmAsync(scans: 4, shorts: 0); // would sort before all that was told
        Assert.Contains("is not in this log", await world.NoticedAsync());
        await world.ResumeAsync();
        await world.FinishAsync();
        await world.AssertAgreeAsync();
    }
}
