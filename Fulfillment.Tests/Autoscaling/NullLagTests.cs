using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Autoscaling.Metrics;
using Fulfillment.Autoscaling.Rules;
using Xunit;

namespace Fulfillment.Tests.Autoscaling;

/// <summary>
/// Why the rule is <c>streamLength</c>. Workers that finish out of order delete entries past the oldest unfinished one;
/// Redis then cannot tell the group's lag and says null, KEDA reads -1, and the app scales in during the surge.
/// </summary>
public sealed class NullLagTests(RedisOfOnesOwn redis) : IClassFixture<RedisOfOnesOwn>
{
    private const int Target = 1;
    private static readonly EngineVersions Before134 = new(new(2, 18), new(1, 33));
    private readonly string stream = redis.NewStream();

    [Fact]
    public async Task Two_workers_finishing_out_of_order_blind_a_lagCount_rule_and_not_the_streamLength_rule()
    {
        var (first, second) = (await WorkerAsync("first"), await WorkerAsync("second"));
        await StreamWorker.AddAsync(redis.Database, stream, 10);
        await ExpectAsync(lag: 10, outstanding: 10);

        await first.FinishAsync(await first.TakeAsync(4));
        await ExpectAsync(lag: 6, outstanding: 6);

        var held = await second.TakeAsync(3);
        await ExpectAsync(lag: 3, outstanding: 6);

        await second.FinishAsync(held[^1]);
        await ExpectAsync(lag: Before134.NullLag, outstanding: 5);

        await StreamWorker.AddAsync(redis.Database, stream, 1);
        await ExpectAsync(lag: Before134.NullLag, outstanding: 6);

        // Only once the group has read everything is the lag known again, and then of the next entry on.
        var rest = await first.TakeAsync(100);
        await first.FinishAsync(rest);
        await second.FinishAsync(held[..^1]);
        await StreamWorker.AddAsync(redis.Database, stream, 2);
        await ExpectAsync(lag: 2, outstanding: 2);
    }

    [Fact]
    public async Task On_a_null_lag_the_lagCount_rule_falls_to_the_minimum_while_streamLength_keeps_the_replicas()
    {
        var (first, second) = (await WorkerAsync("first"), await WorkerAsync("second"));
        await StreamWorker.AddAsync(redis.Database, stream, 20);
        await first.TakeAsync(2);
        var held = await second.TakeAsync(2);
        await second.FinishAsync(held[^1]);

        var (byLag, byLength) = (await EndOfWindowAsync(StreamMeasure.Lag),
            await EndOfWindowAsync(StreamMeasure.Length));
        Assert.Equal((-1, 1, DecisionReason.TooFewReplicas), (byLag.Desired, byLag.Result, byLag.Reason));
        Assert.Equal((19, 19, DecisionReason.WithinRange), (byLength.Desired, byLength.Result, byLength.Reason));
    }

    // Nineteen replicas at work, and the surge goes on: the state of the stream stays as it is for the whole window.
    private async Task<Verdict> EndOfWindowAsync(StreamMeasure measure)
    {
        var options = new AutoscalerOptions { Versions = Before134 };
        var scaler = new HorizontalPodAutoscaler(new(1, 60), options);
        var (now, current) = (DateTimeOffset.UnixEpoch, 19);
        Verdict verdict;
        do
        {
            verdict = scaler.Sync(now, current, current, [new("entries", Target, await ReadAsync(measure))]);
            current = verdict.Result;
            now += options.SyncPeriod;
        }
        while (now <= DateTimeOffset.UnixEpoch + options.StabilizationWindow + options.SyncPeriod);
        return verdict;
    }

    private async Task ExpectAsync(long lag, long outstanding)
    {
        Assert.Equal(new MetricReading.Value(lag, lag > 0), await ReadAsync(StreamMeasure.Lag));
        Assert.Equal(new MetricReading.Value(outstanding, outstanding > 0), await ReadAsync(StreamMeasure.Length));
    }

    private async Task<MetricReading> ReadAsync(StreamMeasure measure)
    {
        var rule = new RedisStreamsRule("entries", stream, measure, StreamWorker.Group, Target);
        var options = new AutoscalerOptions { MetricTimeout = TimeSpan.FromSeconds(10), Versions = Before134 };
        var metric = new RedisStreamsMetric(rule, redis.Connection, options, TimeProvider.System);
        return await metric.ReadAsync(DateTimeOffset.UnixEpoch, TestContext.Current.CancellationToken);
    }

    private Task<StreamWorker> WorkerAsync(string name) => StreamWorker.StartAsync(redis.Database, stream, name);
}
