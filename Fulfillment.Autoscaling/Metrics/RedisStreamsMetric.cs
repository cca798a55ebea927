using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Rules;
using StackExchange.Redis;

namespace Fulfillment.Autoscaling.Metrics;

/// <summary>
/// KEDA 2.18's <c>redis-streams</c> scaler (pkg/scalers/redis_streams_scaler.go) against a real Redis, with its three
/// measures and its fallbacks, the harmful one included: a lag that Redis reports as null is a number
/// (<see cref="EngineVersions.NullLag"/>).
/// </summary>
public sealed class RedisStreamsMetric(
    RedisStreamsRule rule, IConnectionMultiplexer redis, AutoscalerOptions options, TimeProvider clock) : IScaleMetric
{
    public string Name => rule.Name;
    public double Target => rule.Target;

    public async ValueTask<MetricReading> ReadAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            var count = await CountAsync().WaitAsync(options.MetricTimeout, clock, cancellation);
            return new MetricReading.Value(count, count > rule.ActivationLagCount);
        }
        catch (Exception lost) when (lost is RedisException or TimeoutException or LagUnsupportedException)
        {
            var unreachable = lost is RedisConnectionException or TimeoutException;
            return new MetricReading.Missing($"{rule.Stream}: {lost.Message}", unreachable);
        }
    }

    private Task<long> CountAsync() => rule.Measure switch
    {
        StreamMeasure.Length => Database.StreamLengthAsync(rule.Stream),
        StreamMeasure.Pending => PendingAsync(),
        StreamMeasure.Lag => LagAsync(),
        _ => throw new InvalidOperationException($"No measure {rule.Measure}."),
    };

    private IDatabase Database => redis.GetDatabase(rule.DatabaseIndex);

    // A group that is not there yet is an error (NOGROUP), and stays one until a worker has made it.
    private async Task<long> PendingAsync() =>
        (await Database.StreamPendingAsync(rule.Stream, rule.ConsumerGroup)).PendingMessageCount;

    private async Task<long> LagAsync()
    {
        RedisResult[] groups;
        try
        {
            groups = (RedisResult[])(await Database.ExecuteAsync("XINFO", "GROUPS", (RedisKey)rule.Stream))!;
        }
        catch (RedisServerException error)
        {
            return error.Message.Contains("no such key", StringComparison.Ordinal)
                ? 0
                : await Database.StreamLengthAsync(rule.Stream);
        }
        foreach (var group in groups)
        {
            var fields = group.ToDictionary();
            if ((string?)fields["name"] != rule.ConsumerGroup) continue;
            if (!fields.TryGetValue("lag", out var lag)) throw new LagUnsupportedException();
            return lag.IsNull ? options.Versions.NullLag : (long)lag;
        }
        return await Database.StreamLengthAsync(rule.Stream);
    }

    private sealed class LagUnsupportedException()
        : Exception("this Redis reports no lag; a lagCount rule needs Redis 7.0 or newer.");
}
