using Fulfillment.Contracts;
using StackExchange.Redis;

namespace Fulfillment.Orders.Dispatch;

/// <summary>One warehouse's picking queue in Redis. Everything in it can be gone at any moment.</summary>
internal sealed class PickingStream(IDatabase redis, string warehouseId, TimeProvider clock)
{
    private readonly RedisKey _stream = StreamNames.Orders(warehouseId);
    private readonly RedisKey _epoch = StreamNames.Epoch(warehouseId);
    private readonly RedisKey _workers = StreamNames.Workers(warehouseId);

    /// <summary>Epoch (null: lost), work outstanding, and workers with a recent heartbeat, in one round trip.</summary>
    internal async Task<(string? Epoch, long Depth, long LiveWorkers)> LookAsync()
    {
        var alive = clock.GetUtcNow().Subtract(StreamNames.HeartbeatLifetime).ToUnixTimeMilliseconds();
        var epoch = redis.StringGetAsync(_epoch);
        var depth = redis.StreamLengthAsync(_stream);
        var workers = redis.SortedSetLengthAsync(_workers, alive, double.PositiveInfinity);
        await Task.WhenAll(epoch, depth, workers);
        return (await epoch, await depth, await workers);
    }

    internal Task PutEpochAsync(string epoch) => redis.StringSetAsync(_epoch, epoch);

    /// <summary>
    /// Appends the messages in their order, in one pipeline, and returns the entry id of each; null for one that may or
    /// may not have been appended, with the reason why.
    /// </summary>
    internal async Task<(string?[] Entries, Exception? Failure)> AppendAsync(IReadOnlyList<OutgoingMessage> messages)
    {
        var appends = new Task<RedisValue>[messages.Count];
        for (var index = 0; index < appends.Length; index++)
            appends[index] = redis.StreamAddAsync(_stream, FieldsOf(messages[index]));
        return await OutcomesAsync(appends, entry => (string?)entry, null);
    }

    /// <summary>Which of the entries still stand on the stream, waiting or in flight.</summary>
    /// <exception cref="RedisException">Redis is away: it cannot be said.</exception>
    internal async Task<bool[]> StandAsync(IReadOnlyList<string> entries)
    {
        var ranges = new Task<StreamEntry[]>[entries.Count];
        for (var index = 0; index < ranges.Length; index++)
            ranges[index] = redis.StreamRangeAsync(_stream, entries[index], entries[index], 1);
        var (stand, failure) = await OutcomesAsync(ranges, range => range.Length > 0, true);
        return failure is null ? stand : throw new RedisException("The stream could not be read", failure);
    }

    // All of the tasks are awaited even when one failed, so that no failure goes unobserved.
    private static async Task<(TOutcome[] Outcomes, Exception? Failure)> OutcomesAsync<TReply, TOutcome>(
        Task<TReply>[] tasks, Func<TReply, TOutcome> outcome, TOutcome unknown)
    {
        var outcomes = new TOutcome[tasks.Length];
        Exception? failure = null;
        for (var index = 0; index < tasks.Length; index++)
        {
            try
            {
                outcomes[index] = outcome(await tasks[index]);
            }
            catch (Exception away) when (IsAway(away))
            {
                outcomes[index] = unknown;
                failure ??= away;
            }
        }

        return (outcomes, failure);
    }

    /// <summary>Whether Redis could not be reached or did not answer in time, as against a bug of ours.</summary>
    internal static bool IsAway(Exception exception) => exception is RedisException or TimeoutException;

    private static NameValueEntry[] FieldsOf(OutgoingMessage message) => message.TraceParent is null
        ? [new(StreamFields.Kind, message.Kind), new(StreamFields.Body, message.Body)]
        : [new(StreamFields.Kind, message.Kind), new(StreamFields.Body, message.Body),
           new(StreamFields.TraceParent, message.TraceParent)];
}

/// <summary>
/// What goes onto the stream: a release (<paramref name="SignalNo"/> 0) or a signal that follows one.
/// </summary>
internal readonly record struct OutgoingMessage(
    ReleaseKey Key, int SignalNo, string Kind, byte[] Body, string? TraceParent);
