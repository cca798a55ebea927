using System.Diagnostics.Metrics;
using System.Text.Json;
using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Autoscaling.Metrics;
using Fulfillment.Autoscaling.Rules;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Fulfillment.Tests.Autoscaling;

public sealed class DecisionLogTests
{
    [Fact]
    public async Task Json_lines_carry_time_metrics_desired_stabilized_result_and_reason()
    {
        var writer = new StringWriter();
        await (await LogAsync()).WriteJsonLinesAsync(writer, TestContext.Current.CancellationToken);
        var lines = writer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        using var sync = JsonDocument.Parse(lines[1]);
        var row = sync.RootElement;
        Assert.Equal("HorizontalPodAutoscaler", row.GetProperty("loop").GetString());
        Assert.Equal(4_000, row.GetProperty("metrics")[0].GetProperty("usage").GetDouble());
        Assert.Equal("scripted", row.GetProperty("metrics")[1].GetProperty("missing").GetString());
        Assert.Equal(100, row.GetProperty("desired").GetInt32());
        Assert.Equal(100, row.GetProperty("stabilized").GetInt32());
        Assert.Equal(4, row.GetProperty("result").GetInt32());
        Assert.Equal("ScaleUpLimit", row.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Csv_is_a_header_and_a_row_a_decision()
    {
        var writer = new StringWriter();
        await (await LogAsync()).WriteCsvAsync(writer, TestContext.Current.CancellationToken);
        Assert.Equal(
            ["time,loop,metrics,current,ready,desired,stabilized,result,reason",
             "2026-01-01T00:00:00.0000000+00:00,Activation,\"entries=4000 second=?\",1,1,,,1,Active",
             "2026-01-01T00:00:15.0000000+00:00,HorizontalPodAutoscaler,\"entries=4000 second=?\",1,"
                + "1,100,100,4,ScaleUpLimit"],
            writer.ToString().ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void A_full_log_forgets_the_oldest_decision()
    {
        var log = new DecisionLog(capacity: 2);
        for (var result = 1; result <= 3; result++) log.Add(Decision(result));
        Assert.Equal([2, 3], log.Snapshot().Select(decision => decision.Result));
    }

    [Fact]
    public async Task Decisions_are_measured_with_units()
    {
        var measured = new Dictionary<string, (double Value, string? Unit)>();
        using var telemetry = new AutoscalerTelemetry("picking-of-this-test");
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == AutoscalerTelemetry.MeterName) self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        listener.Start();

        await LogAsync(telemetry);
        Assert.Equal((4, "{replica}"), measured["autoscaler.replicas.specified"]);
        Assert.Equal((100, "{replica}"), measured["autoscaler.replicas.desired"]);
        Assert.Equal((1, "{decision}"), measured["autoscaler.decisions"]);
        Assert.Equal((1, "{reading}"), measured["autoscaler.rule.missing"]);

        void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var tag in tags)
                if (tag is { Key: "app", Value: "picking-of-this-test" })
                    measured[instrument.Name] = (value, instrument.Unit);
        }
    }

    private static async Task<DecisionLog> LogAsync(AutoscalerTelemetry? telemetry = null)
    {
        var log = new DecisionLog();
        var spec = new ScaleSpec("picking", 1, 60, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(300), []);
        IScaleMetric[] metrics = [new ScriptedMetric("entries", 40, _ => 4_000),
            new ScriptedMetric("second", 1, _ => null)];
        var clock = new FakeTimeProvider(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var autoscaler = new Fulfillment.Autoscaling.Control.Autoscaler(
            spec, new CountedReplicas { SpecCount = 1 }, metrics, new AutoscalerOptions(), clock, log, telemetry);
        await autoscaler.StepAsync(TestContext.Current.CancellationToken);
        clock.Advance(TimeSpan.FromSeconds(15));
        await autoscaler.StepAsync(TestContext.Current.CancellationToken);
        return log;
    }

    private static ScaleDecision Decision(int result) => new(
        DateTimeOffset.UnixEpoch, ScaleLoop.Activation, [], 0, 0, null, null, result, DecisionReason.Active);
}
