using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Rules;
using StackExchange.Redis;

namespace Fulfillment.Autoscaling.Metrics;

public static class ScaleMetrics
{
    /// <summary>The metrics of a spec's rules, in their order, read from <paramref name="redis"/>.</summary>
    public static IReadOnlyList<IScaleMetric> From(
        ScaleSpec spec, IConnectionMultiplexer redis, AutoscalerOptions options, TimeProvider clock,
        RunCalendar? calendar = null) =>
        [.. spec.Rules.Select(rule => rule switch
        {
            RedisStreamsRule streams =>
                (IScaleMetric)new RedisStreamsMetric(streams, redis, options, clock),
            CronRule cron => new CronMetric(cron, calendar),
            _ => throw new InvalidOperationException($"No metric for {rule.GetType().Name}."),
        })];
}
