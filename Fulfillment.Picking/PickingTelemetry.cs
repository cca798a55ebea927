using System.Diagnostics;
using System.Diagnostics.Metrics;
using Fulfillment.Picking.Intake;

namespace Fulfillment.Picking;

/// <summary>
/// What Picking tells of itself: metrics with UCUM units, and a span per release that ends its order's trace.
/// </summary>
internal sealed class PickingTelemetry
{
    internal const string Name = "Fulfillment.Picking";

    private static readonly ActivitySource Activities = new(Name);

    private readonly Histogram<int> _poolSize;
    private readonly Histogram<double> _planningSeconds;
    private readonly Histogram<double> _planLatencySeconds;
    private readonly Counter<double> _metres;
    private readonly Counter<long> _tours;
    private readonly Counter<long> _lines;
    private readonly Counter<long> _deadLetters;
    private readonly Counter<long> _redeliveries;

    public PickingTelemetry(IMeterFactory meters)
    {
        var meter = meters.Create(Name);
        _poolSize = meter.CreateHistogram<int>("picking.pool.size", "{release}", "Releases planned together.");
        _planningSeconds = meter.CreateHistogram<double>("picking.planning.duration", "s", "One run of the planner.");
        _planLatencySeconds = meter.CreateHistogram<double>(
            "picking.plan.latency", "s", "From the order's acceptance to its committed tour.");
        _metres = meter.CreateCounter<double>("picking.distance.planned", "m", "Length of the planned tours.");
        _tours = meter.CreateCounter<long>("picking.tours.planned", "{tour}", "Tours committed.");
        _lines = meter.CreateCounter<long>("picking.lines.planned", "{line}", "Lines on committed tours.");
        _deadLetters = meter.CreateCounter<long>("fulfillment.dead_letters", "{message}", "Messages given up.");
        _redeliveries = meter.CreateCounter<long>("picking.redeliveries", "{message}", "Deliveries taken over.");
    }

    internal void DeadLetters(int count) => _deadLetters.Add(count);

    internal void Redeliveries(int count) => _redeliveries.Add(count);

    /// <summary>A pool was committed: counts it, and ends each release's part of its order's trace.</summary>
    internal void Committed(PlannedPool pool)
    {
        if (pool.Failed.Count > 0) DeadLetters(pool.Failed.Count);
        if (pool.Plan is not { } plan) return;
        _poolSize.Record(pool.Releases.Count);
        _planningSeconds.Record(pool.PlanningTime.TotalSeconds);
        _metres.Add(plan.Distance.Metres);
        _tours.Add(plan.Tours.Count);
        foreach (var slotted in pool.Releases)
        {
            var message = slotted.Release.Message;
            _lines.Add(message.Lines.Count);
            _planLatencySeconds.Record((pool.PlannedAt - message.AcceptedAt).TotalSeconds);
            if (!ActivityContext.TryParse(slotted.Release.TraceParent, null, isRemote: true, out var parent)) continue;
            using var span = Activities.StartActivity("tour.commit", ActivityKind.Consumer, parent);
            span?.SetTag("order.id", message.OrderId.ToString());
            span?.SetTag("release.no", message.ReleaseNo);
            span?.SetTag("pool.size", pool.Releases.Count);
        }
    }
}
