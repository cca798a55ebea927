namespace Fulfillment.Autoscaling.Metrics;

/// <summary>One rule's number, read live at each sync as KEDA's external metrics server does.</summary>
public interface IScaleMetric
{
    /// <summary>The rule's name.</summary>
    string Name { get; }

    /// <summary>Units of the metric that one replica is for.</summary>
    double Target { get; }

    /// <summary>Never throws for a lost store: what could not be read is <see cref="MetricReading.Missing"/>.</summary>
    ValueTask<MetricReading> ReadAsync(DateTimeOffset now, CancellationToken cancellation);
}

/// <summary>A number, or why there is none. Missing is not zero: nothing scales in on it.</summary>
public abstract record MetricReading
{
    private MetricReading() { }

    /// <param name="Usage">The metric summed over all replicas; -1 for a lag that Redis does not know.</param>
    /// <param name="Active">Whether it keeps the app from sleeping.</param>
    public sealed record Value(double Usage, bool Active) : MetricReading;

    /// <param name="Why">In words.</param>
    /// <param name="Unreachable">The store does not answer at all, so that no scaler that needs it can be
    /// built.</param>
    public sealed record Missing(string Why, bool Unreachable = false) : MetricReading;
}

/// <summary>A reading and the rule it belongs to.</summary>
public readonly record struct RuleReading(string Rule, double Target, MetricReading Reading);
