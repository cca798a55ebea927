using Npgsql;

namespace Fulfillment.Surge.Load;

/// <summary>How far the orders are, counted in ordersdb by their releases.</summary>
internal readonly record struct ReleaseCounts(long Waiting, long Dispatched, long Planned, long Picking, long Done)
{
    // Held ones wait for a person, not for us.
    private const string CountSql = """
        SELECT count(*) FILTER (WHERE state = 'Waiting' AND NOT held), count(*) FILTER (WHERE state = 'Dispatched'),
               count(*) FILTER (WHERE state = 'Planned'), count(*) FILTER (WHERE state = 'Picking'),
               count(*) FILTER (WHERE state IN ('Picked', 'Cancelled', 'Failed'))
        FROM releases
        """;

    internal long Open => Waiting + Dispatched + Planned + Picking;

    public override string ToString() =>
        $"waiting {Waiting:N0}, on the queue {Dispatched:N0}, planned {Planned:N0}, picking {Picking:N0}, "
        + $"done {Done:N0}";

    internal static async Task<ReleaseCounts> ReadAsync(NpgsqlDataSource ordersDb, CancellationToken cancellation)
    {
        await using var command = ordersDb.CreateCommand(CountSql);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return new(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4));
    }
}

/// <summary>The end of a run: nothing is on its way any more, or nothing has moved for a while.</summary>
internal static class Quiescence
{
    internal static readonly TimeSpan StandstillMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// True when every release has come to rest; false when something is open and nothing moved for
    /// <see cref="StandstillMax"/>. The invariants then name what is stuck.
    /// </summary>
    internal static async Task<bool> WaitAsync(
        NpgsqlDataSource ordersDb, TimeProvider clock, CancellationToken cancellation)
    {
        var last = default(ReleaseCounts);
        var moved = clock.GetTimestamp();
        while (true)
        {
            var now = await Patience.ReadAsync(
                token => ReleaseCounts.ReadAsync(ordersDb, token), clock, cancellation);
            if (now.Open == 0) return true;
            if (now != last) (last, moved) = (now, clock.GetTimestamp());
            else if (clock.GetElapsedTime(moved) > StandstillMax) return false;
            await Task.Delay(Between, clock, cancellation);
        }
    }
}
