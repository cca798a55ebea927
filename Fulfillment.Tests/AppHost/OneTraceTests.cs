using System.Text;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Wire;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Fulfillment.Tests.AppHost;

/// <summary>An order's way through both services, as the Aspire dashboard shows it.</summary>
public sealed class OneTraceTests
{
    private const string DashboardApiKey = "AppHost:DashboardApiKey"; // Aspire's name for it

    private static readonly string[] Steps =
        ["POST /orders", "order committed", "order dispatched", "tour.commit", "order confirmed"];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task From_post_to_the_committed_tour_an_order_is_one_trace_and_polls_are_none()
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            deadline.Token, TestContext.Current.CancellationToken);
        var cancellation = either.Token;
        await using var app = await TestedDesk.StartAsync([], cancellation, withDashboard: true);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("orders", cancellation);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("picking-1", cancellation);
        using var orders = new ServiceApi([app.GetEndpoint("orders", "http").ToString()]);
        using var picking = new ServiceApi([app.GetEndpoint("picking-1", "http").ToString()]);
        var stock = new Workload(["acme"], [new(TimeSpan.Zero, "acme", "stock", [new("A", 10)])]);
        var keys = await Stocking.StockAsync(
            new(await app.OperatorKeyAsync(cancellation), "main"), orders, picking, stock, 0, 1, cancellation);

        await orders.PostAsync(
            "/orders", keys["acme"],
            new PlaceOrder("one", [new("A", 1)], "Standard", "FillAll", new("N", "L", "1", "B", "DE")), cancellation);

        using var http = new HttpClient { BaseAddress = await app.GetDashboardUrlAsync(cancellation) };
        http.DefaultRequestHeaders.Add("X-Api-Key", app.Services.GetRequiredService<IConfiguration>()[DashboardApiKey]);
        var traces = new Dictionary<string, List<Span>>();
        await Eventually.HoldsAsync(async () =>
        {
            traces = Spans(await http.GetStringAsync("/api/telemetry/traces?limit=5000", cancellation))
                .GroupBy(span => span.TraceId).ToDictionary(trace => trace.Key, trace => trace.ToList());
            // The services send in batches of their own: the last span need not be the last to arrive.
            return traces.Values.Any(trace => Steps.All(step => trace.Exists(span => span.Name == step)));
        });

        var order = Assert.Single(traces.Values, trace => trace.Exists(span => span.Name == "POST /orders"));
        Assert.Contains(order, span => span is { Service: "orders", Name: "POST /orders", Parent: "" });
        Assert.Contains(order, span => span is { Service: "picking-1", Name: "tour.commit" });
        Assert.All(Steps, step => Assert.Single(order, span => span.Name == step));
        // Every trace began with something that somebody did, and none is a group's.
        Assert.All(traces.Values, trace => Assert.Single(trace, span => span.Parent == ""));
        Assert.DoesNotContain(traces.Values, trace => trace.TrueForAll(span => span.Scope == "Npgsql"));
    }

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
