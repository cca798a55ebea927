using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Fulfillment.Contracts;
using Fulfillment.Orders.Archive;
using Fulfillment.Orders.Progress;
using Fulfillment.ServiceDefaults;
using Xunit;

namespace Fulfillment.Tests.Orders.Archive;

/// <summary>Whoever asks about an order cannot tell whether it was moved.</summary>
public class SameAnswers(OrdersFixture orders) : IClassFixture<OrdersFixture>
{
    private const string Shipped = "shipped", Cancelled = "cancelled", Held = "cancelled and held";
    private const string Backordered = "a backorder, cancelled", Rest = "shipped, the rest cancelled";

    [Theory]
    [InlineData(Shipped)]
    [InlineData(Cancelled)]
    [InlineData(Held)]
    [InlineData(Backordered)]
    [InlineData(Rest)]
    public async Task Every_request_is_answered_byte_for_byte_as_before(string fate)
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        await shop.ReceiveAsync("a", 10);
        var open = await PlaceAsync(shop, "open", null);
        var order = await PlaceAsync(shop, "over", fate);
        await EndAsync(shop, order, fate);

        var before = await AnswersAsync(shop, order, "over");
        Assert.Equal(1, await ArchiveAsync());
        var after = await AnswersAsync(shop, order, "over");

