using Fulfillment.Contracts;
using StackExchange.Redis;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// This process's side of the stream: everything Redis is asked for. All of it can be lost at any moment; what is here
/// only ever repeats work, and the inbox in Postgres makes a repeat harmless.
/// </summary>
internal sealed class PickingQueue(IConnectionMultiplexer redis, PickingSettings settings, TimeProvider clock)
{
    private const int ClaimRoundsMax = 10;
    private const int PendingShownMax = 1_000;
    private static readonly TimeSpan HeartbeatsKeptFor = TimeSpan.FromMinutes(10);

    private readonly RedisKey _stream = StreamNames.Orders(settings.WarehouseId);
    private readonly RedisKey _workers = StreamNames.Workers(settings.WarehouseId);

    /// <summary>Unique for each process that ever ran: two workers under one name would share deliveries.</summary>
    internal string Consumer { get; } = $"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid():N}";

    private IDatabase Database => redis.GetDatabase();

    /// <summary>
    /// New entries; none when the queue is empty. The group is made when it is not there (a new or lost Redis).
    /// </summary>
    internal async Task<StreamEntry[]> ReadAsync(int countMax)
    {
        try
        {
            return await Database.StreamReadGroupAsync(_stream, StreamNames.Group, Consumer, StreamPosition.NewMessages,
                countMax);
        }
        catch (RedisServerException missing) when (IsNoGroup(missing))
        {
            await CreateGroupAsync();
            return [];
        }
    }

    /// <summary>
    /// Takes over deliveries that nobody renewed for <see cref="PickingSettings.ClaimAfter"/>, ours included.
    /// </summary>
    internal async Task<IReadOnlyList<Delivery>> ClaimAsync(int countMax)
    {
        try
        {
            var claimed = new List<StreamEntry>();
            RedisValue from = "0-0";
            for (var round = 0; round < ClaimRoundsMax && claimed.Count < countMax; round++)
            {
                var taken = await Database.StreamAutoClaimAsync(
                    _stream, StreamNames.Group, Consumer, (long)settings.ClaimAfter.TotalMilliseconds, from,
                    countMax - claimed.Count);
                claimed.AddRange(taken.ClaimedEntries.Where(e => !e.IsNull));
                from = taken.NextStartId;
                if (from.IsNull || from == "0-0") break;
            }

            return claimed.Count == 0 ? [] : await CountDeliveriesAsync(claimed);
        }
        catch (RedisServerException missing) when (IsNoGroup(missing))
        {
            await CreateGroupAsync();
            return [];
        }
    }

    /// <summary>Says that we are still at work on these; the delivery count stays.</summary>
    internal Task RenewAsync(RedisValue[] ids) =>
        ids.Length == 0
            ? Task.CompletedTask
            : Database.StreamClaimIdsOnlyAsync(_stream, StreamNames.Group, Consumer, 0, ids);

    /// <summary>Acknowledges and deletes in one step, so that XLEN is always the work outstanding.</summary>
    internal async Task SettleAsync(RedisValue[] ids)
    {
        if (ids.Length == 0) return;
        var both = Database.CreateTransaction();
        var acknowledged = both.StreamAcknowledgeAsync(_stream, StreamNames.Group, ids);
        var deleted = both.StreamDeleteAsync(_stream, ids);
        await both.ExecuteAsync();
        await Task.WhenAll(acknowledged, deleted);
    }

    /// <summary>
    /// Gives back what we will not plan: the entries keep their ids (the relay would publish a moved one again) and get
    /// an idle time that any worker may claim at once, and unless it is <paramref name="counted"/> no delivery counts
    /// against them.
    /// </summary>
    internal Task HandBackAsync(RedisValue[] ids, bool counted = false)
    {
        if (ids.Length == 0) return Task.CompletedTask;
        var idleMs = 2 * (long)settings.ClaimAfter.TotalMilliseconds;
        return Database.ExecuteAsync(
            "XCLAIM", [_stream, StreamNames.Group, Consumer, 0, .. ids.Select(id => (object)id), "IDLE", idleMs,
                .. counted ? [] : (object[])["RETRYCOUNT", 0], "JUSTID"]);
    }

