using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Fulfillment.Tests.Outages;

/// <summary>Redis is gone for good: orders are taken, the floor goes on, and no replica leaves the ingress.</summary>
public sealed class RedisIsAway(OutageFixture system) : IClassFixture<OutageFixture>
{
    [Fact]
    public async Task Orders_are_taken_the_floor_is_served_and_the_replicas_stay_ready()
    {
        system.Redis.Child.Kill();
        foreach (var service in new[] { system.Orders, system.Picking })
        {
            using var http = new HttpClient { BaseAddress = service.Address };
            await Eventually.HoldsAsync(async () => StatusOf(
                await (await OutageFixture.OkAsync(http.GetAsync("/health"))).Content.ReadFromJsonAsync<JsonObject>(),
                "Redis") == "Degraded");
            var health = await http.GetFromJsonAsync<JsonObject>("/health");
            Assert.Equal(("Degraded", "Healthy"), ((string)health!["status"]!, StatusOf(health, "PostgreSQL")));
            Assert.DoesNotContain("127.0.0.1", health.ToJsonString(), StringComparison.Ordinal);
        }

        Assert.Equal(201, (int)(await system.PlaceAsync()).StatusCode);
        await OutageFixture.OkAsync(system.NextTourAsync());
        foreach (var service in new[] { system.Orders, system.Picking })
            Assert.DoesNotContain("   at ", service.Output, StringComparison.Ordinal);
    }

    private static string StatusOf(JsonObject? health, string store) =>
        (string)health!["checks"]![store]!["status"]!;
}
