using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Orders;

/// <summary>
/// A client with a warehouse of his own, whose SKUs a and b have no stock yet. A shut warehouse does not dispatch: the
/// test holds the lock of its relay until <see cref="OpenAsync"/>.
/// </summary>
public sealed class Shop : IAsyncDisposable
{
    private readonly OrdersFixture _orders;
    private readonly NpgsqlConnection? _lock;

    private Shop(OrdersFixture orders, string id, HttpClient http, NpgsqlConnection? @lock) =>
        (_orders, Id, Http, _lock) = (orders, id, http, @lock);

    /// <summary>Of the client, and of his warehouse.</summary>
    public string Id { get; }
    public HttpClient Http { get; }

    public static async Task<Shop> BuildAsync(OrdersFixture orders, bool shut = false)
    {
        ArgumentNullException.ThrowIfNull(orders);
        var id = orders.NextShop();
        var connection = shut ? await orders.Database.OpenConnectionAsync() : null;
        if (shut)
        {
            await using var stand = new NpgsqlCommand(
                $"SELECT pg_advisory_lock(hashtextextended('dispatch:{id}', 0))", connection);
            await stand.ExecuteNonQueryAsync();
        }

        await OrdersFixture.PutAsync(orders.Operator, $"/warehouses/{id}", """{"name":"W"}""");
        await OrdersFixture.PutAsync(orders.Operator, $"/clients/{id}", $$"""{"name":"S","warehouseId":"{{id}}","weight":1}""");
        var key = await (await OrdersFixture.PostAsync(orders.Operator, $"/clients/{id}/keys", "{}"))
            .Content.ReadFromJsonAsync<JsonObject>();
        var shop = new Shop(orders, id, orders.With((string)key!["key"]!), connection);
        await OrdersFixture.PutAsync(shop.Http, "/skus", """[{"sku":"a","name":"A"},{"sku":"b","name":"B"}]""");
        return shop;
    }

    /// <summary>Lets the relay go.</summary>
    public async ValueTask OpenAsync()
    {
        if (_lock is not { State: System.Data.ConnectionState.Open }) return;
        // The lock is the session's, and the pool keeps the session.
        await using (var unlock = new NpgsqlCommand("SELECT pg_advisory_unlock_all()", _lock))
            await unlock.ExecuteNonQueryAsync();
        await _lock.DisposeAsync();
    }

    public async Task ReceiveAsync(string sku, int quantity)
    {
        var answer = await OrdersFixture.PostAsync(Http, "/stock/receipts",
            $$"""{"reference":"{{Guid.NewGuid():N}}","lines":[{"sku":"{{sku}}","quantity":{{quantity}} }]}""");
        Assert.Equal(204, (int)answer.StatusCode);
    }

    public async Task<Guid> PlaceAsync(string sku = "a", int quantity = 1, string allocation = "FillAll")
    {
        var answer = await OrdersFixture.PostAsync(
            Http, "/orders", OrdersFixture.Order($"{Guid.NewGuid():N}", sku, quantity, allocation));
        Assert.Equal(201, (int)answer.StatusCode);
        return (Guid)(await answer.Content.ReadFromJsonAsync<JsonObject>())!["orderId"]!;
    }

    /// <summary>An order whose first release stands on the stream.</summary>
    public async Task<Guid> PlaceAndDispatchAsync()
    {
        await ReceiveAsync("a", 1);
        var order = await PlaceAsync();
        await Eventually.HoldsAsync(async () => await CountAsync(
            "releases", $"order_id = '{order}' AND state = 'Dispatched' AND stream_entry IS NOT NULL") == 1);
        return order;
    }

    public Task<HttpResponseMessage> CancelAsync(Guid order) => OrdersFixture.PostAsync(Http, $"/orders/{order}/cancel", "");

    public Task<HttpResponseMessage> HoldAsync(Guid order, string name) =>
        OrdersFixture.PostAsync(Http, $"/orders/{order}/holds", $$"""{"name":"{{name}}","reason":"fraud check"}""");

    public Task<HttpResponseMessage> LiftAsync(Guid order, string name) =>
        Http.DeleteAsync(new Uri($"/orders/{order}/holds/{name}", UriKind.Relative));

    public Task<HttpResponseMessage> ShipAsync(Guid order) =>
        OrdersFixture.PostAsync(_orders.Operator, $"/clients/{Id}/orders/{order}/ship", "");

    public async Task<JsonObject> TrackAsync(Guid order) =>
        (await Http.GetFromJsonAsync<JsonObject>(new Uri($"/orders/{order}", UriKind.Relative)))!;

    /// <summary>The shop's rows.</summary>
    public Task<long> CountAsync(string table, string where = "true") =>
        _orders.CountAsync($"SELECT count(*) FROM {table} WHERE client_id = '{Id}' AND {where}");

    public Task<long> ReservedAsync(string sku) =>
        _orders.CountAsync($"SELECT reserved FROM stock WHERE client_id = '{Id}' AND sku = '{sku}'");

    public async Task ExecuteAsync(string sql)
    {
        await using var command = _orders.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await OpenAsync();
    }
}
