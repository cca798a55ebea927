using Npgsql;

namespace Fulfillment.Surge.Invariants;

/// <summary>
/// What must be the same in both databases: each side gives (key, value) in byte order of the key, and the two are
/// read side by side, so that half a million lines need no memory. Keys begin with the order's id, ids with their time:
/// orders of a time of which Picking has begun to delete the <paramref name="Kind"/> are not compared.
/// </summary>
internal sealed record CrossInvariant(int Number, string Name, string Kind, string OrdersSql, string PickingSql)
{
    private const string KeptFromSql = "SELECT max(kept_from::text) FROM retention WHERE kind = $1";

    internal async Task<List<string>> OffendersAsync(
        NpgsqlDataSource ordersDb, NpgsqlDataSource pickingDb, IReadOnlyCollection<Guid> strangers,
        CancellationToken cancellation)
    {
        var offenders = new List<string>();
        var forged = strangers.Select(order => $"{order}").ToHashSet(StringComparer.Ordinal);
        await using var kept = pickingDb.CreateCommand(KeptFromSql);
        kept.Parameters.Add(new NpgsqlParameter { Value = Kind });
        var keptFrom = await kept.ExecuteScalarAsync(cancellation) as string ?? "";
        await using var left = new Side(ordersDb, OrdersSql);
        await using var right = new Side(pickingDb, PickingSql);
        await left.OpenAsync(cancellation);
        await right.OpenAsync(cancellation);
        while ((left.Key is not null || right.Key is not null) && offenders.Count < Invariant.OffendersMax)
        {
            var order = left.Key is null ? 1 : right.Key is null ? -1 : string.CompareOrdinal(left.Key, right.Key);
            var key = (order <= 0 ? left.Key : right.Key)!;
            var fault = order < 0 ? $"Orders has {left.Value}, Picking nothing"
                : order > 0 ? $"Picking has {right.Value}, Orders nothing"
                : left.Value != right.Value ? $"Orders has {left.Value}, Picking {right.Value}" : null;
            var leftOut = string.CompareOrdinal(key, keptFrom) < 0 || (order > 0 && forged.Contains(key.Split('/')[0]));
            if (fault is not null && !leftOut) offenders.Add($"{key}: {fault}");
            if (order <= 0) await left.NextAsync(cancellation);
            if (order >= 0) await right.NextAsync(cancellation);
        }

        return offenders;
    }

    private sealed class Side(NpgsqlDataSource database, string sql) : IAsyncDisposable
    {
        private readonly NpgsqlCommand _command = database.CreateCommand(sql);
        private NpgsqlDataReader? _rows;

        internal string? Key { get; private set; }
        internal string? Value { get; private set; }

        internal async Task OpenAsync(CancellationToken cancellation)
        {
            _command.CommandTimeout = Invariant.SecondsMax;
            _rows = await _command.ExecuteReaderAsync(cancellation);
            await NextAsync(cancellation);
        }

        internal async Task NextAsync(CancellationToken cancellation)
        {
            (Key, Value) = await _rows!.ReadAsync(cancellation)
                ? (_rows.GetString(0), _rows.GetString(1))
                : (null, null);
        }

        public async ValueTask DisposeAsync()
        {
            if (_rows is not null) await _rows.DisposeAsync();
            await _command.DisposeAsync();
        }
    }
}

/// <summary>What Orders and Picking must agree on.</summary>
internal static class CrossInvariants
{
    // A release that Picking has planned, line by line. Units moved to another slot stand in the other slot's task.
    private const string AllocatedSql = """
        SELECT format('%s/%s/%s', order_id, release_no, line_no) COLLATE "C" AS key,
               format('%s units, %s picked, %s short', sum(quantity - cancelled), sum(picked), sum(short))
        FROM (
            SELECT order_id, release_no, line_no, quantity, picked, short, cancelled, state
            FROM allocations JOIN releases USING (client_id, order_id, release_no)
            UNION ALL
            SELECT order_id, part.release_no, line_no, quantity, coalesce(picked, 0), coalesce(short, 0),
                coalesce(cancelled, 0), state
            FROM past_orders
            CROSS JOIN LATERAL json_to_recordset(work->'allocations')
                AS part (release_no int, line_no int, quantity int, picked int, short int, cancelled int)
            JOIN LATERAL json_to_recordset(work->'releases') AS release (release_no int, state text)
                ON release.release_no = part.release_no
        ) AS allocated
        WHERE state IN ('Planned', 'Picking', 'Picked')
        GROUP BY order_id, release_no, line_no ORDER BY key
        """;

    private const string TaskedSql = """
        SELECT format('%s/%s/%s', order_id, release_no, line_no) COLLATE "C" AS key,
               format('%s units, %s picked, %s short', sum(quantity - moved), sum(picked), sum(short))
        FROM tasks GROUP BY order_id, release_no, line_no ORDER BY key
        """;

    private const string AppliedSql = """
        SELECT format('%s/%s', order_id, release_no) COLLATE "C" AS key, format('%s events', feed_version)
        FROM (
            SELECT order_id, release_no, feed_version FROM releases
            UNION ALL
            SELECT order_id, release_no, feed_version FROM past_orders
            CROSS JOIN LATERAL json_to_recordset(work->'releases') AS release (release_no int, feed_version int)
        ) AS applied
        WHERE feed_version > 0 ORDER BY key
        """;

    // The count as well as the last version: a hole would be an event that nobody can have applied. After a restore an
    // event leaps over those that one of the two had lost.
    private const string EmittedSql = """
        SELECT format('%s/%s', order_id, release_no) COLLATE "C" AS key,
               CASE WHEN count(*) = max(version) OR bool_or(kind = 'Restored') THEN format('%s events', max(version))
                    ELSE format('%s events up to version %s', count(*), max(version)) END
        FROM events GROUP BY order_id, release_no ORDER BY key
        """;

    private const string FailedSql = """
        SELECT format('%s/%s', order_id, release_no) COLLATE "C" AS key, 'a dead letter'
        FROM releases WHERE state = 'Failed' ORDER BY key
        """;

    private const string DeadLetterSql = """
        SELECT DISTINCT format('%s/%s', order_id, release_no) COLLATE "C" AS key, 'a dead letter'
        FROM dead_letters JOIN inbox USING (warehouse_id, order_id, release_no) WHERE state = 'Failed' ORDER BY key
        """;

    internal static readonly IReadOnlyList<CrossInvariant> All =
    [
        new(4, "every failed release is in the dead letters", "letters", FailedSql, DeadLetterSql),
        new(5, "units in tasks = units allocated, once planned", "tours", AllocatedSql, TaskedSql),
        new(8, "every event had its effect once", "events", AppliedSql, EmittedSql),
    ];
}
