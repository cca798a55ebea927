using Fulfillment.Autoscaling.Metrics;

namespace Fulfillment.Surge.Simulate;

/// <summary>
/// The plainest forecaster that follows a slope: Holt's double exponential smoothing (C. C. Holt, 1957, reprinted in
/// the International Journal of Forecasting 20(1), 2004, doi:10.1016/j.ijforecast.2003.09.015) of the orders of each
/// minute. It asks for the replicas that its forecast needs, a sync and a start-up ahead; the stream's rule asks beside
/// it.
/// </summary>
internal sealed class ForecastMetric(SimulationSettings settings) : IScaleMetric
{
    private const double BucketSeconds = 60;
    private const double LevelWeight = 0.5;
    private const double TrendWeight = 0.2;

    private readonly double ahead =
        (settings.StartupSeconds + settings.Autoscaler.SyncPeriod.TotalSeconds) / BucketSeconds;
    private readonly Queue<double> promised = new();
    private double bucketEnd = BucketSeconds;
    private double inBucket, level, trend, missed, came;
    private bool begun;

    public string Name => "forecast";
    public double Target => 1;

    /// <summary>Misses over orders, minute by minute, a start-up and a sync ahead; null before the first.</summary>
    internal double? Error => came > 0 ? missed / came : null;

    internal void Observe(double now, int orders)
    {
        while (now >= bucketEnd)
        {
            Close();
            bucketEnd += BucketSeconds;
        }
        inBucket += orders;
    }

    public ValueTask<MetricReading> ReadAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var wanted = Math.Ceiling(Forecast() / BucketSeconds / settings.ReplicaRate);
        return ValueTask.FromResult<MetricReading>(new MetricReading.Value(wanted, wanted > 0));
    }

    private double Forecast() => Math.Max(0, level + (trend * ahead));

    private void Close()
    {
        // The minute that a forecast was made for is the whole one in which its lead ends.
        if (promised.Count >= Math.Ceiling(ahead))
        {
            missed += Math.Abs(promised.Dequeue() - inBucket);
            came += inBucket;
        }
        var before = level;
        level = begun ? (LevelWeight * inBucket) + ((1 - LevelWeight) * (level + trend)) : inBucket;
        if (begun) trend = (TrendWeight * (level - before)) + ((1 - TrendWeight) * trend);
        begun = true;
        inBucket = 0;
        promised.Enqueue(Forecast());
    }
}
