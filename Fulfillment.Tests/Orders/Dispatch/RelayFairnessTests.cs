using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Xunit;

namespace Fulfillment.Tests.Orders.Dispatch;

public sealed class RelayFairnessTests(TestServers servers)
{
    [Fact]
    public async Task With_one_brand_at_ten_times_the_load_nobody_goes_behind_more_of_its_lines_than_one_stream_holds()
    {
        await using var room = await Backroom.OpenAsync(servers);
        string[] others = ["brand-a", "brand-b", "brand-c", "zebra"];
        foreach (var client in (string[])["viral", .. others]) await room.AddClientAsync(client);
        await room.AddOrdersAsync("viral", orders: 800);
        var relay = await room.StartRelayAsync();
        await Backroom.RunAsync(relay); // the stream is full of the viral brand when the others' orders come

        var depthMax = (int)room.Options.DepthMax(liveWorkers: 1);
        var viralLinesWhenPlaced = new Dictionary<ReleaseKey, int>();
        var (viralLines, othersSeen) = (0, 0);
        for (var pass = 0; pass < 20; pass++)
        {
            foreach (var client in others)
                foreach (var release in await room.AddOrdersAsync(client, orders: 1))
                    viralLinesWhenPlaced.Add(release, viralLines); // of what Picking has taken
            foreach (var entry in await room.TakeAllAsync())
            {
                if (entry.Release.ClientId == "viral")
                {
                    viralLines += entry.Lines;
                    continue;
                }

                othersSeen++;
                var behind = viralLines - viralLinesWhenPlaced[entry.Release];
                // What stood there when it was placed, and the one release of each that the fair order may put first.
                Assert.InRange(behind, 0, (depthMax * 2) + 2);
            }

            await Backroom.RunAsync(relay);
            Assert.InRange(await room.Redis.StreamLengthAsync(room.Stream), 1, depthMax);
        }

        Assert.Equal(19 * others.Length, othersSeen); // the last four still stand on the stream
        Assert.Equal(4, (await room.StandingAsync()).Count(entry => entry.Release.ClientId != "viral"));
        // The surge outlasts the test: there was something to starve behind.
        Assert.True(await room.CountAsync("Waiting") > 0);
    }

    [Fact]
    public async Task A_brand_of_three_times_the_weight_gets_three_times_the_lines()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await room.AddClientAsync("heavy", weight: 3);
        await room.AddClientAsync("light", weight: 1);
        await room.AddOrdersAsync("heavy", orders: 90, lines: 3);
        await room.AddOrdersAsync("light", orders: 90, lines: 1);
        var relay = await room.StartRelayAsync();
        var (heavy, light) = (0, 0);
        for (var pass = 0; pass < 2; pass++)
        {
            await Backroom.RunAsync(relay);
            foreach (var entry in await room.TakeAllAsync())
            {
                if (entry.Release.ClientId == "heavy") heavy += entry.Lines;
                else light += entry.Lines;
                Assert.InRange(Math.Abs((heavy / 3.0) - light), 0, 2); // 3 lines / 3 + 1 line / 1
            }
        }

