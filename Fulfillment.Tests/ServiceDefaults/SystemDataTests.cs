using System.Net.Http.Json;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.ServiceDefaults;

/// <summary>Services on a machine, or in an image, that lacks what others have.</summary>
public sealed class SystemDataTests(TestServers servers) : IDisposable
{
    private const string OperatorKey = "operator.0123456789abcdef0123456789abcdef";

    private readonly string _nothing = Directory.CreateTempSubdirectory("fulfillment-nothing-").FullName;

    [Fact]
    public async Task Without_time_zones_Orders_says_so_in_one_line_and_does_not_start()
    {
        await using var orders = await ServiceProcess.StartAsync(
            "Fulfillment.Orders", await OrdersSettingsAsync(("TZDIR", _nothing)), waitUntilAlive: false);
        await RefusedAsync(orders, "The time zones of this machine are missing");
    }

    [Fact]
    public async Task Without_time_zones_Picking_serves_the_floor_as_ever()
    {
        await using var picking = await ServiceProcess.StartAsync("Fulfillment.Picking", new Dictionary<string, string>
        {
            ["ConnectionStrings:pickingdb"] = await servers.CreatePickingDatabaseAsync(),
            ["ConnectionStrings:redis"] = await servers.RedisEndpointAsync(),
            ["Warehouse:Id"] = $"zoneless-{Guid.NewGuid():N}",
            ["Floor:Key"] = OperatorKey,
            ["TZDIR"] = _nothing,
        });
        using var http = new HttpClient { BaseAddress = picking.Address };
        http.DefaultRequestHeaders.Add("X-Api-Key", OperatorKey);
        var next = await http.PostAsJsonAsync("/floor/tours/next", new { pickerId = "ann" });
        Assert.Equal(204, (int)next.StatusCode);
    }

    [Theory]
    [InlineData("Picking:Url", "https://picking.example")]
    [InlineData("ConnectionStrings:redis", "redis.example:10000,ssl=true")]
    [InlineData("ConnectionStrings:ordersdb", "Host=h;Database=d;SSL Mode=VerifyFull")]
    public async Task Without_certificates_a_service_that_will_check_some_does_not_start(string setting, string value)
    {
        await using var orders = await ServiceProcess.StartAsync(
            "Fulfillment.Orders",
            await OrdersSettingsAsync(
                (setting, value), ("SSL_CERT_DIR", _nothing), ("SSL_CERT_FILE", Path.Combine(_nothing, "none.pem"))),
            waitUntilAlive: false);
        await RefusedAsync(orders, $"The certificates of this machine's authorities are missing, and {setting} needs");
    }

    [Fact]
    public async Task A_warehouse_whose_zone_this_machine_does_not_know_is_no_error_of_the_caller_or_of_ours()
    {
        var settings = await OrdersSettingsAsync(("Picking:mars:Url", "http://127.0.0.1:1"));
        await using var orders = await ServiceProcess.StartAsync("Fulfillment.Orders", settings);
        await using var database = NpgsqlDataSource.Create(settings["ConnectionStrings:ordersdb"]);
        await using var shop = database.CreateCommand("""
            INSERT INTO warehouses (warehouse_id, name, time_zone, created_at) VALUES ('mars', 'M', 'Mars/Base', now());
            INSERT INTO clients (client_id, name, warehouse_id, created_at) VALUES ('acme', 'A', 'mars', now());
            INSERT INTO skus (client_id, sku, name, created_at) VALUES ('acme', 'a', 'A', now());
            INSERT INTO stock (client_id, sku) VALUES ('acme', 'a')
            """);
        await shop.ExecuteNonQueryAsync();
        using var http = new HttpClient { BaseAddress = orders.Address };
        http.DefaultRequestHeaders.Add("X-Api-Key", OperatorKey);
        var key = await (await http.PostAsJsonAsync("/clients/acme/keys", new { })).Content
            .ReadFromJsonAsync<Dictionary<string, string>>();
        http.DefaultRequestHeaders.Remove("X-Api-Key");
        http.DefaultRequestHeaders.Add("X-Api-Key", key!["key"]);

        var refused = await PlaceAsync(http, "a", null);
        Assert.Equal(503, (int)refused.StatusCode);
        Assert.Contains("time_zone_missing", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.NotNull(refused.Headers.RetryAfter);
        // Who names the time himself needs no zone.
        Assert.Equal(201, (int)(await PlaceAsync(http, "b", TimeProvider.System.GetUtcNow().AddDays(1))).StatusCode);
    }

    public void Dispose() => Directory.Delete(_nothing);

    private static Task<HttpResponseMessage> PlaceAsync(HttpClient http, string id, DateTimeOffset? shipBy) =>
        http.PostAsJsonAsync("/orders", new
        {
            clientOrderId = id,
            lines = new[] { new { sku = "a", quantity = 1 } },
            shipTo = new { name = "N", line1 = "L", country = "DE" },
            shipBy,
        });

    private static async Task RefusedAsync(ServiceProcess service, string words)
    {
        Assert.Equal(1, await service.WaitForExitAsync(TestContext.Current.CancellationToken));
        Assert.StartsWith(words, Assert.Single(service.Output.Trim().Split('\n')), StringComparison.Ordinal);
    }

    private async Task<Dictionary<string, string>> OrdersSettingsAsync(params (string Name, string Value)[] more)
    {
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings:ordersdb"] = await servers.CreateOrdersDatabaseAsync(),
            ["ConnectionStrings:redis"] = await servers.RedisEndpointAsync(),
            ["Operator:Key"] = OperatorKey,
            ["Service:Key"] = OperatorKey,
            ["Picking:Url"] = "http://127.0.0.1:1",
        };
        foreach (var (name, value) in more) settings[name] = value;
        return settings;
    }
}
