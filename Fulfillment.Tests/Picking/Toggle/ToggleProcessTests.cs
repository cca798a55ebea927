using System.Net;
using System.Text;
using System.Text.Json;
using Fulfillment.ServiceDefaults.ApiKeys;
using Xunit;

namespace Fulfillment.Tests.Picking.Toggle;

/// <summary>Two replicas as real processes: the endpoints with their keys, and what a change does to the next plans.</summary>
public sealed class ToggleProcessTests(TestServers servers)
{
    private const string Project = "Fulfillment.Picking";
    private const string Path = "/toggles/optimized-picking";

    [Fact]
    public async Task A_change_made_at_one_replica_is_what_both_plan_by_and_the_plans_replay_over_http()
    {
        await using var bench = await WalkedBench.CreateAsync(servers);
        var settings = bench.Picking.ProcessSettings(
            ("Toggle:PollMilliseconds", "50"), ("Verify:OneIn", "1"), ("Effort:FullUnits", "2000000"));
        await using var one = await ServiceProcess.StartAsync(Project, settings);
        await using var two = await ServiceProcess.StartAsync(Project, settings);
        await bench.PublishAsync(12, "acme");
        await bench.PublishAsync(12, "zeta");
        await EmptyAsync(bench);
        Assert.Equal(0, await CountAsync(bench, "SELECT count(*) FROM plans WHERE planner = 'optimized'"));

        var put = await SendAsync(one, HttpMethod.Put, Path, PickingBench.OperatorKey,
            """{"enabled":true,"percentage":100,"clients":{"zeta":false},"shadow":true,"reason":"holiday"}""");
        Assert.Equal((HttpStatusCode.OK, 2), (put.Status, put.Body.GetProperty("versionInEffect").GetInt32()));
        await Eventually.HoldsAsync(async () => await InEffectAsync(two) == 2);
        var change = put.Body.GetProperty("changes")[0];
        Assert.Equal(("operator", "holiday"),
            (change.GetProperty("changedBy").GetString(), change.GetProperty("reason").GetString()));

        for (var i = 0; i < 6; i++)
        {
            await bench.PublishAsync(4, "acme");
            await bench.PublishAsync(4, "zeta");
        }

        await EmptyAsync(bench);
        Assert.Equal("acme optimized, zeta baseline", await bench.Picking.ScalarAsync<string>("""
            SELECT string_agg(DISTINCT concat_ws(' ', client_id, planner), ', ')
            FROM tasks JOIN tours USING (warehouse_id, tour_id) JOIN plans USING (warehouse_id, plan_id)
            WHERE plans.shadow_mm IS NOT NULL OR plans.rung > 0
            """));
        foreach (var plan in await bench.Picking.ScalarAsync<Guid[]>("SELECT array_agg(plan_id) FROM plans"))
        {
            var replay = await SendAsync(two, HttpMethod.Get, $"/plans/{plan}/replay", PickingBench.OperatorKey);
            Assert.True(replay.Body.GetProperty("identical").GetBoolean(), replay.Body.ToString());
        }

        // A body of only this is what a button sends: off for everybody, and all else as by default.
        await SendAsync(two, HttpMethod.Put, Path, PickingBench.OperatorKey, """{"enabled":false}""");
        await Eventually.HoldsAsync(async () => await InEffectAsync(one) == 3);
    }

    [Fact]
    public async Task Who_may_not_or_sends_nonsense_is_told_so_and_nothing_changes()
    {
        await using var bench = await PickingBench.CreateAsync(servers);
        await using var service = await ServiceProcess.StartAsync(Project, bench.ProcessSettings(("OptimizedPicking", "true")));
        async Task RefusedAsync(int status, string code, string? key, string? json, string path = Path)
        {
            var answer = await SendAsync(service, json is null ? HttpMethod.Get : HttpMethod.Put, path, key, json);
            Assert.Equal((status, code), ((int)answer.Status, answer.Body.GetProperty("code").GetString()));
        }

        const string off = """{"enabled":false}""";
        await RefusedAsync(401, "api_key_required", null, off);
        await RefusedAsync(403, "role_not_allowed", PickingBench.FloorKey, off);
        await RefusedAsync(403, "role_not_allowed", PickingBench.ServiceKey, off);
        await RefusedAsync(403, "role_not_allowed", PickingBench.FloorKey, null);
        await RefusedAsync(403, "role_not_allowed", PickingBench.FloorKey, null, $"/plans/{Guid.NewGuid()}/replay");
        await RefusedAsync(404, "plan_not_found", PickingBench.OperatorKey, null, $"/plans/{Guid.NewGuid()}/replay");
        await RefusedAsync(404, "not_found", PickingBench.OperatorKey, off, "/toggles/another");
        foreach (var json in (string[])
            ["", "null", "{", "[]", """{"enabled":"yes"}""", """{"enabled":false,"percent":3}""", """{"enabled":false,"percentage":1.5}""",
                """{"enabled":false,"clients":{"acme":1}}""", """{"enabled":false,"clients":["acme"]}""",
                """{"enabled":true,"enabled":false}""", """{"enabled":true,"clients":{"acme":true,"acme":false}}"""])
            await RefusedAsync(400, "malformed_request", PickingBench.OperatorKey, json);
        await RefusedAsync(422, "bad_toggle", PickingBench.OperatorKey, "{}");
        await RefusedAsync(422, "bad_toggle", PickingBench.OperatorKey, """{"enabled":true,"percentage":101}""");

        var shown = (await SendAsync(service, HttpMethod.Get, Path, PickingBench.OperatorKey)).Body;
        Assert.Equal((1, true), (shown.GetProperty("version").GetInt32(), shown.GetProperty("enabled").GetBoolean()));
        Assert.Equal(1, await bench.ScalarAsync<long>("SELECT count(*) FROM toggle_changes"));
    }

    private static async Task<long> InEffectAsync(ServiceProcess replica)
    {
        var shown = await SendAsync(replica, HttpMethod.Get, Path, PickingBench.OperatorKey);
        return shown.Body.GetProperty("versionInEffect").GetInt64();
    }

    private static Task EmptyAsync(WalkedBench bench) => Eventually.HoldsAsync(
        async () => await bench.Picking.Keys.StreamLengthAsync(bench.Picking.Stream) == 0);

    private static Task<long> CountAsync(WalkedBench bench, string sql) => bench.Picking.ScalarAsync<long>(sql);

    private static async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(
        ServiceProcess to, HttpMethod method, string path, string? key, string? json = null)
    {
        using var http = new HttpClient { BaseAddress = to.Address };
        using var request = new HttpRequestMessage(method, path);
        if (key is not null) request.Headers.Add(ApiKeyAuthentication.Header, key);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using var answer = await http.SendAsync(request);
        var body = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, body.Length == 0 ? default : JsonDocument.Parse(body).RootElement);
    }
}
