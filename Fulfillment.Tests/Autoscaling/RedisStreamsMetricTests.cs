using System.Net;
using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Metrics;
using Fulfillment.Autoscaling.Rules;
using Fulfillment.Hosting;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Autoscaling;

/// <summary>KEDA's three measures and their fallbacks, against a real Redis.</summary>
public sealed class RedisStreamsMetricTests(RedisOfOnesOwn redis) : IClassFixture<RedisOfOnesOwn>
{
    private readonly string stream = redis.NewStream();

    [Fact]
    public async Task The_length_counts_waiting_and_in_flight_until_acknowledged_and_deleted()
    {
        Assert.Equal(Value(0), await ReadAsync(StreamMeasure.Length));
        var worker = await WorkerAsync("one");
        await AddAsync(10);
        Assert.Equal(Value(10), await ReadAsync(StreamMeasure.Length));
        var taken = await worker.TakeAsync(4);
        Assert.Equal(Value(10), await ReadAsync(StreamMeasure.Length));
        await worker.FinishAsync(taken);
        Assert.Equal(Value(6), await ReadAsync(StreamMeasure.Length));
    }

    [Fact]
    public async Task Pending_counts_what_is_in_flight_and_is_missing_until_the_group_exists()
    {
        await AddAsync(3);
        var missing = Assert.IsType<MetricReading.Missing>(await ReadAsync(StreamMeasure.Pending));
        Assert.Contains("NOGROUP", missing.Why, StringComparison.Ordinal);
        var worker = await WorkerAsync("one");
        Assert.Equal(Value(0), await ReadAsync(StreamMeasure.Pending));
        await worker.TakeAsync(2);
        Assert.Equal(Value(2), await ReadAsync(StreamMeasure.Pending));
    }

    [Fact]
    public async Task Lag_counts_what_is_not_delivered_and_calls_a_busy_last_worker_inactive()
    {
        var worker = await WorkerAsync("one");
        await AddAsync(5);
        Assert.Equal(Value(5), await ReadAsync(StreamMeasure.Lag));
        await worker.TakeAsync(5);
        Assert.Equal(new MetricReading.Value(0, Active: false), await ReadAsync(StreamMeasure.Lag));
    }

    [Fact]
    public async Task Lag_of_no_stream_is_zero_and_without_its_group_it_is_the_length()
    {
        Assert.Equal(Value(0), await ReadAsync(StreamMeasure.Lag));
        await AddAsync(7);
        Assert.Equal(Value(7), await ReadAsync(StreamMeasure.Lag));
        await redis.Database.StreamCreateConsumerGroupAsync(stream, "another", "0");
        Assert.Equal(Value(7), await ReadAsync(StreamMeasure.Lag));
    }

    [Fact]
    public async Task A_key_of_another_type_is_missing_by_every_measure()
    {
        await redis.Database.StringSetAsync(stream, "no stream");
        foreach (var measure in Enum.GetValues<StreamMeasure>())
            Assert.False(Assert.IsType<MetricReading.Missing>(await ReadAsync(measure)).Unreachable);
    }

    [Fact]
    public async Task More_than_the_activation_count_is_active_and_as_much_is_not()
    {
        await AddAsync(4);
        Assert.Equal(new MetricReading.Value(4, Active: true), await ReadAsync(StreamMeasure.Length, activation: 3));
        Assert.Equal(new MetricReading.Value(4, Active: false), await ReadAsync(StreamMeasure.Length, activation: 4));
    }

    [Fact]
    public async Task A_redis_that_cannot_be_reached_is_missing_by_every_measure()
    {
        await using var nobody = await ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions
        {
            EndPoints = { { IPAddress.Loopback, Ports.Free() } },
            AbortOnConnectFail = false,
            ConnectRetry = 0,
            ConnectTimeout = 200,
            BacklogPolicy = BacklogPolicy.FailFast,
        });
        foreach (var measure in Enum.GetValues<StreamMeasure>())
        {
            var missing = Assert.IsType<MetricReading.Missing>(await ReadAsync(measure, connection: nobody));
            Assert.StartsWith(stream, missing.Why, StringComparison.Ordinal);
            Assert.True(missing.Unreachable);
        }
    }

    private async Task<MetricReading> ReadAsync(
        StreamMeasure measure, long activation = 0, IConnectionMultiplexer? connection = null)
    {
        var rule = new RedisStreamsRule("entries", stream, measure, StreamWorker.Group, 40, activation);
        var options = new AutoscalerOptions { MetricTimeout = TimeSpan.FromSeconds(10) };
        var metric = new RedisStreamsMetric(rule, connection ?? redis.Connection, options, TimeProvider.System);
        return await metric.ReadAsync(DateTimeOffset.UnixEpoch, TestContext.Current.CancellationToken);
    }

    private static MetricReading.Value Value(double usage) => new(usage, usage > 0);

    private Task<StreamWorker> WorkerAsync(string name) => StreamWorker.StartAsync(redis.Database, stream, name);

    private Task AddAsync(int entries) => StreamWorker.AddAsync(redis.Database, stream, entries);
}
