using Fulfillment.Contracts;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Orders;

/// <summary>
/// The replica that leads is stopped by a signal: its sockets stay open and its locks held, and nothing of it is dead.
/// </summary>
public class FrozenLeader(TestServers servers)
{
    private const int PlacedBefore = 10, PlacedMeanwhile = 20, PlacedAfter = 10;

    [Fact]
    public async Task Another_dispatches_and_reads_the_feed_and_nothing_is_doubled_when_the_first_wakes()
    {
        await using var orders = new OrdersFixture(servers);
        await orders.InitializeAsync();
        await using var shop = await Shop.BuildAsync(orders);
        await shop.ReceiveAsync("a", PlacedBefore + PlacedMeanwhile + PlacedAfter);
        await PlaceAsync(shop, PlacedBefore);
        await AllOnTheStreamAsync(shop, PlacedBefore);

        var frozen = orders.Service;
        await using var frozenEnds = frozen;
        await orders.StartAsync(); // the second replica, where the brand's requests go from now on
        using var brand = orders.With(shop.Http.DefaultRequestHeaders.GetValues("X-Api-Key").Single());
        frozen.Freeze();
        await PlaceAsync(shop, PlacedMeanwhile, brand);
        await AllOnTheStreamAsync(shop, PlacedBefore + PlacedMeanwhile);
        Assert.Equal(0, await orders.CountAsync($"SELECT count(*) FROM leaderships WHERE holder LIKE '%/{frozen.Id}/%'"));

        frozen.Wake();
        await Eventually.HoldsAsync(() => Task.FromResult(
            frozen.Output.Contains("stood down", StringComparison.Ordinal)
            || frozen.Output.Contains("leads nothing", StringComparison.Ordinal)));
        await PlaceAsync(shop, PlacedAfter, brand);
        var all = PlacedBefore + PlacedMeanwhile + PlacedAfter;
        await AllOnTheStreamAsync(shop, all);

        await using var redis = await ConnectionMultiplexer.ConnectAsync(await servers.RedisEndpointAsync());
        Assert.Equal(all, await redis.GetDatabase().StreamLengthAsync(StreamNames.Orders(shop.Id)));
        var (picking, database) = await orders.StartPickingAsync(shop.Id);
        await using var pickingEnds = picking;
        await using var databaseEnds = database;
        await Eventually.HoldsAsync(async () => await shop.CountAsync("releases", "state = 'Planned'") == all);
        Assert.Equal(all, await orders.CountAsync("SELECT sum(applied)::bigint FROM feed_cursors"));
    }

    private static async Task PlaceAsync(Shop shop, int orders, HttpClient? through = null)
    {
        for (var i = 0; i < orders; i++)
        {
            var answer = await OrdersFixture.PostAsync(
                through ?? shop.Http, "/orders", OrdersFixture.Order($"{Guid.NewGuid():N}"));
            Assert.Equal(201, (int)answer.StatusCode);
        }
    }

    private static Task AllOnTheStreamAsync(Shop shop, int releases) => Eventually.HoldsAsync(async () =>
        await shop.CountAsync("releases", "state = 'Dispatched' AND stream_entry IS NOT NULL") == releases);
}
