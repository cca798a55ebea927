using System.Collections.Frozen;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Fulfillment.ServiceDefaults.Azure;

/// <summary>
/// Writes chosen metrics to the log. The OpenTelemetry agent of Container Apps takes traces and logs to Application
/// Insights, but no metrics; so the few numbers that alerts need go the way of the logs, as <c>metric name value</c>.
/// </summary>
public static class MetricLogExtensions
{
    private const int IntervalMilliseconds = 60_000;

    /// <summary>Logs the instruments that <c>Azure:LoggedMetrics</c> names (separated by ;) once a minute.</summary>
    public static MeterProviderBuilder AddMetricLog(this MeterProviderBuilder metrics, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var names = (configuration["Azure:LoggedMetrics"] ?? "")
            .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ToFrozenSet();
        return names.Count == 0
            ? metrics
            : metrics.AddReader(services => new PeriodicExportingMetricReader(
                new MetricLogExporter(names, services.GetRequiredService<ILogger<MetricLogExporter>>()),
                IntervalMilliseconds));
    }
}

/// <summary>One line for each named gauge or sum and each of its tag sets; histograms have no single value.</summary>
public sealed partial class MetricLogExporter(FrozenSet<string> names, ILogger<MetricLogExporter> log)
    : BaseExporter<Metric>
{
    public override ExportResult Export(in Batch<Metric> batch)
    {
        foreach (var metric in batch)
        {
            if (!names.Contains(metric.Name)) continue;
            foreach (ref readonly var point in metric.GetMetricPoints())
            {
                if (ValueOf(metric.MetricType, in point) is { } value) Write(log, metric.Name, value);
            }
        }

        return ExportResult.Success;
    }

    private static double? ValueOf(MetricType type, in MetricPoint point) => type switch
    {
        MetricType.LongGauge => point.GetGaugeLastValueLong(),
        MetricType.DoubleGauge => point.GetGaugeLastValueDouble(),
        MetricType.LongSum or MetricType.LongSumNonMonotonic => point.GetSumLong(),
        MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic => point.GetSumDouble(),
        _ => null,
    };

    [LoggerMessage(1, LogLevel.Information, "metric {Name} {Value}")]
    private static partial void Write(ILogger log, string name, double value);
}
