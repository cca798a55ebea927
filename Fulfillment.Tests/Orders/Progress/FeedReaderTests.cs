using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Hosting;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.Progress;
using Fulfillment.Tests.Orders.Dispatch;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Fulfillment.Tests.Orders.Progress;

public sealed class FeedReaderTests(TestServers servers)
{
    [Fact]
    public async Task A_reader_that_dies_again_and_again_applies_every_event_once()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        var releases = await Applied.DispatchedAsync(room, orders: 200);
        foreach (var release in releases) feed.Add(release, EventKinds.Planned);
        foreach (var release in releases)
            feed.Add(release, EventKinds.Picking, lines: new PickedLine(1, "sku-1", 2, 0));
        foreach (var release in releases) feed.Add(release, EventKinds.Picked, lines: new PickedLine(2, "sku-2", 1, 1));

        await using var first = await RunningReader.StartAsync(room, feed, pageMax: 50, applyMax: 8);
        await using var second = await RunningReader.StartAsync(room, feed, pageMax: 50, applyMax: 8);
        for (var kill = 1L; kill <= 5; kill++)
        {
            await Eventually.HoldsAsync(async () => await AppliedAsync(room) >= kill * 100);
            await room.CutActiveReplicasAsync(FeedHost.LeadershipName);
        }

