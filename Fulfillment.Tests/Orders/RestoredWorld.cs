using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Fulfillment.Surge.Invariants;
using Fulfillment.Surge.Load;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.Orders;

/// <summary>A brand, Orders, Picking with its floor, and their two databases, of which one will go back.</summary>
internal sealed class RestoredWorld : IAsyncDisposable
{
    private const string FloorKey = "floor.0123456789abcdef0123456789abcdef";

    private readonly TestServers _servers;
    private readonly string _id;
    private readonly string _key;
    private ServiceProcess? _picking;
    private NpgsqlDataSource? _pickingDatabase;

    private RestoredWorld(TestServers servers, OrdersFixture orders, string id, string key) =>
        (_servers, Orders, _id, _key) = (servers, orders, id, key);

    internal OrdersFixture Orders { get; }
    internal string PickingDb { get; private set; } = "";

    internal static async Task<RestoredWorld> StartAsync(TestServers servers)
    {
        var orders = new OrdersFixture(servers);
        await orders.InitializeAsync();
        var id = orders.NextShop();
        await OrdersFixture.PutAsync(orders.Operator, $"/warehouses/{id}", """{"name":"W"}""");
        await OrdersFixture.PutAsync(
            orders.Operator, $"/clients/{id}", $$"""{"name":"S","warehouseId":"{{id}}","weight":1}""");
        var key = await (await OrdersFixture.PostAsync(orders.Operator, $"/clients/{id}/keys", "{}"))
            .Content.ReadFromJsonAsync<JsonObject>();
        var world = new RestoredWorld(servers, orders, id, (string)key!["key"]!);
        using var brand = world.Brand();
        await OrdersFixture.PutAsync(brand, "/skus", """[{"sku":"a","name":"A"},{"sku":"b","name":"B"}]""");
        var received = await OrdersFixture.PostAsync(brand, "/stock/receipts", """
            {"reference":"all","lines":[{"sku":"a","quantity":1000},{"sku":"b","quantity":1000}]}
            """);
        Assert.Equal(204, (int)received.StatusCode);
        await world.StartPickingAsync(await servers.CreatePickingDatabaseAsync());
        await world.InPickingAsync($"""
            INSERT INTO slots (warehouse_id, client_id, sku, rank, aisle, bay, side)
            VALUES ('{id}', '{id}', 'a', 1, 1, 1, 'L'), ('{id}', '{id}', 'b', 1, 2, 2, 'R')
            """);
        return world;
    }

    /// <summary>Picking on this database, where Orders looks for it; the one that ran before ends.</summary>
    internal async Task StartPickingAsync(string database)
    {
        if (_picking is not null) await _picking.DisposeAsync();
        if (_pickingDatabase is not null) await _pickingDatabase.DisposeAsync();
        PickingDb = database;
        _pickingDatabase = NpgsqlDataSource.Create(database);
        _picking = await ServiceProcess.StartAsync("Fulfillment.Picking", new Dictionary<string, string>
        {
            ["ASPNETCORE_URLS"] = Orders.PickingAddress.ToString(),
            ["ConnectionStrings:pickingdb"] = database,
            ["ConnectionStrings:redis"] = await _servers.RedisEndpointAsync(),
            ["Warehouse:Id"] = _id,
            ["Service:Key"] = OrdersFixture.ServiceKey,
            ["Floor:Key"] = FloorKey,
            ["Pool:WaitMilliseconds"] = "0",
        }, waitUntilAlive: false);
    }

    /// <summary>The database as it is now; who is connected to it is cut off, and so are we.</summary>
    internal async Task<string> CopyAsync(string database)
    {
        var copy = await _servers.CopyDatabaseAsync(database);
        Orders.Database.Clear();
        _pickingDatabase!.Clear();
        return copy;
    }

    /// <summary>Orders of two lines of two units each; returns how many.</summary>
    internal async Task<int> PlaceAsync(int orders)
    {
        using var brand = Brand();
        for (var n = 0; n < orders; n++)
        {
            var answer = await OrdersFixture.PostAsync(brand, "/orders", $$"""
                {"clientOrderId":"{{Guid.NewGuid():N}}","shipTo":{"name":"N","line1":"L","country":"DE"},
                 "lines":[{"sku":"a","quantity":2},{"sku":"b","quantity":2}]}
                """);
            Assert.Equal(201, (int)answer.StatusCode);
        }

        return orders;
    }

