using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Fulfillment.Tests.Orders.Catalog;

public class ManyWarehouses(TestServers servers)
{
    private const int Warehouses = 32, ConnectionsMax = 16;

    [Fact]
    public async Task A_warehouse_whose_picking_no_setting_names_is_refused_and_takes_no_orders()
    {
        await using var orders = new OrdersFixture(servers);
        await orders.InitializeAsync();
        var refused = await PutWarehouseAsync(orders, "nowhere");
        Assert.Equal((422, "warehouse_without_picking"), ((int)refused.StatusCode, await OrdersFixture.CodeAsync(refused)));

        // A row from before there was this rule, or whose setting was taken out.
        await orders.ExecuteAsync("""
            INSERT INTO warehouses (warehouse_id, name, created_at) VALUES ('nowhere', 'N', now());
            UPDATE clients SET warehouse_id = 'nowhere'
            """);
        await Eventually.HoldsAsync(async () =>
        {
            var placed = await orders.PlaceAsync(OrdersFixture.Order($"{Guid.NewGuid():N}"));
            return (int)placed.StatusCode == 422
                && await OrdersFixture.CodeAsync(placed) == "warehouse_without_picking";
        });
    }

    [Fact]
    public async Task Thirty_two_of_them_take_orders_and_dispatch_on_sixteen_connections()
    {
        await using var orders = new OrdersFixture(servers);
        await orders.InitializeAsync();
        var shops = new List<Shop>();
        for (var i = 0; i < Warehouses; i++)
        {
            shops.Add(await Shop.BuildAsync(orders));
            await shops[i].ReceiveAsync("a", 3);
        }

        for (var round = 0; round < 3; round++)
            foreach (var placed in await Task.WhenAll(shops.Select(shop => OrdersFixture.PostAsync(
                shop.Http, "/orders", OrdersFixture.Order($"{Guid.NewGuid():N}")))))
                Assert.Equal(201, (int)placed.StatusCode);
        foreach (var shop in shops)
            await Eventually.HoldsAsync(async () => await shop.CountAsync("releases", "stream_entry IS NOT NULL") == 3);

        Assert.Equal(1, await orders.CountAsync($"""
            SELECT count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
                AND (classid::bigint << 32 | objid::bigint) IN (SELECT hashtextextended(name, 0) FROM leaderships)
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """));
        // All of this database that is not the test's own, which its shops and questions opened.
        var opened = await orders.CountAsync("""
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
                AND application_name <> 'test'
            """);
        Assert.InRange(opened, 1, ConnectionsMax);
        foreach (var shop in shops) await shop.DisposeAsync();
    }

    private static async Task<HttpResponseMessage> PutWarehouseAsync(OrdersFixture orders, string id) =>
        await orders.Operator.PutAsync(
            new Uri($"/warehouses/{id}", UriKind.Relative), JsonContent.Create(new JsonObject { ["name"] = "W" }));
}
