using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Fulfillment.Tests.Orders.CancelOrder;

public class Cancelling(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task A_cancel_before_dispatch_frees_the_stock_and_lets_a_backorder_go()
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        await shop.ReceiveAsync("a", 3);
        var first = await shop.PlaceAsync(quantity: 3);
        var waiting = await shop.PlaceAsync(quantity: 2);
        Assert.Equal("Backordered", (string)(await shop.TrackAsync(waiting))["status"]!);

        var answer = await shop.CancelAsync(first);

        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal("Cancelled", await OutcomesAsync(answer));
        var cancelled = await shop.TrackAsync(first);
        Assert.Equal("Cancelled", (string)cancelled["status"]!);
        Assert.Equal(3, (int)cancelled["lines"]![0]!["cancelled"]!);
        Assert.Equal("Accepted", (string)(await shop.TrackAsync(waiting))["status"]!);
        Assert.Equal(2, await shop.ReservedAsync("a"));

        Assert.Equal(200, (int)(await shop.CancelAsync(first)).StatusCode);
        Assert.Equal(2, await shop.ReservedAsync("a"));
    }

    [Fact]
    public async Task A_cancel_takes_the_backorders_of_the_order_with_it()
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        await shop.ReceiveAsync("a", 1);
        var order = await shop.PlaceAsync(quantity: 5, allocation: "FillAllAvailable");

        Assert.Equal(200, (int)(await shop.CancelAsync(order)).StatusCode);
        await shop.ReceiveAsync("a", 10);

        Assert.Equal(0, await shop.CountAsync("backorders"));
        Assert.Equal(0, await shop.ReservedAsync("a"));
        Assert.Equal(1, await shop.CountAsync("releases"));
        Assert.Equal(5, (int)(await shop.TrackAsync(order))["lines"]![0]!["cancelled"]!);
    }

    [Fact]
    public async Task A_dispatched_order_is_asked_back_once()
    {
        await using var shop = await Shop.BuildAsync(orders);
        var order = await shop.PlaceAndDispatchAsync();

        var answer = await shop.CancelAsync(order);
        var repeat = await shop.CancelAsync(order);

        Assert.Equal(202, (int)answer.StatusCode);
        Assert.Equal("Requested", await OutcomesAsync(answer));
        Assert.Equal(202, (int)repeat.StatusCode);
        Assert.Equal(1, await shop.CountAsync("release_signals", "kind = 'cancel'"));
        await Eventually.HoldsAsync(async () => await shop.CountAsync("release_signals", "stream_entry IS NOT NULL") == 1);
        var tracked = await shop.TrackAsync(order);
        Assert.True((bool)tracked["cancelRequested"]!);
        Assert.Equal("Dispatched", (string)tracked["status"]!);
        Assert.Equal(1, await shop.ReservedAsync("a"));
    }

    [Theory]
    [InlineData("releases SET state = 'Planned'", "already_planned")]
    [InlineData("releases SET state = 'Picking'", "already_planned")]
    [InlineData("releases SET state = 'Picked'", "already_planned")]
    [InlineData("orders SET shipped_at = now()", "already_shipped")]
    public async Task What_is_on_a_tour_or_gone_is_not_cancelled(string change, string code)
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        await shop.ReceiveAsync("a", 1);
        var order = await shop.PlaceAsync();
        await shop.ExecuteAsync($"UPDATE {change} WHERE order_id = '{order}'");

        var answer = await shop.CancelAsync(order);

        Assert.Equal(409, (int)answer.StatusCode);
        Assert.Equal(code, await OrdersFixture.CodeAsync(answer));
        Assert.Equal(0, await shop.CountAsync("orders", "cancel_requested_at IS NOT NULL"));
        Assert.Equal(1, await shop.ReservedAsync("a"));
    }

    [Fact]
    public async Task A_parked_release_gives_its_stock_back()
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        await shop.ReceiveAsync("a", 1);
        var order = await shop.PlaceAsync();
        await shop.ExecuteAsync($"UPDATE releases SET state = 'Failed' WHERE order_id = '{order}'");

        Assert.Equal(200, (int)(await shop.CancelAsync(order)).StatusCode);

        Assert.Equal(0, await shop.ReservedAsync("a"));
        Assert.Equal("Cancelled", (string)(await shop.TrackAsync(order))["status"]!);
    }

    [Fact]
    public async Task Of_a_cancel_and_a_dispatch_at_once_one_is_first_and_the_other_sees_it()
    {
        await using var shop = await Shop.BuildAsync(orders);
        await shop.ReceiveAsync("a", 60);
        var placed = new List<Guid>();
        for (var i = 0; i < 60; i++)
        {
            // The relay is woken by the commit of the order, and the cancel is sent with its answer.
            var order = await shop.PlaceAsync();
            Assert.True((await shop.CancelAsync(order)).IsSuccessStatusCode);
            placed.Add(order);
        }

        await Eventually.HoldsAsync(async () => await shop.CountAsync("releases", "state = 'Waiting'") == 0);
        Assert.Equal(60, placed.Count);
        Assert.Equal(0, await shop.CountAsync(
            "releases r", "state = 'Cancelled' AND (dispatched_at IS NOT NULL OR stream_entry IS NOT NULL)"));
        Assert.Equal(0, await shop.CountAsync("releases r", """
            state = 'Dispatched' AND 1 <> (SELECT count(*) FROM release_signals s
                WHERE s.client_id = r.client_id AND s.order_id = r.order_id AND s.release_no = r.release_no)
            """));
        Assert.Equal(await shop.CountAsync("releases", "state = 'Dispatched'"), await shop.ReservedAsync("a"));
    }

    [Fact]
    public async Task Another_clients_order_is_unknown()
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        await using var stranger = await Shop.BuildAsync(orders, shut: true);
        var order = await shop.PlaceAsync();
        foreach (var answer in (HttpResponseMessage[])
            [await stranger.CancelAsync(order), await stranger.HoldAsync(order, "h"), await stranger.ShipAsync(order)])
        {
            Assert.Equal(404, (int)answer.StatusCode);
            Assert.Equal("unknown_order", await OrdersFixture.CodeAsync(answer));
        }

        Assert.Equal(401, (int)(await OrdersFixture.PostAsync(new HttpClient { BaseAddress = orders.Service.Address },
            $"/orders/{order}/cancel", "")).StatusCode);
        Assert.Equal(1, await shop.CountAsync("backorders"));
    }

    private static async Task<string> OutcomesAsync(HttpResponseMessage answer) =>
        string.Join(',', (await answer.Content.ReadFromJsonAsync<JsonObject>())!["releases"]!.AsArray()
            .Select(release => (string)release!["outcome"]!));
}
