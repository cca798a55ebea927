using Xunit;

namespace Fulfillment.Tests.Orders.Holds;

/// <summary>The whole way round: a signal goes through Redis to a real Picking process, its answer comes by the feed.</summary>
public class GivenBack(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task A_held_order_comes_back_and_is_planned_once_it_is_lifted_and_a_cancelled_one_ends()
    {
        await using var shop = await Shop.BuildAsync(orders);
        var held = await shop.PlaceAndDispatchAsync();
        var cancelled = await shop.PlaceAndDispatchAsync();
        Assert.Equal(204, (int)(await shop.HoldAsync(held, "fraud")).StatusCode);
        Assert.Equal(202, (int)(await shop.CancelAsync(cancelled)).StatusCode);
        // Both signals lie beside their releases before Picking looks for the first time.
        await Eventually.HoldsAsync(async () => await shop.CountAsync("release_signals", "stream_entry IS NOT NULL") == 2);

        var (picking, database) = await orders.StartPickingAsync(shop.Id);
        await using var pickingEnds = picking;
        await using var databaseEnds = database;

        await Eventually.HoldsAsync(async () => (string)(await shop.TrackAsync(cancelled))["status"]! == "Cancelled");
        await Eventually.HoldsAsync(async () => await shop.CountAsync(
            "releases", $"order_id = '{held}' AND release_no = 2 AND state = 'Waiting' AND held") == 1);
        Assert.Equal(1, await shop.ReservedAsync("a"));
        Assert.Equal(1, await shop.CountAsync("release_signals", "answer = 'Held'"));
        Assert.Equal(1, await shop.CountAsync("release_signals", "answer = 'Cancelled'"));

        Assert.Equal(204, (int)(await shop.LiftAsync(held, "fraud")).StatusCode);
        await Eventually.HoldsAsync(async () => (string)(await shop.TrackAsync(held))["status"]! == "Planned");
        var late = await shop.CancelAsync(held);
        Assert.Equal("already_planned", await OrdersFixture.CodeAsync(late));
    }
}
