using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Orders.PlaceOrder;

public class Bulks(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public async Task Each_order_has_its_result_in_its_place(int count)
    {
        var answer = await PostAsync(Enumerable.Range(0, count).Select(i => OrdersFixture.Order($"bulk-{count}-{i}")));
        Assert.Equal(200, (int)answer.StatusCode);
        var results = await ResultsAsync(answer);
        Assert.Equal(
            Enumerable.Range(0, count).Select(i => (201, $"bulk-{count}-{i}")),
            results.Select(result => ((int)result!["status"]!, (string)result["order"]!["clientOrderId"]!)));
    }

    [Fact]
    public async Task One_order_too_many_is_refused_and_leaves_nothing()
    {
        var refused = await PostAsync(Enumerable.Range(0, 101).Select(i => OrdersFixture.Order($"over-{i}")));
        Assert.Equal(422, (int)refused.StatusCode);
        Assert.Equal("bulk_size", await OrdersFixture.CodeAsync(refused));
        Assert.Equal("bulk_size", await OrdersFixture.CodeAsync(await PostAsync([])));
        Assert.Equal(0, await orders.CountAsync("SELECT count(*) FROM orders WHERE client_order_id LIKE 'over-%'"));
    }

    [Fact]
    public async Task A_bad_order_fails_alone()
    {
        var results = await ResultsAsync(await PostAsync(
        [
            OrdersFixture.Order("good-1"), OrdersFixture.Order("bad", "nope"), OrdersFixture.Order("bad-2", quantity: 0),
            OrdersFixture.Order("good-1"), OrdersFixture.Order("good-1", quantity: 9), OrdersFixture.Order("good-2"),
        ]));
        Assert.Equal([201, 422, 422, 200, 422, 201], results.Select(result => (int)result!["status"]!));
        Assert.Equal(
            [null, "unknown_sku", "quantity_out_of_range", null, "client_order_id_reused", null],
            results.Select(result => (string?)result!["problem"]?["code"]));
        Assert.Equal((string)results[0]!["order"]!["orderId"]!, (string)results[3]!["order"]!["orderId"]!);
        Assert.Equal(2, await orders.CountAsync(
            "SELECT count(*) FROM orders WHERE client_order_id LIKE 'good-%' OR client_order_id LIKE 'bad%'"));
    }

    [Fact]
    public async Task A_full_queue_answers_503_with_Retry_After_and_keeps_what_it_took()
    {
        await using var connection = await orders.Database.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var block = new NpgsqlCommand("SELECT FROM stock WHERE sku = 'b' FOR UPDATE", connection))
            await block.ExecuteNonQueryAsync();

        // More than the queue and the group in flight can hold.
        var bulks = Enumerable.Range(0, 50).Select(bulk => PostAsync(
            Enumerable.Range(0, 100).Select(i => OrdersFixture.Order($"full-{bulk}-{i}", "b")))).ToArray();
        var singles = new List<Task<HttpResponseMessage>>();
        await Eventually.HoldsAsync(() =>
        {
            if (!singles.Any(single => single.IsCompleted))
                singles.Add(orders.PlaceAsync(OrdersFixture.Order($"full-single-{singles.Count}", "b")));
            return Task.FromResult(singles.Any(single => single.IsCompleted));
        });
        var refused = await singles.First(single => single.IsCompleted);
        Assert.Equal(503, (int)refused.StatusCode);
        Assert.Equal("intake_full", await OrdersFixture.CodeAsync(refused));
        Assert.Equal("1", Assert.Single(refused.Headers.GetValues("Retry-After")));

        await transaction.RollbackAsync();
        var statuses = (await Task.WhenAll(singles)).Select(single => (int)single.StatusCode).ToList();
        foreach (var answer in await Task.WhenAll(bulks))
        {
            // A bulk of which nothing was taken is refused as a whole.
            if (answer.StatusCode == System.Net.HttpStatusCode.ServiceUnavailable) statuses.Add(503);
            else statuses.AddRange((await ResultsAsync(answer)).Select(result => (int)result!["status"]!));
        }

        Assert.All(statuses, status => Assert.True(status is 201 or 503));
        Assert.Equal(
            statuses.Count(status => status == 201),
            await orders.CountAsync("SELECT count(*) FROM orders WHERE client_order_id LIKE 'full-%'"));
        Assert.Equal(201, (int)(await orders.PlaceAsync(OrdersFixture.Order("after-full", "b"))).StatusCode);
    }

    private Task<HttpResponseMessage> PostAsync(IEnumerable<string> bodies) => OrdersFixture.PostAsync(
        orders.Acme, "/orders/bulk", $$"""{"orders":[{{string.Join(',', bodies)}}]}""");

    private static async Task<JsonArray> ResultsAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonObject>())!["results"]!.AsArray();
}
