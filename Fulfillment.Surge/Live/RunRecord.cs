using Fulfillment.Surge.Replicas;
using Npgsql;
using StackExchange.Redis;

namespace Fulfillment.Surge.Live;

/// <summary>One look at the system; <paramref name="T"/> is seconds of the run.</summary>
internal sealed record Look(
    double T, long Postgres, long OnStream, long InFlight, int Asked, int Ready, int Draining, double ReplicaCpu,
    int Pickers);

/// <summary>
/// Looks at the queue and the replicas at a steady beat while a run goes on. One statement on a partial index, two
/// commands to Redis and a few reads of /proc: the look must not be what it sees.
/// </summary>
internal sealed class RunRecord(
    NpgsqlDataSource ordersDb, IConnectionMultiplexer redis, string stream, string group, PickingReplicas replicas,
    Func<int> pickers, TimeProvider clock)
{
    private const string WaitingSql = "SELECT count(*) FROM releases WHERE state = 'Waiting' AND NOT held";

    private readonly List<Look> _looks = [];

    internal IReadOnlyList<Look> Looks => _looks;

    /// <summary>Returns when cancelled.</summary>
    internal async Task WatchAsync(long begun, TimeSpan every, Action<Look> show, CancellationToken cancellation)
    {
        try
        {
            using var beat = new PeriodicTimer(every, clock);
            do
            {
                var look = await Patience.ReadAsync(token => LookAsync(begun, token), clock, cancellation);
                _looks.Add(look);
                show(look);
            }
            while (await beat.WaitForNextTickAsync(cancellation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The measured time is over.
        }
    }

    private async Task<Look> LookAsync(long begun, CancellationToken cancellation)
    {
        await using var command = ordersDb.CreateCommand(WaitingSql);
        var waiting = (long)(await command.ExecuteScalarAsync(cancellation))!;
        var (length, pending) = await StreamAsync();
        return new(
            clock.GetElapsedTime(begun).TotalSeconds, waiting, Math.Max(0, length - pending), pending,
            replicas.SpecCount, replicas.ReadyCount, replicas.DrainingCount, replicas.CpuSeconds, pickers());
    }

    private async Task<(long Length, long Pending)> StreamAsync()
    {
        var database = redis.GetDatabase();
        try
        {
            var length = database.StreamLengthAsync(stream);
            var pending = database.StreamPendingAsync(stream, group);
            return (await length, (await pending).PendingMessageCount);
        }
        catch (RedisServerException none) when (none.Message.StartsWith("NOGROUP", StringComparison.Ordinal))
        {
            return (await database.StreamLengthAsync(stream), 0);
        }
    }
}
