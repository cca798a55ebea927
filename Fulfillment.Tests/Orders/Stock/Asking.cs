using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Fulfillment.Tests.Orders.Stock;

/// <summary>GET /availability: the shapes of the question and of the answer.</summary>
public class Asking(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task The_answer_has_the_SKUs_in_the_order_of_the_question_without_those_that_do_not_exist()
    {
        await orders.ReceiveAsync("asked", "b", 7);
        Assert.Equal(["c", "a", "b"], await FoundAsync("/availability?sku=nope&sku=c&other=x&sku=a&SKU=b"));
        Assert.Empty(await FoundAsync("/availability?sku=nope"));
    }

    [Fact]
    public async Task A_SKU_may_be_escaped()
    {
        await OrdersFixture.PutAsync(orders.Acme, "/skus", """[{"sku":"a b&c","name":"Odd"}]""");
        Assert.Equal(["a b&c"], await FoundAsync("/availability?sku=a%20b%26c"));
        Assert.Equal(["a b&c"], await FoundAsync("/availability?sku=a+b%26c"));
    }

    [Fact]
    public async Task A_hundred_SKUs_may_be_asked_for_and_one_more_may_not()
    {
        static Uri Ask(int skus) => new(
            $"/availability?{string.Join('&', Enumerable.Repeat("sku=a", skus))}", UriKind.Relative);
        Assert.Equal(200, (int)(await orders.Acme.GetAsync(Ask(100))).StatusCode);
        Assert.Equal("invalid_skus", await OrdersFixture.CodeAsync(await orders.Acme.GetAsync(Ask(101))));
        var empty = await orders.Acme.GetAsync(new Uri("/availability?sku=", UriKind.Relative));
        Assert.Equal("invalid_skus", await OrdersFixture.CodeAsync(empty));
    }

    [Fact]
    public async Task Two_clients_of_the_same_SKU_see_each_his_own_stock()
    {
        await using var shop = await Shop.BuildAsync(orders);
        await orders.ReceiveAsync("mine", "a", 3);
        await shop.ReceiveAsync("a", 11);
        await Eventually.HoldsAsync(async () => await AvailableAsync(orders.Acme) == 3);
        await Eventually.HoldsAsync(async () => await AvailableAsync(shop.Http) == 11);
        Assert.Equal(3, await AvailableAsync(orders.Acme));
    }

    private static async Task<long> AvailableAsync(HttpClient http)
    {
        var answer = await http.GetFromJsonAsync<JsonObject>(new Uri("/availability?sku=a", UriKind.Relative));
        return (long)answer!["skus"]!.AsArray().Single()!["available"]!;
    }

    private async Task<string[]> FoundAsync(string question)
    {
        var answer = await orders.Acme.GetFromJsonAsync<JsonObject>(new Uri(question, UriKind.Relative));
        return [.. answer!["skus"]!.AsArray().Select(sku => (string)sku!["sku"]!)];
    }
}
