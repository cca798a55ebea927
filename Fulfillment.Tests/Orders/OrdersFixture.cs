using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Fulfillment.Hosting;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Orders;

/// <summary>An Orders process on a fresh database, with a client "acme" whose SKUs a, b, c have no stock yet.</summary>
public sealed class OrdersFixture(TestServers servers) : IAsyncLifetime
{
    private const string OperatorKey = "operator.0123456789abcdef0123456789abcdef";

    private const int ShopsMax = 64;

    public const string ServiceKey = "orders.0123456789abcdef0123456789abcdef";

    // The warehouses of the shops that tests build: where Picking is says a setting, before they are built.
    private readonly string[] _shops =
        [.. Enumerable.Range(1, ShopsMax).Select(number => $"shop-{Guid.NewGuid():N}-{number}")];
    private int _shopsBuilt;
    private string _acmeKey = "";

    /// <summary>Where Orders looks for Picking; nothing is there unless a test starts it.</summary>
    public Uri PickingAddress { get; } = new($"http://127.0.0.1:{Ports.Free()}");

    public string ConnectionString { get; private set; } = "";
    public ServiceProcess Service { get; private set; } = null!;
    public HttpClient Operator { get; private set; } = null!;
    public HttpClient Acme { get; private set; } = null!;
    public NpgsqlDataSource Database { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        ConnectionString = await servers.CreateOrdersDatabaseAsync();
        Database = NpgsqlDataSource.Create($"{ConnectionString};Application Name=test");
        await StartAsync();
        await PutAsync(Operator, "/warehouses/east", """{"name":"East"}""");
        await PutAsync(Operator, "/clients/acme", """{"name":"Acme","warehouseId":"east","weight":1}""");
        var key = await (await PostAsync(Operator, "/clients/acme/keys", "{}")).Content.ReadFromJsonAsync<JsonObject>();
        _acmeKey = (string)key!["key"]!;
        Acme = With(_acmeKey);
        await PutAsync(Acme, "/skus", """[{"sku":"a","name":"A"},{"sku":"b","name":"B"},{"sku":"c","name":"C"}]""");
    }

    /// <summary>The id of one more shop.</summary>
    public string NextShop() => _shops[Interlocked.Increment(ref _shopsBuilt) - 1];

    /// <summary>Starts the service, or starts it again after a kill: the clients go to where it listens now.</summary>
    public async Task StartAsync(params (string Name, string Value)[] more)
    {
        Service = await StartBesideAsync(more);
        Operator = With(OperatorKey);
        if (_acmeKey.Length > 0) Acme = With(_acmeKey);
    }

    /// <summary>One more replica of the service.</summary>
    public async Task<ServiceProcess> StartBesideAsync(params (string Name, string Value)[] more)
    {
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings:ordersdb"] = ConnectionString,
            ["ConnectionStrings:redis"] = await servers.RedisEndpointAsync(),
            ["Operator:Key"] = OperatorKey,
            ["Picking:Url"] = PickingAddress.ToString(),
            ["Picking:east:Url"] = PickingAddress.ToString(),
            ["Service:Key"] = ServiceKey,
            ["Intake:HeldMillisecondsMax"] = "60000", // a busy machine is no outage
        };
        foreach (var shop in _shops) settings[$"Picking:{shop}:Url"] = PickingAddress.ToString();
        foreach (var (name, value) in more) settings[name] = value;
        return await ServiceProcess.StartAsync("Fulfillment.Orders", settings);
    }

    /// <summary>Starts the service on another database, such as a copy of an earlier time.</summary>
    public async Task StartOnAsync(string connectionString)
    {
        await Service.DisposeAsync();
        await Database.DisposeAsync();
        ConnectionString = connectionString;
        Database = NpgsqlDataSource.Create(connectionString);
        await StartAsync();
    }

    /// <summary>
    /// Picking for the warehouse of this shop, where Orders looks for it, on a database of its own, with a slot for SKU a.
    /// </summary>
    public async Task<(ServiceProcess Picking, NpgsqlDataSource Database)> StartPickingAsync(string shop)
    {
        var database = await servers.CreatePickingDatabaseAsync();
        var source = NpgsqlDataSource.Create(database);
        await using var slot = source.CreateCommand($"""
            INSERT INTO slots (warehouse_id, client_id, sku, rank, aisle, bay, side)
            VALUES ('{shop}', '{shop}', 'a', 1, 1, 1, 'L')
            """);
        await slot.ExecuteNonQueryAsync();
        var picking = await ServiceProcess.StartAsync("Fulfillment.Picking", new Dictionary<string, string>
        {
            ["ASPNETCORE_URLS"] = PickingAddress.ToString(),
            ["ConnectionStrings:pickingdb"] = database,
            ["ConnectionStrings:redis"] = await servers.RedisEndpointAsync(),
            ["Warehouse:Id"] = shop,
            ["Service:Key"] = ServiceKey,
        }, waitUntilAlive: false);
        return (picking, source);
    }

    public static string Order(string id, string sku = "a", int quantity = 1, string allocation = "FillAll") => $$"""
        {"clientOrderId":"{{id}}","lines":[{"sku":"{{sku}}","quantity":{{quantity}} }],"allocation":"{{allocation}}",
         "shipTo":{"name":"N","line1":"L","country":"DE"} }
        """;

    public Task<HttpResponseMessage> PlaceAsync(string body) => PostAsync(Acme, "/orders", body);

    public async Task ReceiveAsync(string reference, string sku, int quantity)
    {
        var answer = await PostAsync(Acme, "/stock/receipts",
            $$"""{"reference":"{{reference}}","lines":[{"sku":"{{sku}}","quantity":{{quantity}} }]}""");
        Assert.Equal(204, (int)answer.StatusCode);
    }

    public async Task<long> CountAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public static async Task<string> CodeAsync(HttpResponseMessage answer)
    {
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        return (string)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["code"]!;
    }

    public static Task<HttpResponseMessage> PostAsync(HttpClient http, string path, string body) =>
        http.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, null, "application/json"));

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await Database.DisposeAsync();
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public static async Task PutAsync(HttpClient http, string path, string body)
    {
        var answer = await http.PutAsync(new Uri(path, UriKind.Relative), new StringContent(body, null, "application/json"));
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    public HttpClient With(string key)
    {
        var http = new HttpClient { BaseAddress = Service.Address };
        http.DefaultRequestHeaders.Add("X-Api-Key", key);
        return http;
    }
}
