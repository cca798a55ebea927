using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Tests.Orders.Dispatch;
using Xunit;
using static Fulfillment.Tests.Orders.Progress.Applied;

namespace Fulfillment.Tests.Orders.Progress;

public sealed class RunSizeTests(TestServers servers)
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task The_size_of_a_run_makes_no_difference(int runMax)
    {
        const string StateSql = """
            SELECT string_agg(x, ';' ORDER BY x) FROM (
                SELECT 'r' || o.client_order_id || '.' || release_no || state || feed_version
                    || COALESCE(reason, '') AS x
                FROM releases r JOIN orders o USING (client_id, order_id)
                UNION ALL SELECT sku || on_hand || '/' || reserved || '/' || missing FROM stock
                UNION ALL SELECT 'l' || reason || sum(on_hand_change) || sum(missing_change) FROM stock_ledger
                    GROUP BY reason
                UNION ALL SELECT 'b' || sku || sum(quantity) FROM backorders GROUP BY sku) AS state
            """;
        var states = new List<string>();
        foreach (var size in (int[])[256, runMax])
        {
            await using var room = await Backroom.OpenAsync(servers);
            var feed = new FakePicking();
            var releases = await DispatchedAsync(room, orders: 20);
            for (var n = 0; n < releases.Count; n++)
            {
                await room.ExecuteAsync(
                    "UPDATE orders SET client_order_id = $2 WHERE order_id = $1", releases[n].OrderId, $"{n:00}");
            }

            await TellAStoryAsync(room, feed, releases, new Random(20261127));
            await ApplyAllAsync(room, feed, size);
            await AssertStockAddsUpAsync(room);
            states.Add(await room.ScalarAsync<string>(StateSql));
        }

        Assert.Equal(states[0], states[1]);
    }

    // Every kind of event, of many releases, through each other.
    private static async Task TellAStoryAsync(Backroom room, FakePicking feed, List<ReleaseKey> releases, Random random)
    {
        var stories = new List<Queue<Action>>();
        for (var n = 0; n < releases.Count; n++)
        {
            var release = releases[n];
            if (n % 5 is 3 or 4) await SignalAsync(room, release, n % 5 == 3 ? "cancel" : "hold");
            stories.Add(new Queue<Action>((n % 5) switch
            {
                3 => [() => feed.Add(release, EventKinds.Cancelled, signalNo: 1)],
                4 => [() => feed.Add(release, EventKinds.Held, signalNo: 1)],
                2 => [() => feed.Add(release, EventKinds.Failed, reason: "broken")],
                _ =>
                [
                    () => feed.Add(release, EventKinds.Planned),
                    () => feed.Add(release, EventKinds.Picking, lines: PickedOf(random.Next(2))),
                    () => feed.Add(release, EventKinds.Picked, lines: new PickedLine(2, "sku-2", 1, 1)),
                ],
            }));
        }

        static PickedLine PickedOf(int missing) => new(1, "sku-1", 2 - missing, missing);

        while (stories.Count > 0)
        {
            var story = stories[random.Next(stories.Count)];
            story.Dequeue()();
            if (story.Count == 0) stories.Remove(story);
        }
    }
}
