using System.Diagnostics.Metrics;
using Fulfillment.Autoscaling.Decisions;

namespace Fulfillment.Autoscaling.Control;

/// <summary>The autoscaler's instruments; units after UCUM, names after OpenTelemetry's habit.</summary>
public sealed class AutoscalerTelemetry : IDisposable
{
    public const string MeterName = "Fulfillment.Autoscaling";

    private readonly Meter meter;
    private readonly Gauge<int> specified;
    private readonly Gauge<int> ready;
    private readonly Gauge<int> desired;
    private readonly Gauge<double> usage;
    private readonly Counter<long> decisions;
    private readonly Counter<long> missing;
    private readonly KeyValuePair<string, object?> app;

    public AutoscalerTelemetry(string app, IMeterFactory? factory = null)
    {
        this.app = new("app", app);
        meter = factory?.Create(MeterName) ?? new Meter(MeterName);
        specified = meter.CreateGauge<int>("autoscaler.replicas.specified", "{replica}", "Replicas asked for.");
        ready = meter.CreateGauge<int>("autoscaler.replicas.ready", "{replica}", "Replicas that take work.");
        desired = meter.CreateGauge<int>("autoscaler.replicas.desired", "{replica}",
            "What the rules ask for, unclamped.");
        usage = meter.CreateGauge<double>("autoscaler.rule.usage", "1", "The rule's metric over all replicas.");
        decisions = meter.CreateCounter<long>("autoscaler.decisions", "{decision}", "Turns of a loop, by reason.");
        missing = meter.CreateCounter<long>("autoscaler.rule.missing", "{reading}", "Readings that failed.");
    }

    internal void Record(ScaleDecision decision)
    {
        specified.Record(decision.Result, app);
        ready.Record(decision.Ready, app);
        if (decision.Desired is { } wanted) desired.Record(wanted, app);
        decisions.Add(1, app, new("loop", decision.Loop.ToString()), new("reason", decision.Reason.ToString()));
        foreach (var metric in decision.Metrics)
        {
            if (metric.Usage is { } value) usage.Record(value, app, new("rule", metric.Rule));
            else missing.Add(1, app, new KeyValuePair<string, object?>("rule", metric.Rule));
        }
    }

    public void Dispose() => meter.Dispose();
}
