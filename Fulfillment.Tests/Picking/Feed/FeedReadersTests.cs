using Fulfillment.Contracts;
using Fulfillment.Picking.Feed;
using Xunit;

namespace Fulfillment.Tests.Picking.Feed;

public sealed class FeedReadersTests(TestServers servers)
{
    [Fact]
    public async Task A_cursor_is_known_while_its_event_stands_in_the_log()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        var events = await TellAsync(bench, 3);
        Assert.Equal(CursorFinding.Known, await FindAsync(bench, FeedCursor.Start));
        Assert.Equal(CursorFinding.Known, await FindAsync(bench, FeedCursor.After(events[1])));
        var unnamed = new FeedCursor(events[1].Xid, events[1].Id); // as an older reader stored it
        Assert.Equal(CursorFinding.Known, await FindAsync(bench, unnamed));
    }

    [Fact]
    public async Task A_cursor_whose_event_is_another_or_gone_is_of_another_log()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        var events = await TellAsync(bench, 3);
        var cursor = FeedCursor.After(events[1]);
        foreach (var other in (FeedCursor[])
            [
                cursor with { Event = cursor.Event!.Value with { OrderId = Guid.NewGuid() } },
                cursor with { Event = cursor.Event!.Value with { ReleaseNo = 2 } },
                cursor with { Event = cursor.Event!.Value with { Version = 2 } },
                cursor with { Id = cursor.Id + 100, Event = null },
            ])
            Assert.Equal(CursorFinding.NotHere, await FindAsync(bench, other));
    }

    [Fact]
    public async Task A_cursor_above_what_the_cluster_has_come_to_was_never_told()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        var events = await TellAsync(bench, 1);
        // As after a dump into a younger cluster: the rows keep the ids of transactions that have not been there yet.
        await using (var moved = bench.Database.CreateCommand("UPDATE events SET xid = '999999999999'::xid8"))
            await moved.ExecuteNonQueryAsync();
        var cursor = FeedCursor.After(events[0]) with { Xid = 999_999_999_999 };
        Assert.Equal(CursorFinding.NotHere, await FindAsync(bench, cursor));
    }

    [Fact]
    public async Task A_reader_that_asks_for_less_than_it_had_has_gone_back_and_another_has_not()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        var events = await TellAsync(bench, 3);
        var (first, last) = (FeedCursor.After(events[0]), FeedCursor.After(events[2]));
        Assert.Equal(CursorFinding.Known, await FindAsync(bench, first, "orders"));
        Assert.Equal(CursorFinding.Known, await FindAsync(bench, last, "orders"));
        Assert.Equal(CursorFinding.Known, await FindAsync(bench, last, "orders"));
        Assert.Equal(CursorFinding.WentBack, await FindAsync(bench, first, "orders"));
        Assert.Equal(CursorFinding.WentBack, await FindAsync(bench, FeedCursor.Start, "orders"));
        Assert.Equal(CursorFinding.Known, await FindAsync(bench, first, "reports"));
        Assert.Equal(CursorFinding.Known, await FindAsync(bench, FeedCursor.Start));

        await using var needed = bench.Database.CreateCommand(FeedReaders.NeededFromSql);
        needed.Parameters.Add(new() { Value = bench.Settings.WarehouseId });
        await using var row = await needed.ExecuteReaderAsync();
        Assert.True(await row.ReadAsync());
        Assert.Equal((first.Xid, first.Id), (row.GetFieldValue<ulong>(0), row.GetInt64(1))); // of the one that is behind
    }

    private static Task<CursorFinding> FindAsync(PickingBench bench, FeedCursor cursor, string? reader = null) =>
        FeedReaders.FindAsync(bench.Database, bench.Settings.WarehouseId, reader, cursor, CancellationToken.None);

    private static async Task<IReadOnlyList<FeedEvent>> TellAsync(PickingBench bench, int releases)
    {
        await bench.SlotAsync("A", 1, 1);
        for (var i = 0; i < releases; i++) await bench.PublishAsync(bench.Release(["A"]));
        await bench.DrainAsync();
        return await bench.EventsAsync();
    }
}
