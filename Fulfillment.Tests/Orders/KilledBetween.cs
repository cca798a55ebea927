using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.Progress;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Orders;

/// <summary>
/// Orders is killed (SIGKILL) between two of its steps, with a real Picking process on the other side: whatever it left
/// behind, every order is planned, once, and every event has its effect once.
/// </summary>
public class KilledBetween(TestServers servers)
{
    private const int Placed = 30;

    [Theory]
    [InlineData(WarehouseRelay.StopBeforeAppend)]
    [InlineData(WarehouseRelay.StopAfterAppend)]
    public async Task Commit_and_append_loses_no_release_and_plans_none_twice(string step)
    {
        await using var orders = new OrdersFixture(servers);
        await orders.InitializeAsync();
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        await shop.ReceiveAsync("a", Placed);
        for (var i = 0; i < Placed; i++) await shop.PlaceAsync();

        await StartToDieAsync(orders, step);
        await shop.OpenAsync();
        await DeathAsync(orders);

        Assert.Equal(Placed, await shop.CountAsync("releases", "state = 'Dispatched' AND stream_entry IS NULL"));
        await using var redis = await ConnectionMultiplexer.ConnectAsync(await servers.RedisEndpointAsync());
        var standing = await redis.GetDatabase().StreamLengthAsync(StreamNames.Orders(shop.Id));
        Assert.Equal(step == WarehouseRelay.StopAfterAppend ? Placed : 0, standing);

        var (picking, database) = await orders.StartPickingAsync(shop.Id);
        await using var pickingEnds = picking;
        await using var databaseEnds = database;
        await orders.StartAsync(("Dispatch:RepublishAfter", "00:00:00.2"), ("Dispatch:SweepInterval", "00:00:00.2"));
        await AllPlannedOnceAsync(shop, database);
    }

    [Theory]
    [InlineData(ApplyEvents.StopBeforeCommit)]
    [InlineData(ApplyEvents.StopAfterCommit)]
    public async Task Reading_the_feed_and_committing_applies_every_event_once(string step)
    {
        await using var orders = new OrdersFixture(servers);
        await orders.InitializeAsync();
        await using var shop = await Shop.BuildAsync(orders);
        await shop.ReceiveAsync("a", Placed);
        for (var i = 0; i < Placed; i++) await shop.PlaceAsync();
        await Eventually.HoldsAsync(async () => await shop.CountAsync("releases", "stream_entry IS NOT NULL") == Placed);

        await StartToDieAsync(orders, step);
        var (picking, database) = await orders.StartPickingAsync(shop.Id);
        await using var pickingEnds = picking;
        await using var databaseEnds = database;
        await DeathAsync(orders);

        var applied = await orders.CountAsync("SELECT COALESCE(sum(applied), 0)::bigint FROM feed_cursors");
        Assert.Equal(applied, await shop.CountAsync("releases", "state = 'Planned'"));
        if (step == ApplyEvents.StopBeforeCommit) Assert.Equal(0, applied);
        else Assert.NotEqual(0, applied);
        await orders.StartAsync();
        await AllPlannedOnceAsync(shop, database);
        await Eventually.HoldsAsync(async () =>
            await orders.CountAsync("SELECT COALESCE(sum(applied), 0)::bigint FROM feed_cursors") == Placed);
    }

    private static async Task StartToDieAsync(OrdersFixture orders, string step)
    {
        await orders.Service.DisposeAsync();
        await orders.StartAsync(("Fault:StopAt", step));
    }

    private static async Task DeathAsync(OrdersFixture orders)
    {
        using var patience = new CancellationTokenSource(Eventually.Deadline);
        Assert.NotEqual(0, await orders.Service.WaitForExitAsync(patience.Token));
    }

    private static async Task AllPlannedOnceAsync(Shop shop, NpgsqlDataSource picking)
    {
        await Eventually.HoldsAsync(async () => await shop.CountAsync("releases", "state = 'Planned'") == Placed);
        await using var events = picking.CreateCommand(
            $"SELECT count(*), count(DISTINCT order_id) FROM events WHERE kind = '{EventKinds.Planned}'");
        await using var reader = await events.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        Assert.Equal((Placed, Placed), (reader.GetInt64(0), reader.GetInt64(1)));
    }
}
