namespace Fulfillment.Autoscaling.Metrics;

/// <summary>
/// The scalers of one app as KEDA keeps them (pkg/scaling/scale_handler.go and its cache): a scaler that errs throws
/// all away, and building them again pings every Redis of the app. While one does not answer, no rule of the app is
/// read, a cron window included; a key of the wrong type silences its own rule only.
/// </summary>
public sealed class ScalerCache(IReadOnlyList<IScaleMetric> metrics)
{
    private bool built;

    /// <summary>Reads every rule, or none where the scalers cannot be built.</summary>
    public async ValueTask<RuleReading[]> ReadAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var readings = new RuleReading[metrics.Count];
        for (var index = 0; index < readings.Length; index++)
        {
            var metric = metrics[index];
            readings[index] = new(metric.Name, metric.Target, await metric.ReadAsync(now, cancellation));
        }
        var dead = readings.FirstOrDefault(rule => rule.Reading is MetricReading.Missing { Unreachable: true });
        // The turn that meets a dead Redis first still has its other scalers.
        var blind = dead.Reading is not null && !built;
        built = dead.Reading is null;
        if (!blind) return readings;
        var why = $"no scaler of the app can be built: {((MetricReading.Missing)dead.Reading!).Why}";
        return [.. readings.Select(rule => rule with { Reading = new MetricReading.Missing(why, true) })];
    }
}