    internal async Task BeatAsync()
    {
        var now = clock.GetUtcNow();
        await Database.SortedSetAddAsync(_workers, Consumer, now.ToUnixTimeMilliseconds());
        await Database.SortedSetRemoveRangeByScoreAsync(
            _workers, double.NegativeInfinity, (now - HeartbeatsKeptFor).ToUnixTimeMilliseconds(), Exclude.Stop);
    }

    /// <summary>The last words of a worker that was told to stop.</summary>
    internal async Task LeaveAsync()
    {
        await Database.SortedSetRemoveAsync(_workers, Consumer);
        await DeleteConsumerAsync(Consumer);
    }

    /// <summary>Removes consumers that are gone and own nothing; one with pending entries is never removed.</summary>
    internal async Task<int> DeleteDeadConsumersAsync()
    {
        var removed = 0;
        try
        {
            foreach (var consumer in await Database.StreamConsumerInfoAsync(_stream, StreamNames.Group))
            {
                var dead = consumer.Name != Consumer && consumer.PendingMessageCount == 0
                    && consumer.IdleTimeInMilliseconds > 2 * settings.ClaimAfter.TotalMilliseconds
                    && await Database.SortedSetScoreAsync(_workers, consumer.Name) is null;
                if (dead && await DeleteConsumerAsync(consumer.Name)) removed++;
            }
        }
        catch (RedisServerException missing) when (IsNoGroup(missing) || IsNoKey(missing))
        {
            // Nothing there, nothing dead.
        }

        return removed;
    }

    /// <summary>
    /// Puts entries that were delivered and are pending nowhere (their consumer was deleted with them, or an XACK came
    /// without its XDEL) at the end of the stream again.
    /// </summary>
    internal async Task<int> RequeueOrphansAsync() =>
        (int)await Database.ScriptEvaluateAsync(RequeueOrphansLua, [_stream], [StreamNames.Group]);

    // Check and delete in one step: between the two a worker under this name could have read.
    private const string DeleteConsumerLua = """
        local group = redis.pcall('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2])
        if group.err or #group > 0 then return 0 end
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
        return 1
        """;

    // 500 entries a sweep bound the time for which Redis serves nobody else.
    private const string RequeueOrphansLua = """
        local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
        if groups.err then return 0 end
        local last
        for _, group in ipairs(groups) do
          local named = {}
          for i = 1, #group, 2 do named[group[i]] = group[i + 1] end
          if named['name'] == ARGV[1] then last = named['last-delivered-id'] end
        end
        if not last or last == '0-0' then return 0 end
        local moved = 0
        for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', last, 'COUNT', 500)) do
          if #redis.call('XPENDING', KEYS[1], ARGV[1], entry[1], entry[1], 1) == 0 then
            redis.call('XADD', KEYS[1], '*', unpack(entry[2]))
            redis.call('XDEL', KEYS[1], entry[1])
            moved = moved + 1
          end
        end
        return moved
        """;

    private async Task<bool> DeleteConsumerAsync(string consumer) =>
        (int)await Database.ScriptEvaluateAsync(DeleteConsumerLua, [_stream], [StreamNames.Group, consumer]) == 1;

    private async Task CreateGroupAsync()
    {
        try
        {
            // From 0: what was published before the group was there is work too.
            await Database.StreamCreateConsumerGroupAsync(_stream, StreamNames.Group, StreamPosition.Beginning,
                createStream: true);
        }
        catch (RedisServerException there) when (there.Message.StartsWith("BUSYGROUP", StringComparison.Ordinal))
        {
            // Another worker was quicker.
        }
    }

    private async Task<IReadOnlyList<Delivery>> CountDeliveriesAsync(List<StreamEntry> claimed)
    {
        var pending = await Database.StreamPendingMessagesAsync(
            _stream, StreamNames.Group, PendingShownMax, Consumer, claimed[0].Id, claimed[^1].Id);
        var counts = pending.ToDictionary(p => (string)p.MessageId!, p => p.DeliveryCount);
        return [.. claimed.Select(e => new Delivery(e, counts.GetValueOrDefault((string)e.Id!, 1)))];
    }

    private static bool IsNoGroup(RedisServerException answer) =>
        answer.Message.StartsWith("NOGROUP", StringComparison.Ordinal);

    private static bool IsNoKey(RedisServerException answer) =>
        answer.Message.Contains("no such key", StringComparison.OrdinalIgnoreCase);
}

/// <summary>An entry and how often it was delivered.</summary>
internal readonly record struct Delivery(StreamEntry Entry, int Count);
