using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.Configuration;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Pooler;

/// <summary>Both services behind a pooler that gives each transaction another session.</summary>
public sealed class BehindPgBouncer(TestServers servers)
{
    private const int AtOnce = 40;
    private const string OperatorKey = "operator.0123456789abcdef0123456789abcdef";
    private const string ServiceKey = "orders.0123456789abcdef0123456789abcdef";
    private const string FloorKey = "floor.0123456789abcdef0123456789abcdef";

    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Orders_are_placed_planned_picked_and_shipped_by_many_at_once()
    {
        var (ordersdb, pickingdb) = (
            await servers.CreateOrdersDatabaseAsync(), await servers.CreatePickingDatabaseAsync());
        await using var ordersPooler = await PgBouncer.StartAsync(ordersdb);
        await using var pickingPooler = await PgBouncer.StartAsync(pickingdb);
        await using var redis = await TestServers.StartRedisAsync();
        await using var picking = await ServiceProcess.StartAsync("Fulfillment.Picking", Settings(
            "pickingdb", pickingPooler, pickingdb, redis.Endpoint, ("Floor:Key", FloorKey)));
        await using var orders = await ServiceProcess.StartAsync("Fulfillment.Orders", Settings(
            "ordersdb", ordersPooler, ordersdb, redis.Endpoint, ("Picking:Url", picking.Address.ToString())));
        using var brand = await OpenShopAsync(orders, picking);
        using var floor = With(picking, FloorKey);

        var placed = await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async i => (string)(await BodyAsync(
            brand.PostAsync("/orders", Json($$"""
                {"clientOrderId":"o-{{i}}","lines":[{"sku":"a","quantity":1}],
                 "shipTo":{"name":"N","line1":"L","country":"DE"} }
                """))))["orderId"]!));
        // Everybody asks while tours are walked, so that sessions change hands all the time.
        await Eventually.HoldsAsync(async () =>
        {
            await PickATourAsync(floor);
            var all = await Task.WhenAll(placed.Select(id => BodyAsync(brand.GetAsync($"/orders/{id}"))));
            return all.All(order => (string)order["status"]! == "Picked");
        });
        using var operators = With(orders, OperatorKey);
        await Task.WhenAll(placed.Select(id =>
            OkAsync(operators.PostAsync($"/clients/acme/orders/{id}/ship", Json("")))));

        foreach (var service in new[] { orders, picking })
            Assert.DoesNotContain("PostgreSQL is away", service.Output, StringComparison.Ordinal);
        // Nothing was left behind in the sessions that others get.
        await using var database = NpgsqlDataSource.Create(ordersPooler.ConnectionString + ";No Reset On Close=true");
        await using var left = database.CreateCommand("SELECT count(*) FROM pg_prepared_statements");
        Assert.Equal(0L, await left.ExecuteScalarAsync(Cancellation));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)] // the counter-example: what is prepared in one session is asked for in another
    public async Task Statements_are_prepared_only_where_a_session_stays(bool pooled)
    {
        var direct = await servers.CreateOrdersDatabaseAsync();
        await using var pooler = await PgBouncer.StartAsync(direct);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Postgres:Pooled"] = pooled.ToString(),
            ["ConnectionStrings:ordersdb"] = pooler.ConnectionString,
            ["ConnectionStrings:ordersdb-direct"] = direct,
        }).Build();
        await using var database = new NpgsqlDataSourceBuilder(
            ConnectionSettings.Postgres(configuration, "ordersdb", poolMax: 16))
            .ConfigureTypeLoading(types => types.EnableTypeLoading(false)).Build();

        var failed = 0;
        for (var round = 0; round < 10; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 16).Select(async i =>
            {
                try
                {
                    await using var command = database.CreateCommand($"SELECT {i % 4} FROM orders WHERE order_id = $1");
                    command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Guid.Empty });
                    await command.ExecuteScalarAsync(Cancellation);
                }
                catch (PostgresException lost) when (lost.SqlState is "26000" or "42P05" or "08P01")
                {
                    Interlocked.Increment(ref failed);
                }
            }));
        }

        Assert.Equal(pooled, failed == 0);
    }

    [Fact]
    public void A_pooler_without_a_way_past_it_stops_the_start_with_one_line()
    {
        var wrong = Assert.Throws<WrongSettingException>(() => ConnectionSettings.Postgres(
            new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Postgres:Pooled"] = "true",
                ["ConnectionStrings:ordersdb"] = "Host=pooler;Database=ordersdb",
            }).Build(),
            "ordersdb", poolMax: 16));
        Assert.StartsWith("Setting 'ConnectionStrings:ordersdb-direct'", wrong.Message, StringComparison.Ordinal);
    }

    private static async Task PickATourAsync(HttpClient floor)
    {
        var next = await OkAsync(floor.PostAsync("/floor/tours/next", Json("""{"pickerId":"ann"}""")));
        if (next.StatusCode == System.Net.HttpStatusCode.NoContent) return;
        var tour = await next.Content.ReadFromJsonAsync<JsonObject>(Cancellation);
        var scans = tour!["tasks"]!.AsArray().Select(task => new JsonObject
        {
            ["scanId"] = $"s-{task!["taskNo"]}",
            ["taskNo"] = task["taskNo"]!.DeepClone(),
            ["location"] = task["location"]!.DeepClone(),
            ["sku"] = task["sku"]!.DeepClone(),
            ["tote"] = task["tote"]!.DeepClone(),
            ["picked"] = task["quantity"]!.DeepClone(),
            ["short"] = 0,
        });
        var confirm = new JsonObject
        {
            ["pickerId"] = "ann",
            ["fence"] = tour["fence"]!.DeepClone(),
            ["scans"] = new JsonArray([.. scans]),
        };
        await OkAsync(floor.PostAsync($"/floor/tours/{tour["tourId"]}/confirm", Json(confirm.ToJsonString())));
    }

    private static async Task<HttpClient> OpenShopAsync(ServiceProcess orders, ServiceProcess picking)
    {
        using var operators = With(orders, OperatorKey);
        using var lead = With(picking, OperatorKey);
        await OkAsync(operators.PutAsync("/warehouses/main", Json("""{"name":"Main"}""")));
        await OkAsync(operators.PutAsync("/clients/acme", Json("""{"name":"A","warehouseId":"main","weight":1}""")));
        var key = await BodyAsync(operators.PostAsync("/clients/acme/keys", Json("{}")));
        var brand = With(orders, (string)key["key"]!);
        await OkAsync(brand.PutAsync("/skus", Json("""[{"sku":"a","name":"A"}]""")));
        await OkAsync(brand.PostAsync("/stock/receipts", Json(
            """{"reference":"r-1","lines":[{"sku":"a","quantity":1000}]}""")));
        await OkAsync(lead.PutAsync("/slots", Json(
            """[{"clientId":"acme","sku":"a","rank":1,"aisle":1,"bay":1,"side":"L"}]""")));
        return brand;
    }

    private static Dictionary<string, string> Settings(
        string name, PgBouncer pooler, string direct, string redis, params (string Name, string Value)[] more)
    {
        var settings = new Dictionary<string, string>
        {
            ["Postgres:Pooled"] = "true",
            [$"ConnectionStrings:{name}"] = pooler.ConnectionString,
            [$"ConnectionStrings:{name}-direct"] = direct,
            ["ConnectionStrings:redis"] = redis,
            ["Operator:Key"] = OperatorKey,
            ["Service:Key"] = ServiceKey,
            ["Intake:HeldMillisecondsMax"] = "60000",
        };
        foreach (var (setting, value) in more) settings[setting] = value;
        return settings;
    }

    private static StringContent Json(string body) => new(body, null, "application/json");

    private static async Task<JsonObject> BodyAsync(Task<HttpResponseMessage> asked) =>
        (await (await OkAsync(asked)).Content.ReadFromJsonAsync<JsonObject>(Cancellation))!;

    private static async Task<HttpResponseMessage> OkAsync(Task<HttpResponseMessage> asked)
    {
        var answer = await asked;
        var body = await answer.Content.ReadAsStringAsync(Cancellation);
        Assert.True(answer.IsSuccessStatusCode, $"{answer.StatusCode}: {body}");
        return answer;
    }

    private static HttpClient With(ServiceProcess service, string key)
    {
        var http = new HttpClient { BaseAddress = service.Address };
        http.DefaultRequestHeaders.Add("X-Api-Key", key);
        return http;
    }
}
