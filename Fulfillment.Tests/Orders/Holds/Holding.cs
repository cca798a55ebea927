using Xunit;

namespace Fulfillment.Tests.Orders.Holds;

public class Holding(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task A_held_order_stays_until_its_last_hold_is_lifted()
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        await shop.ReceiveAsync("a", 2);
        var held = await shop.PlaceAsync();
        var free = await shop.PlaceAsync();
        Assert.Equal(204, (int)(await shop.HoldAsync(held, "fraud")).StatusCode);
        Assert.Equal(204, (int)(await shop.HoldAsync(held, "address")).StatusCode);
        await shop.OpenAsync();

        // The younger one goes; had the held one been free to go, it had gone with it or before.
        await Eventually.HoldsAsync(async () =>
            await shop.CountAsync("releases", $"order_id = '{free}' AND state = 'Dispatched'") == 1);
        Assert.Equal(1, await shop.CountAsync("releases", $"order_id = '{held}' AND state = 'Waiting' AND held"));
        Assert.True((bool)(await shop.TrackAsync(held))["held"]!);

        Assert.Equal(204, (int)(await shop.LiftAsync(held, "fraud")).StatusCode);
        Assert.Equal(1, await shop.CountAsync("releases", $"order_id = '{held}' AND state = 'Waiting' AND held"));
        Assert.Equal(204, (int)(await shop.LiftAsync(held, "address")).StatusCode);
        await Eventually.HoldsAsync(async () =>
            await shop.CountAsync("releases", $"order_id = '{held}' AND state = 'Dispatched'") == 1);
    }

    [Fact]
    public async Task Ten_holds_are_taken_and_one_more_is_not()
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        var order = await shop.PlaceAsync();
        for (var i = 1; i <= 10; i++) Assert.Equal(204, (int)(await shop.HoldAsync(order, $"h{i}")).StatusCode);
        Assert.Equal(204, (int)(await shop.HoldAsync(order, "h10")).StatusCode);

        var refused = await shop.HoldAsync(order, "h11");

        Assert.Equal(409, (int)refused.StatusCode);
        Assert.Equal("too_many_holds", await OrdersFixture.CodeAsync(refused));
        Assert.Equal(10, await shop.CountAsync("holds"));
        Assert.Equal("unknown_hold", await OrdersFixture.CodeAsync(await shop.LiftAsync(order, "h11")));
    }

    [Fact]
    public async Task A_dispatched_release_is_asked_back_once_whatever_holds_follow()
    {
        await using var shop = await Shop.BuildAsync(orders);
        var order = await shop.PlaceAndDispatchAsync();
        await shop.HoldAsync(order, "fraud");
        await shop.HoldAsync(order, "address");
        Assert.Equal(1, await shop.CountAsync("release_signals", "kind = 'hold'"));
    }

    [Fact]
    public async Task A_backorder_of_a_held_order_comes_to_wait_held()
    {
        await using var shop = await Shop.BuildAsync(orders);
        var order = await shop.PlaceAsync();
        Assert.Equal(204, (int)(await shop.HoldAsync(order, "fraud")).StatusCode);
        await shop.ReceiveAsync("a", 1);
        Assert.Equal(1, await shop.CountAsync("releases", "state = 'Waiting' AND held"));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"name":"","reason":"r"}""")]
    [InlineData("""{"name":"n\u0000","reason":"r"}""")]
    [InlineData("""{"name":"n","reason":""}""")]
    public async Task A_hold_without_a_name_or_a_reason_is_refused(string body)
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        var order = await shop.PlaceAsync();
        var answer = await OrdersFixture.PostAsync(shop.Http, $"/orders/{order}/holds", body);
        Assert.Equal(422, (int)answer.StatusCode);
        Assert.Equal("invalid_hold", await OrdersFixture.CodeAsync(answer));
        Assert.Equal(0, await shop.CountAsync("holds"));
    }
}