        Assert.Equal(80, (heavy / 3) + light);
    }

    [Fact]
    public async Task Of_a_client_the_earliest_deadline_that_can_be_met_goes_first_and_what_is_late_goes_last()
    {
        await using var room = await Backroom.OpenAsync(servers);
        room.Options.LeadTime = TimeSpan.FromHours(1);
        await room.AddClientAsync("brand");
        var late = (await room.AddOrdersAsync("brand", 1, shipIn: TimeSpan.FromMinutes(59)))[0];
        var tomorrow = (await room.AddOrdersAsync("brand", 1, shipIn: TimeSpan.FromHours(24)))[0];
        var tonight = (await room.AddOrdersAsync("brand", 1, shipIn: TimeSpan.FromHours(2)))[0];
        await Backroom.RunAsync(await room.StartRelayAsync());
        Assert.Equal([tonight, tomorrow, late], (await room.StandingAsync()).ConvertAll(entry => entry.Release));
    }

    [Fact]
    public async Task A_message_carries_the_open_lines_the_times_and_the_trace()
    {
        const string Trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        await using var room = await Backroom.OpenAsync(servers);
        await room.AddClientAsync("brand");
        var release = (await room.AddOrdersAsync("brand", 1, lines: 3, traceParent: Trace))[0];
        await room.ExecuteAsync("UPDATE allocations SET cancelled = 2 WHERE line_no = 2");
        await room.ExecuteAsync("UPDATE allocations SET cancelled = 1 WHERE line_no = 3");
        await Backroom.RunAsync(await room.StartRelayAsync());

        var entry = Assert.Single(await room.StandingAsync());
        var message = JsonSerializer.Deserialize(entry.Body, ContractsJson.Default.ReleaseMessage)!;
        Assert.Equal((MessageKinds.Release, release, Trace), (entry.Kind, entry.Release, entry.TraceParent));
        Assert.Equal([new ReleaseLine(1, "sku-1", 2), new ReleaseLine(3, "sku-3", 1)], message.Lines);
        Assert.Equal(room.Clock.GetUtcNow(), message.AcceptedAt);
        Assert.Equal(room.Clock.GetUtcNow() + TimeSpan.FromHours(12), message.ShipBy);
        Assert.Equal(room.Warehouse, message.WarehouseId);
    }

    [Fact]
    public async Task The_stream_holds_what_the_live_workers_can_use_and_not_one_more()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await room.AddClientAsync("brand");
        await room.AddOrdersAsync("brand", orders: 200, lines: 1);
        var relay = await room.StartRelayAsync();
        await Backroom.RunAsync(relay);
        Assert.Equal(40, await room.Redis.StreamLengthAsync(room.Stream)); // four streamLengths: one worker may become four in one sync

        var now = room.Clock.GetUtcNow();
        await HeartbeatAsync(room, "one", now);
        await HeartbeatAsync(room, "two", now);
        await HeartbeatAsync(room, "three", now - StreamNames.HeartbeatLifetime);
        await HeartbeatAsync(room, "dead", now - StreamNames.HeartbeatLifetime - TimeSpan.FromMilliseconds(1));
        await Backroom.RunAsync(relay);
        Assert.Equal(60, await room.Redis.StreamLengthAsync(room.Stream));

        await room.Redis.StreamDeleteAsync(room.Stream, [(await room.StandingAsync())[7].Id]);
        await Backroom.RunAsync(relay);
        Assert.Equal(60, await room.Redis.StreamLengthAsync(room.Stream));
        Assert.Equal(139, await room.CountAsync("Waiting"));
    }

    [Fact]
    public async Task Virtual_time_never_decreases_across_a_change_of_the_active_relay()
    {
        await using var room = await Backroom.OpenAsync(servers);
        foreach (var client in (string[])["a", "b"]) await room.AddClientAsync(client);
        await room.AddOrdersAsync("a", orders: 100, lines: 1);
        await room.AddOrdersAsync("b", orders: 20, lines: 3);
        var (published, virtualTimes) = (new List<Standing>(), new List<long>());
        for (var replica = 0; replica < 3; replica++)
        {
            await Backroom.RunAsync(await room.StartRelayAsync());
            published.AddRange(await room.TakeAllAsync());
            virtualTimes.Add(await room.ScalarAsync<long>("SELECT virtual_time FROM fair_queues"));
        }

        var tags = new List<long>();
        foreach (var entry in published)
        {
            tags.Add(await room.ScalarAsync<long>(
                "SELECT start_tag FROM releases WHERE order_id = $1", entry.Release.OrderId));
        }

        Assert.Equal(120, tags.Count);
        Assert.Equal(tags.Order(), tags);
        Assert.Equal(virtualTimes.Order(), virtualTimes);
        Assert.Equal(tags[^1], virtualTimes[^1]);
    }

    [Fact]
    public async Task A_long_backlog_is_not_read_to_find_what_is_next()
    {
        await using var room = await Backroom.OpenAsync(servers);
        foreach (var client in (string[])["a", "b", "c"]) await room.AddClientAsync(client, skus: 1);
        foreach (var client in (string[])["a", "b", "c"]) await room.AddOrdersAsync(client, orders: 5000, lines: 1);
        await room.ExecuteAsync("VACUUM ANALYZE releases");
        await using var connection = await room.Database.OpenConnectionAsync();
        await using var explain = new Npgsql.NpgsqlCommand(
            "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF, SUMMARY OFF, FORMAT JSON) " + WaitingReleases.HeadsSql,
            connection)
        {
            Parameters =
            {
                new() { Value = room.Warehouse }, new() { Value = room.Clock.GetUtcNow().UtcDateTime },
                new() { Value = 16 },
            },
        };
        using var plan = JsonDocument.Parse((string)(await explain.ExecuteScalarAsync())!);
        var root = plan.RootElement[0].GetProperty("Plan");
        var pages = root.GetProperty("Shared Hit Blocks").GetInt64()
            + root.GetProperty("Shared Read Blocks").GetInt64();
        Assert.Equal(48, root.GetProperty("Actual Rows").GetDouble());
        Assert.InRange(pages, 1, 200); // the backlog itself is several hundred pages
        Assert.True(await room.ScalarAsync<long>("SELECT pg_relation_size('releases') / 8192") > 200);
    }

    private static Task<bool> HeartbeatAsync(Backroom room, string worker, DateTimeOffset at) =>
        room.Redis.SortedSetAddAsync(StreamNames.Workers(room.Warehouse), worker, at.ToUnixTimeMilliseconds());
}
