using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json.Nodes;
using Fulfillment.ServiceDefaults.Azure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Metrics;
using Xunit;

namespace Fulfillment.Tests.Infra;

/// <summary>The numbers that alerts read from the log, in the words that the alerts' queries expect.</summary>
public sealed class MetricLogTests
{
    [Fact]
    public void Named_metrics_are_written_and_others_are_not()
    {
        using var meter = new Meter($"Fulfillment.Tests.{Guid.NewGuid()}");
        meter.CreateObservableGauge("fulfillment.backlog.age", () => 12.5);
        meter.CreateObservableUpDownCounter("fulfillment.backlog.releases", () => 40L);
        meter.CreateObservableGauge("fulfillment.other", () => 1L);
        var lines = new Lines();
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(
            [new("Azure:LoggedMetrics", "fulfillment.backlog.age; fulfillment.backlog.releases")]).Build();
        using var services = new ServiceCollection()
            .AddLogging(logging => logging.AddProvider(lines))
            .AddOpenTelemetry().WithMetrics(metrics =>
                metrics.AddMeter(meter.Name).AddMetricLog(configuration)).Services
            .BuildServiceProvider();

        Assert.True(services.GetRequiredService<MeterProvider>().ForceFlush());

        Assert.Equal(["metric fulfillment.backlog.age 12.5", "metric fulfillment.backlog.releases 40"],
            lines.Written.Order());
    }

    [Fact]
    public void The_template_names_the_metrics_that_its_alerts_read()
    {
        var names = JsonNode.Parse(File.ReadAllText(Path.Combine(Bicep.Folder, "metrics.json")))!.AsObject()
            .Select(one => (string)one.Value!).ToList();
        var logged = Bicep.Committed("prod").Containers.SelectMany(container => container["env"]!.AsArray())
            .Where(setting => (string?)setting!["name"] == "Azure__LoggedMetrics").Select(setting =>
                (string)setting!["value"]!).ToList();

        Assert.Equal(2, logged.Count);
        Assert.All(logged, value => Assert.Equal(names, value.Split(';')));
        var queries = string.Concat(Bicep.Committed("prod").OfType("Microsoft.Insights/scheduledQueryRules")
            .Select(one => one.ToJsonString()));
        Assert.All(names.Where(name => name != "fulfillment.backlog.releases"), name =>
            Assert.Contains(name, queries, StringComparison.Ordinal));
    }

    private sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Written { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?,
                string> formatter) =>
            Written.Enqueue(formatter(state, exception));
    }
}
