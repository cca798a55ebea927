using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Orders.Dispatch;

public sealed class RelayFailureTests(TestServers servers)
{
    private static readonly TimeSpan JustBefore = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task What_a_relay_committed_and_did_not_append_is_appended_once_by_the_next_when_it_is_old_enough()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await room.AddClientAsync("brand");
        await room.AddOrdersAsync("brand", orders: 50, lines: 1);
        await Backroom.RunAsync(await room.StartRelayAsync()); // writes the epoch, fills the stream with 40
        await room.ReportPlannedAsync((await room.TakeAllAsync()).Select(entry => entry.Release));
        var killed = await MarkAndDieAsync(room, 6);

        var next = await room.StartRelayAsync();
        room.Clock.Advance(room.Options.RepublishAfter - JustBefore);
        await Backroom.RunAsync(next);
        Assert.Equal(4, (await room.StandingAsync()).Count); // the other four of the fifty; the six may be on their way
        room.Clock.Advance(room.Options.SweepInterval);
        await Backroom.RunAsync(next);
        await Backroom.RunAsync(next);
        var standing = (await room.StandingAsync()).ConvertAll(entry => entry.Release);
        Assert.Equal(killed, standing[4..]); // all six, once, in the order of their tags
        Assert.Equal(0, await room.ScalarAsync<long>(
            "SELECT count(*) FROM releases WHERE state = 'Dispatched' AND stream_entry IS NULL"));
    }

    [Fact]
    public async Task What_is_committed_and_not_appended_is_owed_its_room_on_the_stream()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await room.AddClientAsync("brand");
        var first = await room.StartRelayAsync();
        await Backroom.RunAsync(first);
        await room.AddOrdersAsync("brand", orders: 100, lines: 1);
        await MarkAndDieAsync(room, 30);
        var next = await room.StartRelayAsync();
        await Backroom.RunAsync(next);
        Assert.Equal(10, await room.Redis.StreamLengthAsync(room.Stream)); // 40 less the 30 that are on their way
        room.Clock.Advance(room.Options.RepublishAfter + room.Options.SweepInterval);
        await Backroom.RunAsync(next);
        Assert.Equal(40, await room.Redis.StreamLengthAsync(room.Stream));
    }

    [Theory]
    [InlineData(-24)]
    [InlineData(24)]
    public async Task A_clock_that_is_set_moves_no_due_time_of_a_relay(int hours)
    {
        await using var room = await Backroom.OpenAsync(servers);
        await room.AddClientAsync("brand");
        await Backroom.RunAsync(await room.StartRelayAsync());
        await room.AddOrdersAsync("brand", orders: 100, lines: 1);
        await MarkAndDieAsync(room, 30);
        var clock = new SteppedClock(room.Clock);
        var next = await room.StartRelayAsync(clock);
        await Backroom.RunAsync(next);
        clock.Step = TimeSpan.FromHours(hours);
        await Backroom.RunAsync(next);
        Assert.Equal(10, await room.Redis.StreamLengthAsync(room.Stream)); // not earlier
        room.Clock.Advance(room.Options.RepublishAfter + room.Options.SweepInterval);
        await Backroom.RunAsync(next);
        Assert.Equal(40, await room.Redis.StreamLengthAsync(room.Stream)); // nor later
    }

    [Fact]
    public async Task A_lost_redis_gets_all_that_is_unreported_again_and_nothing_else_before_new_work()
    {
        await using var room = await Backroom.OpenAsync(servers, ownRedis: true);
        await room.AddClientAsync("brand");
        await room.AddOrdersAsync("brand", orders: 100, lines: 1);
        var relay = await room.StartRelayAsync();
        await Backroom.RunAsync(relay);
        var before = (await room.StandingAsync()).ConvertAll(entry => entry.Release);
        await room.ReportPlannedAsync(before[..10]);

        await room.FlushRedisAsync();
        await Backroom.RunAsync(relay);
        var after = (await room.StandingAsync()).ConvertAll(entry => entry.Release);
        Assert.Equal(before[10..], after[..30]); // oldest tag first
        Assert.Equal(40, after.Distinct().Count());
        Assert.Empty(after[30..].Intersect(before)); // then ten new ones
        Assert.Equal(50, await room.CountAsync("Waiting"));
        Assert.Equal(
            await room.Redis.StringGetAsync(StreamNames.Epoch(room.Warehouse)),
            await room.ScalarAsync<string>("SELECT epoch FROM fair_queues"));
    }

    [Fact]
    public async Task A_relay_that_takes_over_sees_that_the_stream_was_replaced()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await room.AddClientAsync("brand");
        await room.AddOrdersAsync("brand", orders: 5, lines: 1);
        await Backroom.RunAsync(await room.StartRelayAsync());
        var before = (await room.TakeAllAsync()).ConvertAll(entry => entry.Release);
        await room.Redis.StringSetAsync(StreamNames.Epoch(room.Warehouse), "of another Redis");
        await Backroom.RunAsync(await room.StartRelayAsync());
        Assert.Equal(before, (await room.StandingAsync()).ConvertAll(entry => entry.Release));
    }

    [Fact]
    public async Task A_long_queue_makes_no_duplicates()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await room.AddClientAsync("brand");
        await room.AddOrdersAsync("brand", orders: 60, lines: 1);
        var relay = await room.StartRelayAsync();
        await Backroom.RunAsync(relay);
        var before = await room.StandingAsync();
        for (var hour = 0; hour < 10; hour++)
        {
            room.Clock.Advance(TimeSpan.FromHours(1));
            await room.FeedCaughtUpAsync(room.Clock.GetUtcNow());
            await Backroom.RunAsync(relay);
        }

        Assert.Equal(before, await room.StandingAsync());
    }

    [Fact]
    public async Task An_entry_that_vanished_is_replaced_once_the_feed_has_had_its_chance_to_explain_it()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await room.AddClientAsync("brand");
        await room.AddOrdersAsync("brand", orders: 3, lines: 1);
        var relay = await room.StartRelayAsync();
        await Backroom.RunAsync(relay);
        var standing = await room.StandingAsync();
        await room.Redis.StreamDeleteAsync(room.Stream, [standing[0].Id, standing[1].Id]);

        await room.FeedCaughtUpAsync(room.Clock.GetUtcNow());
        for (var sweep = 0; sweep < 3; sweep++) // the feed stands still: Picking may have planned both
        {
            room.Clock.Advance(TimeSpan.FromMinutes(1));
            await Backroom.RunAsync(relay);
        }

        Assert.Single(await room.StandingAsync());
        await room.ReportPlannedAsync([standing[0].Release]); // one of them it had
        await room.FeedCaughtUpAsync(room.Clock.GetUtcNow() + JustBefore);
        room.Clock.Advance(TimeSpan.FromMinutes(1));
        await Backroom.RunAsync(relay);
        Assert.Equal(
            [standing[2].Release, standing[1].Release],
            (await room.StandingAsync()).ConvertAll(entry => entry.Release));
    }

    [Fact]
    public async Task While_redis_is_away_nothing_is_lost_and_the_relay_goes_on_when_it_is_back()
    {
        await using var room = await Backroom.OpenAsync(servers, ownRedis: true);
        await room.AddClientAsync("brand");
        await room.AddOrdersAsync("brand", orders: 10, lines: 1);
        var relay = await room.StartRelayAsync();
        await Backroom.RunAsync(relay);
        await room.ReportPlannedAsync((await room.TakeAllAsync()).Select(entry => entry.Release));
        await room.AddOrdersAsync("brand", orders: 5, lines: 1);
        room.OwnRedis.Child.Kill();
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                await Backroom.RunAsync(relay);
                return false;
            }
            catch (Exception away) when (away is RedisException or TimeoutException)
            {
                return true;
            }
        });
        Assert.Equal(10, await room.CountAsync("Planned"));
        Assert.Equal(5, await room.CountAsync("Waiting") + await room.CountAsync("Dispatched"));
    }

    [Fact]
    public async Task A_signal_goes_ahead_of_waiting_releases_and_is_sent_again_until_it_is_answered()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await room.AddClientAsync("brand");
        var first = (await room.AddOrdersAsync("brand", orders: 1))[0];
        var relay = await room.StartRelayAsync();
        await Backroom.RunAsync(relay);
        await room.AddOrdersAsync("brand", orders: 60, lines: 1);
        await room.ExecuteAsync("""
            INSERT INTO release_signals (client_id, order_id, release_no, signal_no, warehouse_id, kind, created_at)
            VALUES ($1, $2, 1, 1, $3, 'cancel', now())
            """, first.ClientId, first.OrderId, room.Warehouse);
        await Backroom.RunAsync(relay);
        var standing = await room.StandingAsync();
        Assert.Equal((MessageKinds.Cancel, first), (standing[1].Kind, standing[1].Release));
        Assert.Equal(40, standing.Count);

        await room.Redis.StreamDeleteAsync(room.Stream, [standing[1].Id]);
        room.Clock.Advance(room.Options.RepublishAfter + room.Options.SweepInterval);
        await Backroom.RunAsync(relay); // sees it gone
        await AnswerableAsync(room, relay);
        Assert.Single(await room.StandingAsync(), entry => entry.Kind == MessageKinds.Cancel);

        await room.ExecuteAsync("UPDATE release_signals SET answered_at = now(), answer = 'Cancelled'");
        var again = (await room.StandingAsync()).Single(entry => entry.Kind == MessageKinds.Cancel);
        await room.Redis.StreamDeleteAsync(room.Stream, [again.Id]);
        room.Clock.Advance(room.Options.RepublishAfter + room.Options.SweepInterval);
        await Backroom.RunAsync(relay);
        await AnswerableAsync(room, relay);
        Assert.DoesNotContain(await room.StandingAsync(), entry => entry.Kind == MessageKinds.Cancel);
    }

    [Fact]
    public async Task A_hold_and_a_dispatch_of_the_same_order_cannot_cross()
    {
        await using var room = await Backroom.OpenAsync(servers);
        room.Options.StreamLength = 10_000;
        room.Options.BatchMax = 7; // many small transactions, so that holds fall between and into them
        await room.AddClientAsync("brand");
        var releases = await room.AddOrdersAsync("brand", orders: 300, lines: 1);
        var relay = await room.StartRelayAsync();
        var held = new Dictionary<ReleaseKey, bool>();
        var dispatching = Backroom.RunAsync(relay);
        foreach (var release in releases) held.Add(release, await HoldAsync(room.Database, release));
        await dispatching;
        await Backroom.RunAsync(relay);

        var published = (await room.StandingAsync()).Select(entry => entry.Release).ToHashSet();
        foreach (var release in releases) Assert.NotEqual(held[release], published.Contains(release));
        Assert.Equal(held.Values.Count(won => won), await room.CountAsync("Waiting"));
        // Only those that were really dispatched were charged to their client.
        Assert.Equal(
            published.Count * FairQueue.LineCost,
            await room.ScalarAsync<long>("SELECT max(finish_tag) FROM fair_queue_clients"));
    }

    // As PUT hold does: the order row first, then the release if it still waits. True: it was held back.
    private static async Task<bool> HoldAsync(NpgsqlDataSource database, ReleaseKey release)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var order = new NpgsqlCommand(
            "SELECT 1 FROM orders WHERE client_id = $1 AND order_id = $2 FOR UPDATE", connection)
        {
            Parameters = { new() { Value = release.ClientId }, new() { Value = release.OrderId } },
        };
        await order.ExecuteNonQueryAsync();
        await using var hold = new NpgsqlCommand(
            "UPDATE releases SET held = true WHERE client_id = $1 AND order_id = $2 AND state = 'Waiting'", connection)
        {
            Parameters = { new() { Value = release.ClientId }, new() { Value = release.OrderId } },
        };
        var won = await hold.ExecuteNonQueryAsync() == 1;
        await transaction.CommitAsync();
        return won;
    }

    // The feed is caught up after the relay's last look; the relay looks again.
    private static async Task AnswerableAsync(Backroom room, WarehouseRelay relay)
    {
        room.Clock.Advance(JustBefore);
        await room.FeedCaughtUpAsync(room.Clock.GetUtcNow());
        room.Clock.Advance(room.Options.SweepInterval);
        await Backroom.RunAsync(relay);
    }

    // A relay that is killed between its commit and its XADD leaves exactly this behind.
    private static async Task<List<ReleaseKey>> MarkAndDieAsync(Backroom room, int releases)
    {
        var leader = await room.RaiseLeaderAsync();
        var queue = await Marking.LoadQueueAsync(leader, room.Warehouse, CancellationToken.None);
        var now = room.Clock.GetUtcNow();
        var waiting = await WaitingReleases.ReadHeadsAsync(
            leader, room.Warehouse, now, releases, CancellationToken.None);
        var marked = await Marking.MarkAsync(
            leader, room.Warehouse, queue, queue.Order(waiting, releases), now, CancellationToken.None);
        Assert.Equal(releases, marked.Count);
        return marked.ConvertAll(release => release.Key);
    }
}
