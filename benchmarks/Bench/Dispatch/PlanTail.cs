using Npgsql;
using NpgsqlTypes;

namespace Fulfillment.Bench.Dispatch;

/// <summary>
/// Notes when each order was first seen to have a committed tour, by reading pickingdb's event log every few
/// milliseconds, as a reader of the feed would: a time is at most one poll and one foreign transaction too late.
/// </summary>
internal sealed class PlanTail : IAsyncDisposable
{
    // Below the oldest transaction that is under way, so that no late commit is overtaken.
    private const string NewSql = """
        SELECT xid, id, order_id FROM events
        WHERE (xid, id) > ($1, $2) AND xid < pg_snapshot_xmin(pg_current_snapshot()) AND kind = 'Planned'
        ORDER BY xid, id LIMIT 10000
        """;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan StandstillMax = TimeSpan.FromSeconds(30);

    private readonly NpgsqlConnection _connection;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<Guid, long> _seen = [];
    private readonly Lock _gate = new();
    private Task _reading = Task.CompletedTask;

    private PlanTail(NpgsqlConnection connection, TimeProvider clock) => (_connection, _clock) = (connection, clock);

    internal static async Task<PlanTail> BeginAsync(
        NpgsqlConnectionStringBuilder database, TimeProvider clock, CancellationToken cancellation)
    {
        var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(cancellation);
        var tail = new PlanTail(connection, clock);
        tail._reading = Task.Run(tail.ReadAsync, CancellationToken.None);
        return tail;
    }

    /// <summary>Waits until that many orders were seen, or half a minute without one; timestamps by order.</summary>
    internal async Task<Dictionary<Guid, long>> EndAsync(int orders, CancellationToken cancellation)
    {
        var (last, moved) = (-1, _clock.GetTimestamp());
        while (true)
        {
            var seen = Seen;
            if (seen >= orders || _reading.IsCompleted || _clock.GetElapsedTime(moved) > StandstillMax) break;
            if (seen > last) (last, moved) = (seen, _clock.GetTimestamp());
            await Task.Delay(Poll, _clock, cancellation);
        }

        await _stop.CancelAsync();
        await _reading; // what ended it early is thrown here
        return _seen;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _connection.DisposeAsync();
        _stop.Dispose();
    }

    private int Seen
    {
        get { lock (_gate) return _seen.Count; }
    }

    private async Task ReadAsync()
    {
        var (xid, id) = (0UL, 0L);
        await using var command = new NpgsqlCommand(NewSql, _connection)
        {
            Parameters =
            {
                new() { Value = xid, NpgsqlDbType = NpgsqlDbType.Xid8 },
                new() { Value = id, NpgsqlDbType = NpgsqlDbType.Bigint },
            },
        };
        await command.PrepareAsync(CancellationToken.None);
        while (!_stop.IsCancellationRequested)
        {
            (command.Parameters[0].Value, command.Parameters[1].Value) = (xid, id);
            await using (var row = await command.ExecuteReaderAsync(CancellationToken.None))
            {
                while (await row.ReadAsync(CancellationToken.None))
                {
                    (xid, id) = (row.GetFieldValue<ulong>(0), row.GetInt64(1));
                    lock (_gate) _seen.TryAdd(row.GetGuid(2), _clock.GetTimestamp());
                }
            }

            await Task.Delay(Poll, _clock, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
