using System.Text;
using System.Text.Json;
using Fulfillment.Surge.Hosting;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Wire;
using Fulfillment.Tests.Architecture;
using Xunit;

namespace Fulfillment.Tests.Surge.Hosting;

/// <summary>An order's way through both services, as the Aspire dashboard shows it.</summary>
public sealed class OneTraceTests : IDisposable
{
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("fulfillment-trace-").FullName;

    [Fact]
    public async Task From_post_to_the_committed_tour_an_order_is_one_trace_and_polls_are_none()
    {
        var program = AspireDashboard.Find(RepositoryRoot.Path, Environment.GetEnvironmentVariable);
        Assert.SkipWhen(program is null, "no Aspire dashboard here (npm install, see docs/ASPIRE.md)");
        await using var dashboard = await AspireDashboard.StartAsync(
            program, Path.Combine(_folder, "dashboard.log"), TimeProvider.System, Cancellation);
        await using var system = await EmbeddedSystem.StartAsync(
            new() { OtlpEndpoint = dashboard.OtlpEndpoint }, TimeProvider.System, _ => { }, Cancellation);
        using var orders = new ServiceApi(system.Orders.Select(child => child.Url!));
        using var picking = new ServiceApi(system.Picking.Select(child => child.Url!));
        var stock = new Workload(["acme"], [new(TimeSpan.Zero, "acme", "stock", [new("A", 10)])]);
        var keys = await Stocking.StockAsync(
            new(system.Keys.Operator, system.WarehouseId), orders, picking, stock, 0, 1, Cancellation);

        await orders.PostAsync(
            "/orders", keys["acme"],
            new PlaceOrder("one", [new("A", 1)], "Standard", "FillAll", new("N", "L", "1", "B", "DE")), Cancellation);

        using var http = new HttpClient { BaseAddress = dashboard.Address };
        var traces = new Dictionary<string, List<Span>>();
        await Eventually.HoldsAsync(async () =>
        {
            traces = Spans(await http.GetStringAsync("api/telemetry/traces?limit=5000", Cancellation))
                .GroupBy(span => span.TraceId).ToDictionary(trace => trace.Key, trace => trace.ToList());
            // The services send in batches of their own: the last span need not be the last to arrive.
            return traces.Values.Any(trace =>
                trace.Exists(span => span.Name == "order confirmed") && trace.Exists(span => span.Name == "tour.commit"));
        });

        var order = Assert.Single(traces.Values, trace => trace.Exists(span => span.Name == "POST /orders"));
        Assert.Contains(order, span => span is { Service: "orders-1", Name: "POST /orders", Parent: "" });
        Assert.Contains(order, span => span is { Service: "picking-1", Name: "tour.commit" });
        Assert.Contains(order, span => span is { Service: "orders-1", Name: "order confirmed" });
        Assert.DoesNotContain(traces.Values, trace => trace.TrueForAll(span => span.Scope == "Npgsql"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private sealed record Span(string TraceId, string Service, string Scope, string Name, string Parent);

    // The OTLP shape: resources, in them scopes, in them spans.
    private static List<Span> Spans(string json)
    {
        using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(json));
        var found = new List<Span>();
        foreach (var resource in document.RootElement.GetProperty("data").GetProperty("resourceSpans").EnumerateArray())
        {
            var service = resource.GetProperty("resource").GetProperty("attributes").EnumerateArray()
                .First(attribute => attribute.GetProperty("key").ValueEquals("service.name"))
                .GetProperty("value").GetProperty("stringValue").GetString()!;
            foreach (var scope in resource.GetProperty("scopeSpans").EnumerateArray())
                foreach (var span in scope.GetProperty("spans").EnumerateArray())
                    found.Add(new(
                        span.GetProperty("traceId").GetString()!, service,
                        scope.GetProperty("scope").GetProperty("name").GetString()!,
                        span.GetProperty("name").GetString()!,
                        span.TryGetProperty("parentSpanId", out var parent) ? parent.GetString() ?? "" : ""));
        }

        return found;
    }
}
