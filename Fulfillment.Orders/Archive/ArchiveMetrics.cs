using System.Diagnostics.Metrics;

namespace Fulfillment.Orders.Archive;

/// <summary>
/// Meter <c>Fulfillment.Orders.Archive</c>. Alert when the oldest is older than <see cref="ArchiveOptions.AfterDays"/>
/// and a day: the archiver stands still, or cannot keep up.
/// </summary>
internal sealed class ArchiveMetrics
{
    internal const string MeterName = "Fulfillment.Orders.Archive";

    private readonly Counter<long> _archived;
    private double _oldestSeconds = double.NaN; // nobody knows: this replica is not the archiver

    public ArchiveMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _archived = meter.CreateCounter<long>(
            "fulfillment.archive.orders", "{order}", "Orders moved out of the tables of work");
        meter.CreateObservableGauge(
            "fulfillment.archive.oldest.age", Observe, "s",
            "Age of the oldest shipped or cancelled order that still stands in the tables of work");
    }

    internal void Archived(int orders) => _archived.Add(orders);

    internal void OldestOver(TimeSpan age) => Volatile.Write(ref _oldestSeconds, Math.Max(0, age.TotalSeconds));

    /// <summary>This replica is not the archiver any more.</summary>
    internal void Forget() => Volatile.Write(ref _oldestSeconds, double.NaN);

    private IEnumerable<Measurement<double>> Observe()
    {
        var seconds = Volatile.Read(ref _oldestSeconds);
        if (!double.IsNaN(seconds)) yield return new Measurement<double>(seconds);
    }
}
