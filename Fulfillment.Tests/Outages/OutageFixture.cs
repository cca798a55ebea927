using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Fulfillment.Hosting;
using Xunit;

namespace Fulfillment.Tests.Outages;

/// <summary>Both services on a Postgres and a Redis that a test may take away, with a shop that has traded a little.</summary>
public sealed class OutageFixture : IAsyncLifetime
{
    internal const string OperatorKey = "operator.0123456789abcdef0123456789abcdef";
    private const string ServiceKey = "orders.0123456789abcdef0123456789abcdef";
    private const string FloorKey = "floor.0123456789abcdef0123456789abcdef";

    private int _orders;

    internal OutageCluster Cluster { get; private set; } = null!;
    internal RedisServer Redis { get; private set; } = null!;
    internal ServiceProcess Orders { get; private set; } = null!;
    internal ServiceProcess Picking { get; private set; } = null!;
    internal HttpClient Brand { get; private set; } = null!;
    internal HttpClient Operator { get; private set; } = null!;
    internal HttpClient Floor { get; private set; } = null!;
    internal HttpClient Lead { get; private set; } = null!;

    /// <summary>An order that was accepted before anything happened.</summary>
    internal string OrderId { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        Cluster = await OutageCluster.StartAsync();
        Redis = await TestServers.StartRedisAsync();
        Picking = await ServiceProcess.StartAsync("Fulfillment.Picking", Settings("pickingdb", "Floor:Key", FloorKey));
        Orders = await ServiceProcess.StartAsync(
            "Fulfillment.Orders", Settings("ordersdb", "Picking:Url", Picking.Address.ToString()));
        Operator = With(Orders, OperatorKey);
        Floor = With(Picking, FloorKey);
        Lead = With(Picking, OperatorKey);
        await OkAsync(Operator.PutAsync("/warehouses/main", Json("""{"name":"Main"}""")));
        await OkAsync(Operator.PutAsync("/clients/acme", Json("""{"name":"A","warehouseId":"main","weight":1}""")));
        var key = await OkAsync(Operator.PostAsync("/clients/acme/keys", Json("{}")));
        Brand = With(Orders, (string)(await key.Content.ReadFromJsonAsync<JsonObject>())!["key"]!);
        await OkAsync(Brand.PutAsync("/skus", Json("""[{"sku":"a","name":"A"}]""")));
        await OkAsync(Brand.PostAsync("/stock/receipts", Json(
            """{"reference":"r-1","lines":[{"sku":"a","quantity":1000}]}""")));
        await OkAsync(Lead.PutAsync("/slots", Json(
            """[{"clientId":"acme","sku":"a","rank":1,"aisle":1,"bay":1,"side":"L"}]""")));
        var placed = await OkAsync(PlaceAsync());
        OrderId = (string)(await placed.Content.ReadFromJsonAsync<JsonObject>())!["orderId"]!;
        // Every key has been seen once: it is known from here on.
        await OkAsync(Lead.GetAsync("/backlog"));
        await OkAsync(NextTourAsync());
    }

    internal Task<HttpResponseMessage> PlaceAsync() => PlaceAsync($"o-{Interlocked.Increment(ref _orders)}");

    internal Task<HttpResponseMessage> PlaceAsync(string id) => Brand.PostAsync("/orders", Json(Order(id)));

    internal Task<HttpResponseMessage> PlaceManyAsync() => Brand.PostAsync("/orders/bulk", Json(
        $$"""{"orders":[{{Order($"b-{Interlocked.Increment(ref _orders)}")}},{{Order("b-again")}}]}"""));

    internal Task<HttpResponseMessage> NextTourAsync() =>
        Floor.PostAsync("/floor/tours/next", Json("""{"pickerId":"ann"}"""));

    internal static StringContent Json(string body) => new(body, null, "application/json");

    internal static async Task<HttpResponseMessage> OkAsync(Task<HttpResponseMessage> asked)
    {
        var answer = await asked;
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
        return answer;
    }

    public async ValueTask DisposeAsync()
    {
        if (Orders is not null) await Orders.DisposeAsync();
        if (Picking is not null) await Picking.DisposeAsync();
        if (Redis is not null) await Redis.DisposeAsync();
        if (Cluster is not null) await Cluster.DisposeAsync();
    }

    private static string Order(string id) => $$"""
        {"clientOrderId":"{{id}}","lines":[{"sku":"a","quantity":1}],
         "shipTo":{"name":"N","line1":"L","country":"DE"} }
        """;

    private Dictionary<string, string> Settings(string database, string name, string value) => new()
    {
        [$"ConnectionStrings:{database}"] = Cluster.ConnectionString(database),
        ["ConnectionStrings:redis"] = Redis.Endpoint,
        ["Operator:Key"] = OperatorKey,
        ["Service:Key"] = ServiceKey,
        ["Intake:HeldMillisecondsMax"] = "2000",
        [name] = value,
    };

    private static HttpClient With(ServiceProcess service, string key)
    {
        var http = new HttpClient { BaseAddress = service.Address };
        http.DefaultRequestHeaders.Add("X-Api-Key", key);
        return http;
    }
}
