using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Fulfillment.Tests.Orders.PlaceOrder;

public class Placing(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task Sixty_four_buyers_of_the_last_unit_buy_it_once()
    {
        await orders.ReceiveAsync("last", "b", 1);
        var answers = await Task.WhenAll(Enumerable.Range(0, 64)
            .Select(i => orders.PlaceAsync(OrdersFixture.Order($"last-{i}", "b"))));
        Assert.All(answers, answer => Assert.Equal(201, (int)answer.StatusCode));
        Assert.Equal(1, await orders.CountAsync("SELECT count(*) FROM allocations WHERE sku = 'b'"));
        Assert.Equal(63, await orders.CountAsync("SELECT count(*) FROM backorders WHERE sku = 'b'"));
        Assert.Equal(1, await orders.CountAsync("SELECT reserved FROM stock WHERE sku = 'b'"));

        await orders.ReceiveAsync("more", "b", 10);
        await orders.ReceiveAsync("more", "b", 10);
        Assert.Equal(53, await orders.CountAsync("SELECT count(*) FROM backorders WHERE sku = 'b'"));
        Assert.Equal(11, await orders.CountAsync("SELECT on_hand FROM stock WHERE sku = 'b'"));
    }

    [Fact]
    public async Task A_repeat_gets_the_first_answer_and_another_body_is_refused()
    {
        var first = await orders.PlaceAsync(OrdersFixture.Order("repeat"));
        var second = await orders.PlaceAsync(OrdersFixture.Order("repeat").Replace("\n", " ", StringComparison.Ordinal));
        var other = await orders.PlaceAsync(OrdersFixture.Order("repeat", quantity: 2));
        Assert.Equal(201, (int)first.StatusCode);
        Assert.Equal(200, (int)second.StatusCode);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        Assert.Equal(422, (int)other.StatusCode);
        Assert.Equal("client_order_id_reused", await OrdersFixture.CodeAsync(other));

        var placed = (await first.Content.ReadFromJsonAsync<JsonObject>())!;
        var tracked = await orders.Acme.GetFromJsonAsync<JsonObject>(new Uri($"/orders/{placed["orderId"]}", UriKind.Relative));
        Assert.Equal("Backordered", (string)tracked!["status"]!);
        var same = await orders.Acme.GetFromJsonAsync<JsonObject>(new Uri("/orders/by-client-id/repeat", UriKind.Relative));
        Assert.Equal((string)placed["orderId"]!, (string)same!["orderId"]!);
    }

    [Theory]
    [InlineData("{", 400, "malformed_json")]
    [InlineData("""{"clientOrderId":"bad","color":"red"}""", 400, "unknown_field")]
    [InlineData("""{"clientOrderId":"bad","lines":[{"sku":"nope","quantity":1}],"shipTo":{"name":"N","line1":"L","country":"DE"}}""", 422, "unknown_sku")]
    [InlineData("""{"clientOrderId":"bad","lines":[{"sku":"a","quantity":0}],"shipTo":{"name":"N","line1":"L","country":"DE"}}""", 422, "quantity_out_of_range")]
    [InlineData("""{"clientOrderId":"bad","lines":[{"sku":"a","quantity":-1}],"shipTo":{"name":"N","line1":"L","country":"DE"}}""", 422, "quantity_out_of_range")]
    [InlineData("""{"clientOrderId":"bad","lines":[{"sku":"a","quantity":100001}],"shipTo":{"name":"N","line1":"L","country":"DE"}}""", 422, "quantity_out_of_range")]
    [InlineData("""{"clientOrderId":"bad","lines":[{"sku":"a","quantity":1}],"shipTo":{"name":"N\u0000","line1":"L","country":"DE"}}""", 422, "invalid_order")]
    [InlineData("""{"clientOrderId":"bad","shipBy":"2001-01-01T00:00:00Z","lines":[{"sku":"a","quantity":1}],"shipTo":{"name":"N","line1":"L","country":"DE"}}""", 422, "ship_by_past")]
    public async Task Bad_input_has_a_code_and_leaves_nothing(string body, int status, string code)
    {
        var answer = await orders.PlaceAsync(body);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(code, await OrdersFixture.CodeAsync(answer));
        Assert.Equal(0, await orders.CountAsync("SELECT count(*) FROM orders WHERE client_order_id = 'bad'"));
    }

    [Fact]
    public async Task A_thousand_lines_are_taken_and_one_more_is_not()
    {
        static string Body(string id, int lines) => OrdersFixture.Order(id).Replace(
            """[{"sku":"a","quantity":1 }]""",
            "[" + string.Join(',', Enumerable.Repeat("""{"sku":"a","quantity":1}""", lines)) + "]", StringComparison.Ordinal);
        Assert.Equal(201, (int)(await orders.PlaceAsync(Body("lines-1000", 1_000))).StatusCode);
        var refused = await orders.PlaceAsync(Body("lines-1001", 1_001));
        Assert.Equal("too_many_lines", await OrdersFixture.CodeAsync(refused));
        // Far more than the buffers between the two hold: the sender is still writing when it is refused.
        var big = await orders.PlaceAsync(OrdersFixture.Order(new string('x', 20 << 20)));
        Assert.Equal(413, (int)big.StatusCode);
        Assert.Equal("body_too_large", await OrdersFixture.CodeAsync(big));
        Assert.Equal(0, await orders.CountAsync(string.Create(
            CultureInfo.InvariantCulture, $"SELECT count(*) FROM orders WHERE client_order_id = 'lines-1001'")));
    }
}
