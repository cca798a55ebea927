using System.Text.Json.Nodes;
using Xunit;

namespace Fulfillment.Tests.Orders.ShipOrder;

public class Shipping(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task A_picked_order_is_shipped_once_and_a_repeat_has_the_same_answer()
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        var order = await PlaceAndPickAsync(shop);

        var first = await shop.ShipAsync(order);
        var repeat = await shop.ShipAsync(order);

        Assert.Equal(200, (int)first.StatusCode);
        Assert.Equal(200, (int)repeat.StatusCode);
        var answer = await first.Content.ReadAsStringAsync();
        Assert.Equal(answer, await repeat.Content.ReadAsStringAsync());
        Assert.Equal(2, (int)JsonNode.Parse(answer)!["lines"]![0]!["shipped"]!);
        var tracked = await shop.TrackAsync(order);
        Assert.Equal("Shipped", (string)tracked["status"]!);
        Assert.Equal(2, (int)tracked["lines"]![0]!["shipped"]!);
        Assert.Equal("order_closed", await OrdersFixture.CodeAsync(await shop.HoldAsync(order, "late")));
    }

    [Theory]
    [InlineData("UPDATE releases SET state = 'Waiting'", "not_picked")]
    [InlineData("UPDATE releases SET state = 'Dispatched'", "not_picked")]
    [InlineData("UPDATE releases SET state = 'Planned'", "not_picked")]
    [InlineData("UPDATE releases SET state = 'Picking'", "not_picked")]
    [InlineData("UPDATE releases SET state = 'Failed'", "not_picked")]
    [InlineData("UPDATE releases SET state = 'Cancelled'", "not_picked")]
    [InlineData("UPDATE orders SET cancelled_at = now()", "already_cancelled")]
    public async Task Until_all_of_it_is_picked_it_is_refused(string change, string code)
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        var order = await PlaceAndPickAsync(shop);
        await shop.ExecuteAsync($"{change} WHERE order_id = '{order}'");

        var answer = await shop.ShipAsync(order);

        Assert.Equal(409, (int)answer.StatusCode);
        Assert.Equal(code, await OrdersFixture.CodeAsync(answer));
        Assert.Equal(0, await shop.CountAsync("orders", "shipped_at IS NOT NULL"));
        Assert.Equal(0, await shop.CountAsync("order_lines", "shipped > 0"));
    }

    [Fact]
    public async Task A_hold_and_a_backorder_keep_it_in_the_house()
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        var order = await PlaceAndPickAsync(shop);
        await shop.HoldAsync(order, "fraud");
        Assert.Equal("order_held", await OrdersFixture.CodeAsync(await shop.ShipAsync(order)));
        await shop.LiftAsync(order, "fraud");
        await shop.ExecuteAsync($"""
            INSERT INTO backorders (client_id, sku, ship_by, order_id, line_no, quantity)
            SELECT client_id, 'a', ship_by, order_id, 1, 1 FROM orders WHERE order_id = '{order}'
            """);
        Assert.Equal("backordered", await OrdersFixture.CodeAsync(await shop.ShipAsync(order)));
    }

    [Fact]
    public async Task Only_an_operator_ships()
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        var order = await PlaceAndPickAsync(shop);
        var answer = await OrdersFixture.PostAsync(shop.Http, $"/clients/{shop.Id}/orders/{order}/ship", "");
        Assert.Equal(403, (int)answer.StatusCode);
    }

    // The rows as the feed's reader leaves them when the last line is picked.
    private static async Task<Guid> PlaceAndPickAsync(Shop shop)
    {
        await shop.ReceiveAsync("a", 2);
        var order = await shop.PlaceAsync(quantity: 2);
        await shop.ExecuteAsync($"""
            UPDATE allocations SET picked = quantity WHERE order_id = '{order}';
            UPDATE stock SET on_hand = on_hand - 2, reserved = reserved - 2 WHERE client_id = '{shop.Id}' AND sku = 'a';
            UPDATE releases SET state = 'Picked', picked_at = now() WHERE order_id = '{order}'
            """);
        return order;
    }
}
