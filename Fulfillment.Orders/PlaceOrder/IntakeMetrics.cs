using System.Diagnostics.Metrics;

namespace Fulfillment.Orders.PlaceOrder;

/// <summary>What the intake tells about itself; units are UCUM's.</summary>
internal static class IntakeMetrics
{
    private static readonly Meter Meter = new("Fulfillment.Orders");
    private static readonly Histogram<int> GroupSize = Meter.CreateHistogram<int>(
        "orders.intake.group.size", "{order}");
    private static readonly Histogram<double> CommitDuration =
        Meter.CreateHistogram<double>("orders.intake.commit.duration", "s");
    private static readonly Counter<long> Accepted = Meter.CreateCounter<long>("orders.accepted", "{order}");

    internal static readonly Counter<long> Rejected = Meter.CreateCounter<long>("orders.rejected", "{order}");

    internal static void ObserveQueue(Func<int> depth) =>
        Meter.CreateObservableGauge("orders.intake.queue.depth", depth, "{order}");

    internal static void Committed(int orders, TimeSpan duration, PlaceOutcome[] outcomes)
    {
        GroupSize.Record(orders);
        CommitDuration.Record(duration.TotalSeconds);
        var accepted = 0;
        foreach (var outcome in outcomes)
        {
            if (outcome.Result == PlaceResult.Placed) accepted++;
        }

        Accepted.Add(accepted);
        if (accepted < outcomes.Length)
            Rejected.Add(
                outcomes.Count(outcome => outcome.Result is PlaceResult.Reused or PlaceResult.UnknownSku),
                new KeyValuePair<string, object?>("reason", "refused"));
    }
}
