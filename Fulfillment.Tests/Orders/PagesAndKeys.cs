using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Fulfillment.Tests.Orders;

public class PagesAndKeys(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    [Fact]
    public async Task Pages_show_every_order_once_and_in_the_same_order_while_others_are_placed()
    {
        for (var i = 0; i < 25; i++)
            Assert.Equal(201, (int)(await orders.PlaceAsync(OrdersFixture.Order($"page-{i}"))).StatusCode);
        var seen = new List<string>();
        string? after = null;
        do
        {
            var page = await orders.Acme.GetFromJsonAsync<JsonObject>(
                new Uri($"/orders?limit=10{(after is null ? "" : $"&after={after}")}", UriKind.Relative));
            seen.AddRange(page!["orders"]!.AsArray().Select(order => (string)order!["orderId"]!));
            after = (string?)page["next"];
            if (seen.Count == 10) await orders.PlaceAsync(OrdersFixture.Order("placed-meanwhile"));
        }
        while (after is not null);
        Assert.Equal(26, seen.Count);
        Assert.Equal(seen.Order(StringComparer.Ordinal).Distinct(), seen);

        foreach (var limit in new[] { 0, 201 })
        {
            var refused = await orders.Acme.GetAsync(new Uri($"/orders?limit={limit}", UriKind.Relative));
            Assert.Equal("page_size", await OrdersFixture.CodeAsync(refused));
        }
    }

    [Fact]
    public async Task A_revoked_key_is_refused_and_a_second_revocation_finds_none()
    {
        var key = await (await OrdersFixture.PostAsync(orders.Operator, "/clients/acme/keys", "{}"))
            .Content.ReadFromJsonAsync<JsonObject>();
        using var http = new HttpClient { BaseAddress = orders.Service.Address };
        http.DefaultRequestHeaders.Add("X-Api-Key", (string)key!["key"]!);
        var path = new Uri("/orders", UriKind.Relative);
        Assert.Equal(200, (int)(await http.GetAsync(path)).StatusCode);

        var revoke = new Uri($"/keys/{(string)key["prefix"]!}", UriKind.Relative);
        Assert.Equal(204, (int)(await orders.Operator.DeleteAsync(revoke)).StatusCode);
        // On this replica at once; on another within the cache's lifetime.
        await Eventually.HoldsAsync(async () => (int)(await http.GetAsync(path)).StatusCode == 401);
        Assert.Equal(404, (int)(await orders.Operator.DeleteAsync(revoke)).StatusCode);
    }
}