    /// <summary>
    /// Scans so many tasks, of whatever tours there are, one unit of the first ones short. Fewer when there is nothing
    /// left to do.
    /// </summary>
    internal async Task<int> ConfirmAsync(int scans, int shorts)
    {
        using var floor = new HttpClient { BaseAddress = Orders.PickingAddress };
        floor.DefaultRequestHeaders.Add("X-Api-Key", FloorKey);
        var done = 0;
        while (done < scans && await NextTourAsync(floor) is { } tour)
        {
            foreach (var task in tour["tasks"]!.AsArray())
            {
                if (done == scans) return done;
                var missing = done < shorts ? 1 : 0;
                var body = new JsonObject
                {
                    ["pickerId"] = "ann",
                    ["fence"] = tour["fence"]!.DeepClone(),
                    ["scans"] = new JsonArray(new JsonObject
                    {
                        ["scanId"] = $"{Guid.NewGuid():N}",
                        ["taskNo"] = task!["taskNo"]!.DeepClone(),
                        ["location"] = task["location"]!.DeepClone(),
                        ["sku"] = task["sku"]!.DeepClone(),
                        ["tote"] = task["tote"]!.DeepClone(),
                        ["picked"] = (int)task["quantity"]! - missing,
                        ["short"] = missing,
                    }),
                };
                var answer = await OrdersFixture.PostAsync(
                    floor, $"/floor/tours/{tour["tourId"]}/confirm", body.ToJsonString());
                if (!answer.IsSuccessStatusCode) break; // it was taken off the tour meanwhile
                done++;
            }
        }

        return done;
    }

    /// <summary>Returns when all that is placed is planned, and all that Picking has told is applied.</summary>
    internal Task SettleAsync() => Eventually.HoldsAsync(async () =>
        await CountAsync("SELECT count(*) FROM releases WHERE state IN ('Waiting', 'Dispatched')") == 0
        && await CountAsync("SELECT coalesce(sum(feed_version), 0)::bigint FROM releases") == await EventsAsync());

    /// <summary>Why the feed stands still, once Orders has noticed that it must.</summary>
    internal async Task<string> NoticedAsync()
    {
        string? because = null;
        await Eventually.HoldsAsync(async () =>
            (because = (string?)(await FeedAsync())["stoppedBecause"])?
                .StartsWith("feed_diverged", StringComparison.Ordinal) is true);
        return because!;
    }

    /// <summary>The documented command, until the feed goes on.</summary>
    internal async Task ResumeAsync()
    {
        var answer = await OrdersFixture.PostAsync(Orders.Operator, $"/feed/resume?warehouse={_id}", "");
        Assert.Equal(202, (int)answer.StatusCode);
        await Eventually.HoldsAsync(async () =>
            await FeedAsync() is var feed && feed["stoppedBecause"] is null && !(bool)feed["resuming"]!);
    }

    /// <summary>Everything that is left is walked, and told.</summary>
    internal Task FinishAsync() => Eventually.HoldsAsync(async () =>
    {
        await ConfirmAsync(scans: int.MaxValue, shorts: 0);
        return await CountAsync("""
            SELECT (SELECT count(*) FROM releases WHERE state NOT IN ('Picked', 'Cancelled'))
                 + (SELECT count(*) FROM backorders)
                 + (SELECT count(*) FROM parked_releases WHERE skipped_at IS NULL)
            """) == 0;
    });

    /// <summary>The invariants of both databases, and what they must agree on.</summary>
    internal async Task AssertAgreeAsync()
    {
        var broken = new List<string>();
        await Eventually.HoldsAsync(async () => // the last event of what is given up may still be on its way
        {
            var findings = await InvariantCheck.RunAsync(
                Orders.Database, _pickingDatabase!, new Acknowledgements(), CancellationToken.None);
            broken = [.. findings.SelectMany(finding => finding.Offenders.Select(row => $"{finding.Name}: {row}"))];
            return broken.Count == 0;
        });
        Assert.Empty(broken);
    }

    internal Task<long> CountAsync(string sql) => Orders.CountAsync(sql);

    internal Task InOrdersAsync(string sql) => Orders.ExecuteAsync(sql);

    internal async Task InPickingAsync(string sql)
    {
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                await using var command = _pickingDatabase!.CreateCommand(sql);
                await command.ExecuteNonQueryAsync();
                return true;
            }
            catch (NpgsqlException)
            {
                return false; // its connection was cut
            }
        });
    }

    private HttpClient Brand() => Orders.With(_key);

    private async Task<long> EventsAsync()
    {
        await using var command = _pickingDatabase!.CreateCommand("SELECT count(*) FROM events");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private async Task<JsonObject> FeedAsync()
    {
        var feeds = await Orders.Operator.GetFromJsonAsync<JsonObject>(new Uri("/feed", UriKind.Relative));
        return feeds!["feeds"]!.AsArray().Select(feed => feed!.AsObject())
            .FirstOrDefault(feed => (string)feed["warehouseId"]! == _id) ?? new JsonObject { ["resuming"] = true };
    }

    private static async Task<JsonObject?> NextTourAsync(HttpClient floor)
    {
        JsonObject? tour = null;
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                var answer = await OrdersFixture.PostAsync(floor, "/floor/tours/next", """{"pickerId":"ann"}""");
                if ((int)answer.StatusCode >= 500) return false;
                tour = (int)answer.StatusCode == 200 ? await answer.Content.ReadFromJsonAsync<JsonObject>() : null;
                return true;
            }
            catch (HttpRequestException)
            {
                return false; // it is starting
            }
        });
        return tour;
    }

    public async ValueTask DisposeAsync()
    {
        if (_picking is not null) await _picking.DisposeAsync();
        if (_pickingDatabase is not null) await _pickingDatabase.DisposeAsync();
        await Orders.DisposeAsync();
    }
}
