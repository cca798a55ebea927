using Fulfillment.Contracts;
using Fulfillment.Orders.Progress;
using Fulfillment.Tests.Orders.Dispatch;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Fulfillment.Tests.Orders.Progress;

/// <summary>What is told of a feed that is not well, by whom, and for how long.</summary>
public sealed class FeedTroubleTests(TestServers servers)
{
    [Fact]
    public async Task A_replica_that_stood_down_tells_nothing_of_what_it_read()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        var release = (await Applied.DispatchedAsync(room, orders: 1))[0];
        feed.Add(release, "Teleported");
        await using var first = await RunningReader.StartAsync(room, feed);
        await Eventually.HoldsAsync(async () => (await first.HealthAsync()).Status == HealthStatus.Degraded);
        await Eventually.HoldsAsync(async () =>
        {
            await room.CutActiveReplicasAsync(FeedHost.LeadershipName);
            return (await first.HealthAsync()).Status == HealthStatus.Healthy; // it stood down, and knows of nothing
        });
        await Eventually.HoldsAsync(async () => (await first.HealthAsync()).Status == HealthStatus.Degraded);
    }

    [Fact]
    public async Task What_is_held_back_is_told_once_ages_and_keeps_the_feed_from_being_caught_up()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        var since = TimeProvider.System.GetUtcNow().AddMinutes(-5);
        feed.HeldBack = new HeldBack(31, since, 300, "forgotten by ann in analytics, pid 7");
        await using var reader = await RunningReader.StartAsync(room, feed);
        await Eventually.HoldsAsync(async () => (await reader.HealthAsync()).Status == HealthStatus.Degraded);
        Assert.Contains("forgotten by ann in analytics", (await reader.HealthAsync()).Description);
        var answers = feed.Answers;
        await Eventually.HoldsAsync(() => Task.FromResult(feed.Answers > answers + 2));
        var told = Assert.Single((await FeedsAsync(room)).Feeds);
        Assert.Equal((31, null), (told.HeldBack, told.CaughtUpAt));
        Assert.NotNull(told.HeldBackSince);
        Assert.True(reader.Status(room).LagSeconds >= 300);
        Assert.Single(reader.Lines, line => line.Contains("HELD BACK", StringComparison.Ordinal));

        feed.HeldBack = null;
        await Eventually.HoldsAsync(async () => Assert.Single((await FeedsAsync(room)).Feeds).CaughtUpAt is not null);
        await Eventually.HoldsAsync(async () => (await reader.HealthAsync()).Status == HealthStatus.Healthy);
        Assert.Single(reader.Lines, line => line.Contains("held back any more", StringComparison.Ordinal));
        Assert.Equal(0, reader.Status(room).LagSeconds);
    }

    [Fact]
    public async Task A_transaction_that_is_always_there_for_a_moment_leaves_the_feed_caught_up_as_of_its_begin()
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        feed.HeldBack = new HeldBack(1, TimeProvider.System.GetUtcNow(), 1, null);
        await using var reader = await RunningReader.StartAsync(room, feed);
        await Eventually.HoldsAsync(async () => await room.ScalarAsync<long>(
            "SELECT count(*) FROM feed_cursors WHERE caught_up_at <= moved_at - interval '1 second'") == 1);
        Assert.Equal(HealthStatus.Healthy, (await reader.HealthAsync()).Status);
    }

    [Theory]
    [InlineData(FeedCodes.Diverged)]
    [InlineData(FeedCodes.WrongWarehouse)]
    public async Task A_feed_that_is_none_of_ours_stops_the_reader_before_anything_is_applied(string code)
    {
        await using var room = await Backroom.OpenAsync(servers);
        await using var feed = new FakePicking();
        await feed.StartAsync();
        feed.Instead = (409, $$"""{"code":"{{code}}","title":"No","detail":"it was restored"}""");
        await using var reader = await RunningReader.StartAsync(room, feed);
        await Eventually.HoldsAsync(async () => (await reader.HealthAsync()).Status == HealthStatus.Degraded);
        Assert.Contains($"{code}: it was restored", (await reader.HealthAsync()).Description);
        Assert.Contains(LogLevel.Critical, reader.Logged);
        Assert.Null(Assert.Single((await FeedsAsync(room)).Feeds).CaughtUpAt);
    }

    private static async Task<FeedList> FeedsAsync(Backroom room) =>
        (await FeedEndpoints.ListAsync(room.Database, CancellationToken.None)).Value!;
}
