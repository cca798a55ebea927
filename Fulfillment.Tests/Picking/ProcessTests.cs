using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Picking.Intake;
using Fulfillment.ServiceDefaults.ApiKeys;
using Xunit;

namespace Fulfillment.Tests.Picking;

/// <summary>What only a real process can show.</summary>
public sealed class ProcessTests(TestServers servers)
{
    private const string Project = "Fulfillment.Picking";

    [Theory]
    [InlineData(Faults.BeforeCommit, 0)]
    [InlineData(Faults.AfterCommit, 25)]
    public async Task A_worker_killed_in_mid_plan_loses_nothing_and_nothing_is_planned_twice(string step, int committed)
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await bench.SlotAsync("A", 5, 5);
        for (var i = 0; i < 25; i++) await bench.PublishAsync(bench.Release(["A"]));

        await using (var dying = await ServiceProcess.StartAsync(
            Project, bench.ProcessSettings(("Fault:StopAt", step)), waitUntilAlive: false))
        {
            Assert.NotEqual(0, await dying.WaitForExitAsync(CancellationToken.None));
        }

        Assert.Equal(25, await bench.Keys.StreamLengthAsync(bench.Stream));
        Assert.Equal(committed, await bench.ScalarAsync<long>("SELECT count(*) FROM inbox"));
        await using var next = await ServiceProcess.StartAsync(Project, bench.ProcessSettings());
        await Eventually.HoldsAsync(async () => await bench.Keys.StreamLengthAsync(bench.Stream) == 0);
        Assert.Equal(25, (await bench.EventsAsync()).Count(e => e is { Kind: EventKinds.Planned, Version: 1 }));
        Assert.Equal(25, await bench.ScalarAsync<long>("SELECT count(*) FROM tasks"));
    }

    [Fact]
    public async Task A_wrong_layout_stops_the_start_with_one_line()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await using var service = await ServiceProcess.StartAsync(
            Project, bench.ProcessSettings(("Warehouse:Layout", "/nowhere/layout.json")), waitUntilAlive: false);
        Assert.Equal(1, await service.WaitForExitAsync(CancellationToken.None));
        await Eventually.HoldsAsync(() => Task.FromResult(service.Output.Length > 0));
        var line = Assert.Single(service.Output.Trim().Split('\n'));
        Assert.StartsWith("Setting 'Warehouse:Layout'", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_walk_over_http_with_keys_problems_and_the_feed()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await using var service = await ServiceProcess.StartAsync(Project, bench.ProcessSettings());
        using var http = new HttpClient { BaseAddress = service.Address };

        async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(HttpMethod method, string path, string? key,
            string? json = null)
        {
            using var request = new HttpRequestMessage(method, path);
            if (key is not null) request.Headers.Add(ApiKeyAuthentication.Header, key);
            request.Headers.ExpectContinue = true; // a body that is refused by its length is not sent at all
            if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
            using var answer = await http.SendAsync(request);
            var body = await answer.Content.ReadAsStringAsync();
            return (answer.StatusCode, body.Length == 0 ? default : JsonDocument.Parse(body).RootElement);
        }

        async Task RefusedAsync(int status, string code, HttpMethod method, string path, string? key,
            string? json = null)
        {
            var answer = await SendAsync(method, path, key, json);
            Assert.Equal((status, code), ((int)answer.Status, answer.Body.GetProperty("code").GetString()));
        }

        var put = await SendAsync(HttpMethod.Put, "/slots", PickingBench.OperatorKey,
            """
            [{"clientId":"acme","sku":"A","aisle":2,"bay":3,"side":"R"},
             {"clientId":"acme","sku":"A","rank":2,"aisle":9,"bay":9,"side":"L"}]
            """);
        Assert.Equal((HttpStatusCode.OK, 2), (put.Status, put.Body.GetProperty("slots").GetInt32()));
        var slots = await SendAsync(HttpMethod.Get, "/slots/acme/A", PickingBench.OperatorKey);
        Assert.Equal(2, slots.Body.GetProperty("slots").GetArrayLength());

        var waiting = SendAsync(HttpMethod.Get, "/events?after=0-0&wait=30", PickingBench.ServiceKey);
        var release = bench.Release(["A"]);
        await bench.PublishAsync(release);
        var page = (await waiting).Body.GetProperty("events");
        Assert.Equal((1, "Planned"), (page.GetArrayLength(), page[0].GetProperty("kind").GetString()));

        const string ann = """{"pickerId":"ann"}""";
        var tour = (await SendAsync(HttpMethod.Post, "/floor/tours/next", PickingBench.FloorKey, ann)).Body;
        var (id, fence) = (tour.GetProperty("tourId").GetString(), tour.GetProperty("fence").GetInt32());
        var scan = """
            {"scanId":"x1","taskNo":1,"location":{"aisle":2,"bay":3,"side":"R"},"sku":"A","tote":1,"picked":2,"short":0}
            """;
        var confirm = $$"""{"pickerId":"ann","fence":{{fence}},"scans":[{{scan}}]}""";
        await RefusedAsync(409, "lease_lost", HttpMethod.Post, $"/floor/tours/{id}/confirm", PickingBench.FloorKey,
            confirm.Replace("\"ann\"", "\"bob\"", StringComparison.Ordinal));
        var confirmed = await SendAsync(HttpMethod.Post, $"/floor/tours/{id}/confirm", PickingBench.FloorKey, confirm);
        Assert.Equal("Done", confirmed.Body.GetProperty("state").GetString());
        var next = await SendAsync(HttpMethod.Post, "/floor/tours/next", PickingBench.FloorKey, ann);
        Assert.Equal(HttpStatusCode.NoContent, next.Status);
        // Another test's open transaction may hold the last event back for a while; what is readable once stays so.
        await bench.EventsAsync();
        var events = await http.GetWithKeyAsync("/events?wait=0&max=10", PickingBench.ServiceKey);
        Assert.Equal([EventKinds.Planned, EventKinds.Picked], events.Events.Select(e => e.Kind));

        await RefusedAsync(401, "api_key_required", HttpMethod.Get, "/events", null);
        await RefusedAsync(403, "role_not_allowed", HttpMethod.Get, "/events", PickingBench.FloorKey);
        await RefusedAsync(403, "role_not_allowed", HttpMethod.Put, "/slots", PickingBench.FloorKey, "[]");
        await RefusedAsync(400, "bad_max", HttpMethod.Get, "/events?max=1001", PickingBench.ServiceKey);
        await RefusedAsync(400, "bad_cursor", HttpMethod.Get, "/events?after=nonsense", PickingBench.ServiceKey);
        await RefusedAsync(400, "bad_wait", HttpMethod.Get, "/events?wait=31", PickingBench.ServiceKey);
        await RefusedAsync(400, "malformed_request", HttpMethod.Post, "/floor/tours/next", PickingBench.FloorKey, "{");
        await RefusedAsync(400, "malformed_request", HttpMethod.Post, "/floor/tours/next", PickingBench.FloorKey,
            """{"picker":"ann"}""");
        await RefusedAsync(400, "bad_picker", HttpMethod.Post, "/floor/tours/next", PickingBench.FloorKey,
            """{"pickerId":""}""");
        await RefusedAsync(404, "tour_not_found", HttpMethod.Post, $"/floor/tours/{Guid.NewGuid()}/confirm",
            PickingBench.FloorKey, confirm);
        await RefusedAsync(404, "not_found", HttpMethod.Get, "/nowhere", PickingBench.FloorKey);
        await RefusedAsync(413, "body_too_large", HttpMethod.Put, "/slots", PickingBench.OperatorKey,
            "[" + new string(' ', 20 << 20) + "]");
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, "/backlog", PickingBench.OperatorKey)).Status);
        Assert.Equal(HttpStatusCode.OK,
            (await SendAsync(HttpMethod.Get, "/dead-letters", PickingBench.OperatorKey)).Status);
    }
}

internal static class FeedOverHttp
{
    internal static async Task<FeedPage> GetWithKeyAsync(this HttpClient http, string path, string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add(ApiKeyAuthentication.Header, key);
        using var answer = await http.SendAsync(request);
        return (await answer.Content.ReadFromJsonAsync(ContractsJson.Default.FeedPage))!;
    }
}
