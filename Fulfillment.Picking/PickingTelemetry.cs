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

    /// <summary>What became of a plan that was looked at: it holds, it does not, or there is none.</summary>
    internal const string Held = "held";
    internal const string Refuted = "refuted";
    internal const string Threw = "threw";

    private const string PlannerTag = "picking.planner";
    private const string RungTag = "picking.rung";
    private const string OutcomeTag = "picking.outcome";

    private readonly Histogram<int> _poolSize;
    private readonly Histogram<double> _planningSeconds;
    private readonly Histogram<double> _planLatencySeconds;
    private readonly Counter<double> _metres;
    private readonly UpDownCounter<double> _metresSaved;
    private readonly Histogram<long> _units;
    private readonly Histogram<double> _gap;
    private readonly Counter<long> _verified;
    private readonly Gauge<int> _rung;
    private readonly Gauge<double> _backlogAgeSeconds;
    private readonly Gauge<int> _toggle;
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
        _metresSaved = meter.CreateUpDownCounter<double>("picking.distance.saved", "m",
            "Baseline minus optimized, where both were computed; with planner=baseline it was not taken.");
        _units = meter.CreateHistogram<long>("picking.planning.work", "{unit}", "Work units the search spent.");
        _gap = meter.CreateHistogram("picking.plan.gap", "1",
            "Planned distance over the lower bound that goes with the plan.", advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [1, 1.05, 1.1, 1.2, 1.3, 1.5, 1.75, 2, 2.5, 3, 4, 6, 10],
            });
        _verified = meter.CreateCounter<long>("picking.plans.verified", "{plan}", "Plans checked, by what came of it.");
        _rung = meter.CreateGauge<int>("picking.effort.rung", "{rung}", "0 full search, 1 quick, 2 none.");
        _backlogAgeSeconds = meter.CreateGauge<double>("picking.effort.backlog_age", "s", "What the rung goes by.");
        _toggle = meter.CreateGauge<int>("picking.toggle.enabled", "1", "Optimized picking as this replica knows it.");
        _tours = meter.CreateCounter<long>("picking.tours.planned", "{tour}", "Tours committed.");
        _lines = meter.CreateCounter<long>("picking.lines.planned", "{line}", "Lines on committed tours.");
        _deadLetters = meter.CreateCounter<long>("fulfillment.dead_letters", "{message}", "Messages given up.");
        _redeliveries = meter.CreateCounter<long>("picking.redeliveries", "{message}", "Deliveries taken over.");
    }

    internal void DeadLetters(int count) => _deadLetters.Add(count);

    internal void Redeliveries(int count) => _redeliveries.Add(count);

    internal void Verified(string planner, string outcome) =>
        _verified.Add(1, new(PlannerTag, planner), new(OutcomeTag, outcome));

    internal void Climbed(Rung rung, TimeSpan backlogAge)
    {
        _rung.Record((int)rung);
        _backlogAgeSeconds.Record(backlogAge.TotalSeconds);
    }

    internal void Toggled(bool enabled) => _toggle.Record(enabled ? 1 : 0);

    /// <summary>A pool was committed: counts it, and ends each release's part of its order's trace.</summary>
    internal void Committed(PlannedPool pool)
    {
        if (pool.Failed.Count > 0) DeadLetters(pool.Failed.Count);
        foreach (var part in pool.Parts)
        {
            Planned(part);
            foreach (var slotted in part.Releases) Ended(slotted.Release, part.Releases.Count, pool.PlannedAt);
        }
    }

    private void Planned(PlannedPart part)
    {
        var (chosen, plan) = (part.Chosen, part.Chosen.Plan);
        var planner = new KeyValuePair<string, object?>(PlannerTag, chosen.Planner);
        var rung = new KeyValuePair<string, object?>(RungTag, (int)chosen.Order.Rung);
        _poolSize.Record(part.Releases.Count, planner);
        _planningSeconds.Record(chosen.Time.TotalSeconds, planner, rung);
        _metres.Add(plan.Distance.Metres, planner);
        _tours.Add(plan.Tours.Count, planner);
        if (chosen.Planner == Planners.Optimized) _units.Record(plan.UnitsSpent, rung);
        if (plan.LowerBound.Value > 0) _gap.Record((double)plan.Distance.Value / plan.LowerBound.Value, planner, rung);
        if (chosen.ShadowMm is not { } shadow) return;
        var saved = chosen.Planner == Planners.Optimized
            ? shadow - plan.Distance.Value
            : plan.Distance.Value - shadow;
        _metresSaved.Add(saved / 1_000.0, planner);
    }

    private void Ended(PooledRelease release, int poolSize, DateTimeOffset plannedAt)
    {
        var message = release.Message;
        _lines.Add(message.Lines.Count);
        _planLatencySeconds.Record((plannedAt - message.AcceptedAt).TotalSeconds);
        if (!ActivityContext.TryParse(release.TraceParent, null, isRemote: true, out var parent)) return;
        using var span = Activities.StartActivity("tour.commit", ActivityKind.Consumer, parent);
        span?.SetTag("order.id", message.OrderId.ToString());
        span?.SetTag("release.no", message.ReleaseNo);
        span?.SetTag("pool.size", poolSize);
    }
}