        Assert.Equal(before, after);
        Assert.Equal((1, 1), (await shop.CountAsync("orders"), await shop.CountAsync("past_orders")));
        Assert.Equal(0, await shop.CountAsync("orders", $"order_id = '{order}'"));
        foreach (var table in (string[])["order_lines", "releases", "allocations", "holds", "release_signals"])
            Assert.Equal(0, await shop.CountAsync(table, $"order_id = '{order}'"));
        Assert.Equal("Accepted", (string)(await shop.TrackAsync(open))["status"]!);
    }

    [Fact]
    public async Task A_page_holds_past_and_open_orders_in_the_order_they_were_placed()
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        await shop.ReceiveAsync("a", 12);
        var ids = new List<Guid>();
        for (var i = 0; i < 6; i++) ids.Add(await PlaceAsync(shop, $"page-{i}", null));
        foreach (var closed in (int[])[0, 2, 3, 5]) await EndAsync(shop, ids[closed], Shipped);
        var before = await PagesAsync(shop);

        Assert.Equal(4, await ArchiveAsync());

        Assert.Equal(before, await PagesAsync(shop));
        var pages = before.Select(page => JsonNode.Parse(page)!["orders"]!.AsArray());
        Assert.Equal(ids, pages.SelectMany(page => page).Select(order => (Guid)order!["orderId"]!));
    }

    [Fact]
    public async Task The_hold_of_a_cancelled_order_is_lifted_once_also_when_it_is_past()
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        await shop.ReceiveAsync("a", 10);
        var order = await PlaceAsync(shop, "held", Held);
        await EndAsync(shop, order, Held);
        Assert.Equal(1, await ArchiveAsync());
        Assert.True((bool)(await shop.TrackAsync(order))["held"]!);

        Assert.Equal("unknown_hold", await OrdersFixture.CodeAsync(await shop.LiftAsync(order, "other")));
        Assert.Equal(204, (int)(await shop.LiftAsync(order, "fraud")).StatusCode);
        Assert.Equal("unknown_hold", await OrdersFixture.CodeAsync(await shop.LiftAsync(order, "fraud")));

        Assert.False((bool)(await shop.TrackAsync(order))["held"]!);
        Assert.Equal("a", (string)(await shop.TrackAsync(order))["lines"]![0]!["sku"]!);
    }

    [Fact]
    public async Task Another_clients_past_order_is_unknown()
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        await using var other = await Shop.BuildAsync(orders, shut: true);
        await shop.ReceiveAsync("a", 10);
        await other.ReceiveAsync("a", 10);
        var order = await PlaceAsync(shop, "mine", null);
        await EndAsync(shop, order, Shipped);
        Assert.Equal(1, await ArchiveAsync());

        Assert.Equal(404, (int)(await other.Http.GetAsync(new Uri($"/orders/{order}", UriKind.Relative))).StatusCode);
        Assert.Equal(404, (int)(await other.CancelAsync(order)).StatusCode);
        // And the same id is his own.
        await PlaceAsync(other, "mine", null);
        Assert.Equal(1, await other.CountAsync("orders"));
    }

    [Fact]
    public async Task An_event_about_a_past_release_is_parked()
    {
        await using var shop = await Shop.BuildAsync(orders, shut: true);
        await shop.ReceiveAsync("a", 10);
        var order = await PlaceAsync(shop, "late", null);
        await EndAsync(shop, order, Shipped);
        Assert.Equal(1, await ArchiveAsync());
        var late = new FeedEvent
        {
            Xid = 1,
            Id = 1,
            ClientId = shop.Id,
            OrderId = order,
            ReleaseNo = 1,
            Version = 4,
            Kind = EventKinds.Planned,
            At = DateTimeOffset.UnixEpoch,
        };

        await using (var none = orders.Database.CreateCommand(
            $"DELETE FROM feed_cursors WHERE feed = '{shop.Id}'"))
            await none.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        await FeedCursors.OpenAsync(
            orders.Database, shop.Id, DateTimeOffset.UnixEpoch, TestContext.Current.CancellationToken);
        var run = new Run(shop.Id, FeedCursor.Start, [late], Resuming: false, 20, DateTimeOffset.UnixEpoch);
        var effects = await ApplyEvents.ApplyAsync(
            orders.Database, run, StopAt.Nowhere, TestContext.Current.CancellationToken);
        Assert.Equal(EventFault.UnknownRelease, Assert.Single(effects.Parked).Value.Code);
    }

    private async Task<int> ArchiveAsync()
    {
        var leader = await Leaders.RaiseAsync(orders.Database, "archive");
        var now = DateTimeOffset.FromUnixTimeSeconds(await orders.CountAsync("SELECT extract(epoch FROM now())::bigint + 60"));
        return await MoveOrders.MoveAsync(leader, now, 100, now, StopAt.Nowhere, CancellationToken.None);
    }

    private static string Body(string id, string? fate) => OrdersFixture.Order(
        id, "a", fate switch { Backordered => 50, Rest => 12, _ => 2 }, fate == Rest ? "FillAllAvailable" : "FillAll");

    private static async Task<Guid> PlaceAsync(Shop shop, string id, string? fate)
    {
        var answer = await OrdersFixture.PostAsync(shop.Http, "/orders", Body(id, fate));
        Assert.Equal(201, (int)answer.StatusCode);
        return (Guid)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["orderId"]!;
    }

    // The rows as the feed's reader leaves them when the last line is picked; the rest through the door.
    private static async Task EndAsync(Shop shop, Guid order, string fate)
    {
        if (fate is Held) Assert.Equal(204, (int)(await shop.HoldAsync(order, "fraud")).StatusCode);
        if (fate is Cancelled or Held or Backordered)
        {
            Assert.Equal(200, (int)(await shop.CancelAsync(order)).StatusCode);
            return;
        }

        await shop.ExecuteAsync($"""
            UPDATE stock SET on_hand = on_hand - units, reserved = reserved - units
            FROM (SELECT sum(quantity) AS units FROM allocations WHERE order_id = '{order}') AS picked
            WHERE client_id = '{shop.Id}' AND sku = 'a';
            UPDATE allocations SET picked = quantity WHERE order_id = '{order}';
            UPDATE releases SET state = 'Picked', picked_at = now(), feed_version = 3 WHERE order_id = '{order}'
            """);
        if (fate == Rest) Assert.Equal(200, (int)(await shop.CancelAsync(order)).StatusCode);
        Assert.Equal(200, (int)(await shop.ShipAsync(order)).StatusCode);
    }

    private async Task<List<string>> AnswersAsync(Shop shop, Guid order, string id)
    {
        var answers = new List<string>();
        async Task KeepAsync(Task<HttpResponseMessage> sent)
        {
            var answer = await sent;
            answers.Add($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }

        Task<HttpResponseMessage> Get(string path) => shop.Http.GetAsync(new Uri(path, UriKind.Relative));
        await KeepAsync(Get($"/orders/{order}"));
        await KeepAsync(Get($"/orders/by-client-id/{id}"));
        await KeepAsync(Get("/orders"));
        await KeepAsync(Get("/orders?limit=1"));
        foreach (var fate in (string?[])[Shipped, Backordered, Rest])
            await KeepAsync(OrdersFixture.PostAsync(shop.Http, "/orders", Body(id, fate)));
        await KeepAsync(shop.CancelAsync(order));
        await KeepAsync(shop.ShipAsync(order));
        await KeepAsync(shop.HoldAsync(order, "late"));
        await KeepAsync(shop.LiftAsync(order, "nobody's"));
        foreach (var release in (int[])[1, 2])
        {
            await KeepAsync(OrdersFixture.PostAsync(
                orders.Operator, $"/orders/{order}/releases/{release}/resend?client={shop.Id}", ""));
        }

        return answers;
    }

    private static async Task<List<string>> PagesAsync(Shop shop)
    {
        var pages = new List<string>();
        for (var next = ""; next is not null;)
        {
            var after = next.Length > 0 ? $"&after={next}" : "";
            pages.Add(await shop.Http.GetStringAsync(new Uri($"/orders?limit=2{after}", UriKind.Relative)));
            next = (string?)JsonNode.Parse(pages[^1])!["next"];
        }

        return pages;
    }
}