        await Eventually.HoldsAsync(async () => await AppliedAsync(room) >= 600);
        Assert.Equal(600, await AppliedAsync(room));
        Assert.Equal(200, await room.ScalarAsync<long>(
            "SELECT count(*) FROM releases WHERE state = 'Picked' AND feed_version = 3"));
        Assert.Equal(200, await room.ScalarAsync<long>("SELECT missing FROM stock WHERE sku = 'sku-2'"));
        Assert.Equal(200, await room.ScalarAsync<long>("SELECT sum(quantity) FROM backorders"));
        await Applied.AssertStockAddsUpAsync(room);
        await Eventually.HoldsAsync(() =>
            Task.FromResult(first.Freed.Contains("sku-2") || second.Freed.Contains("sku-2"))); // for the backorders
    }

    [Theory]
    [InlineData(1)]
    [InlineData(256)]
    public async Task A_gap_parks_its_release_loudly_the_rest_goes_on_and_a_retry_applies_it_when_repaired(int applyMax)
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        var releases = await Applied.DispatchedAsync(room, orders: 3);
        feed.Add(releases[0], EventKinds.Planned);
        feed.Add(releases[1], EventKinds.Planned, version: 2);
        feed.Add(releases[2], EventKinds.Planned);

        await using var reader = await RunningReader.StartAsync(room, feed, applyMax: applyMax);
        await Eventually.HoldsAsync(async () => await room.CountAsync("Planned") == 2);
        await Eventually.HoldsAsync(async () => (await reader.HealthAsync()).Status == HealthStatus.Degraded);
        Assert.Contains("1 releases are parked", (await reader.HealthAsync()).Description);
        var parked = Assert.Single((await ParkedEndpoints.ListAsync(
            room.Warehouse, null, room.Database, CancellationToken.None)).Value!.Releases);
        Assert.Equal(
            (releases[1].OrderId, EventFault.WrongVersion, 1, "Dispatched", 4),
            (parked.OrderId, parked.Code, parked.Events, parked.State, parked.OpenUnits));
        Assert.Single(reader.Lines, line => line.Contains("PARKED", StringComparison.Ordinal));

        Assert.Equal(StatusCodes.Status409Conflict, await RetryAsync(room, releases[1]));
        await room.ExecuteAsync("UPDATE releases SET feed_version = 1 WHERE order_id = $1", releases[1].OrderId);
        Assert.Equal(StatusCodes.Status200OK, await RetryAsync(room, releases[1]));
        Assert.Equal(3, await room.CountAsync("Planned"));
        Assert.Equal(StatusCodes.Status404NotFound, await RetryAsync(room, releases[1]));
        await Eventually.HoldsAsync(async () => (await reader.HealthAsync()).Status == HealthStatus.Healthy);
    }

    [Fact]
    public async Task Of_a_run_that_the_schema_refuses_only_the_release_at_fault_is_parked()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        var releases = await Applied.DispatchedAsync(room, orders: 20);
        foreach (var release in releases) feed.Add(release, EventKinds.Planned);
        feed.Add(releases[7], EventKinds.Picking, lines: new PickedLine(1, "sku-1", 3, 0)); // two were allocated
        feed.Add(releases[7], EventKinds.Picked, lines: new PickedLine(2, "sku-2", 2, 0)); // queues behind
        foreach (var release in releases.Where(release => release != releases[7]))
        {
            feed.Add(
                release, EventKinds.Picked,
                lines: [new PickedLine(1, "sku-1", 2, 0), new PickedLine(2, "sku-2", 2, 0)]);
        }

        await using var reader = await RunningReader.StartAsync(room, feed);
        await Eventually.HoldsAsync(async () => await room.CountAsync("Picked") == 19);
        Assert.Equal(1, await room.CountAsync("Planned"));
        Assert.Equal("refused", await room.ScalarAsync<string>("SELECT code FROM parked_releases"));
        Assert.Contains(
            "allocations_cover", await room.ScalarAsync<string>("SELECT reason FROM parked_releases"),
            StringComparison.Ordinal);
        Assert.Equal(2, await room.ScalarAsync<long>("SELECT count(*) FROM parked_events"));
        await Applied.AssertStockAddsUpAsync(room);
    }

    [Fact]
    public async Task As_many_as_may_be_are_parked_within_a_minute_and_one_more_stops_the_feed_until_somebody_says_go_on()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        var releases = await Applied.DispatchedAsync(room, orders: 5);
        foreach (var release in releases[..3]) feed.Add(release, "Teleported");
        await using var reader = await RunningReader.StartAsync(room, feed, parkMax: 3);
        await Eventually.HoldsAsync(async () => await ParkedAsync(room) == 3); // N

        feed.Add(releases[3], "Teleported"); // N + 1
        feed.Add(releases[4], EventKinds.Planned);
        await Eventually.HoldsAsync(async () =>
            (await reader.HealthAsync()).Description?.Contains(ParkedReleases.Storm, StringComparison.Ordinal) is true);
        Assert.Contains(LogLevel.Critical, reader.Logged);
        var answers = feed.Answers;
        await Eventually.HoldsAsync(() => Task.FromResult(feed.Answers > answers + 2)); // it has tried again meanwhile
        Assert.Equal((3, 0), (await ParkedAsync(room), await room.CountAsync("Planned")));
        Assert.NotNull(Assert.Single((await FeedsAsync(room)).Feeds).StoppedBecause);

        // A minute later they are still not let through in threes.
        await room.ExecuteAsync("UPDATE parked_releases SET parked_at = parked_at - interval '1 hour'");
        answers = feed.Answers;
        await Eventually.HoldsAsync(() => Task.FromResult(feed.Answers > answers + 2));
        Assert.Equal(3, await ParkedAsync(room));

        await room.ExecuteAsync("UPDATE feed_cursors SET stopped_because = NULL, park_max = 10"); // POST /feed/continue
        await Eventually.HoldsAsync(async () => await room.CountAsync("Planned") == 1);
        Assert.Equal(4, await ParkedAsync(room));
        Assert.Null(Assert.Single((await FeedsAsync(room)).Feeds).StoppedBecause);
    }

    [Fact]
    public async Task What_a_newer_version_of_this_service_knows_is_tried_again_when_it_begins()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        var release = (await Applied.DispatchedAsync(room, orders: 1))[0];
        feed.Add(release, "Teleported");
        await using (await RunningReader.StartAsync(room, feed))
            await Eventually.HoldsAsync(async () => await ParkedAsync(room) == 1);
        await room.ExecuteAsync(
            "UPDATE parked_events SET event = replace(event, 'Teleported', 'Planned')"); // as if it knew the kind now
        await using var newer = await RunningReader.StartAsync(room, feed);
        await Eventually.HoldsAsync(async () => await room.CountAsync("Planned") == 1 && await ParkedAsync(room) == 0);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("""{"events":{}}""")]
    [InlineData("""{"events":[{"xid":1}]}""")]
    [InlineData("<html>a proxy is speaking</html>")]
    public async Task An_answer_that_is_no_page_is_told_and_asked_again(string body)
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        var release = (await Applied.DispatchedAsync(room, orders: 1))[0];
        feed.Add(release, EventKinds.Planned);
        feed.Instead = (200, body);
        await using var reader = await RunningReader.StartAsync(room, feed);
        await Eventually.HoldsAsync(async () => (await reader.HealthAsync()).Status == HealthStatus.Degraded);
        Assert.Contains("cannot be read", (await reader.HealthAsync()).Description);
        feed.Instead = null;
        await Eventually.HoldsAsync(async () => await room.CountAsync("Planned") == 1);
        await Eventually.HoldsAsync(async () => (await reader.HealthAsync()).Status == HealthStatus.Healthy);
    }

    [Fact]
    public async Task An_event_of_another_shape_is_parked_under_its_own_name()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        var releases = await Applied.DispatchedAsync(room, orders: 2);
        var good = feed.Add(releases[1], EventKinds.Planned);
        var page = JsonSerializer.SerializeToNode(new FeedPage([good]), ContractsJson.Default.FeedPage)!;
        var odd = page["events"]![0]!.DeepClone();
        (odd["id"], odd["orderId"], odd["tours"]) = (0, releases[0].OrderId, "all of them");
        page["events"]!.AsArray().Insert(0, odd);
        feed.Instead = (200, page.ToJsonString());
        await using var reader = await RunningReader.StartAsync(room, feed);
        await Eventually.HoldsAsync(async () => await room.CountAsync("Planned") == 1);
        Assert.Equal(
            $"{releases[0].OrderId} unreadable",
            await room.ScalarAsync<string>("SELECT order_id || ' ' || code FROM parked_releases"));
    }

    [Fact]
    public async Task An_empty_feed_is_told_to_the_relay()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        await using var reader = await RunningReader.StartAsync(room, feed);
        await Eventually.HoldsAsync(async () =>
            await room.ScalarAsync<long>("SELECT count(*) FROM feed_cursors WHERE caught_up_at IS NOT NULL") == 1);
    }

    [Fact]
    public async Task Each_warehouse_has_a_feed_and_one_whose_picking_is_dead_holds_up_no_other()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        await room.ExecuteAsync("INSERT INTO warehouses (warehouse_id, name, created_at) VALUES ('dead', 'D', now())");
        var release = (await Applied.DispatchedAsync(room, orders: 1))[0];
        feed.Add(release, EventKinds.Planned);
        var dead = $"http://127.0.0.1:{Ports.Free()}";
        await using var reader = await RunningReader.StartAsync(room, feed, more: ("Picking:dead:Url", dead));
        await Eventually.HoldsAsync(async () => await room.CountAsync("Planned") == 1);
        await Eventually.HoldsAsync(async () =>
            (await reader.HealthAsync()).Description?.Contains("dead: ", StringComparison.Ordinal) is true);
        await Eventually.HoldsAsync(async () => (await FeedsAsync(room)).Feeds.Count == 2);
        Assert.NotNull((await FeedsAsync(room)).Feeds.Single(of => of.WarehouseId == room.Warehouse).CaughtUpAt);
        Assert.Null((await FeedsAsync(room)).Feeds.Single(of => of.WarehouseId == "dead").CaughtUpAt);
    }

    [Fact]
    public async Task Picking_may_be_away_or_refuse_and_is_asked_again()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        var release = (await Applied.DispatchedAsync(room, orders: 1))[0];
        feed.Add(release, EventKinds.Planned);
        await using (var refused = await RunningReader.StartAsync(room, feed, key: "service.wrong"))
        {
            await Eventually.HoldsAsync(() => Task.FromResult(feed.Answers > 2));
            Assert.Equal(1, await room.CountAsync("Dispatched"));
            Assert.Equal(HealthStatus.Degraded, (await refused.HealthAsync()).Status);
            Assert.Single(refused.Logged, level => level == LogLevel.Warning); // once, however often it is asked
        }

        await using var reader = await RunningReader.StartAsync(room, feed);
        await Eventually.HoldsAsync(async () => await room.CountAsync("Planned") == 1);
    }

    private static async Task<int> RetryAsync(Backroom room, ReleaseKey release)
    {
        var result = (await ParkedEndpoints.RetryAsync(
            room.Warehouse, release.ClientId, release.OrderId, release.ReleaseNo, room.Database,
            new FreedStock(NullLogger<FreedStock>.Instance), new DispatchSignal(), room.Clock,
            CancellationToken.None)).Result;
        return Assert.IsAssignableFrom<IStatusCodeHttpResult>(result).StatusCode!.Value;
    }

    private static async Task<FeedList> FeedsAsync(Backroom room) =>
        (await FeedEndpoints.ListAsync(room.Database, CancellationToken.None)).Value!;

    private static Task<long> ParkedAsync(Backroom room) =>
        room.ScalarAsync<long>("SELECT count(*) FROM parked_releases");

    private static async Task<long> AppliedAsync(Backroom room) => await room.ScalarAsync<long>(
        "SELECT COALESCE((SELECT sum(applied)::bigint FROM feed_cursors), 0)");
}
