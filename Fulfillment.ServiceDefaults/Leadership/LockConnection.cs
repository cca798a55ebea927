using Npgsql;

namespace Fulfillment.ServiceDefaults.Leadership;

/// <summary>
/// The one connection of a process that holds its locks (session-level advisory locks, seed 0 of the name's hash) and
/// beats for them. A transaction of a leader holds the same name under seed 1, shared: who becomes the leader waits for
/// such transactions, or ends them, before it raises the fence.
/// </summary>
internal sealed class LockConnection(NpgsqlConnection connection, string holder) : IAsyncDisposable
{
    // Nobody there, nobody's beat for a while, or a beat of the future: the clock of a server that has failed over.
    private const string FindMissedSql = """
        SELECT w.name FROM unnest($1) AS w (name) LEFT JOIN leaderships l ON l.name = w.name
        WHERE l.name IS NULL OR l.beat_at < clock_timestamp() - $2 OR l.beat_at > clock_timestamp()
        ORDER BY w.name
        """;

    private const string TryLocksSql = """
        SELECT w.name FROM unnest($1) AS w (name) WHERE pg_try_advisory_lock(hashtextextended(w.name, 0))
        """;

    // Finds the late holder and ends it, in one statement: a holder that beats meanwhile is ended for nothing, and the
    // fence makes that harmless. Ends our own role's backends only; another's is refused.
    private const string DeposeSql = """
        SELECT count(pg_terminate_backend(k.pid)) FROM leaderships l
        JOIN pg_locks k ON k.locktype = 'advisory' AND k.granted AND k.objsubid = 1
            AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (k.classid::bigint << 32 | k.objid::bigint) = hashtextextended(l.name, 0)
        WHERE l.name = ANY ($1) AND l.beat_at < clock_timestamp() - $2 AND k.pid <> pg_backend_pid()
        """;

    // We hold the name's lock: who still holds its fence is a leader of yesterday, frozen in a transaction.
    private const string EndWritersSql = """
        SELECT count(pg_terminate_backend(k.pid)) FROM pg_locks k
        WHERE k.locktype = 'advisory' AND k.granted AND k.objsubid = 1
            AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND (k.classid::bigint << 32 | k.objid::bigint) IN (SELECT hashtextextended(n, 1) FROM unnest($1) AS n)
            AND k.pid <> pg_backend_pid()
        """;

    private const string TakeFencesSql =
        "SELECT count(pg_advisory_xact_lock(hashtextextended(n, 1))) FROM unnest($1) AS n";

    private const string RaiseFencesSql = """
        INSERT INTO leaderships (name, fence, holder, pid, taken_at, beat_at)
        SELECT n, 1, $2, pg_backend_pid(), clock_timestamp(), clock_timestamp() FROM unnest($1) AS n ORDER BY n
        ON CONFLICT (name) DO UPDATE SET fence = leaderships.fence + 1, holder = excluded.holder, pid = excluded.pid,
            taken_at = excluded.taken_at, beat_at = excluded.beat_at
        RETURNING name, fence
        """;

    // A beat need not reach the disk: with a server that fell over its sessions and their locks are gone as well.
    private const string BeatSql = """
        UPDATE leaderships l SET beat_at = clock_timestamp() FROM unnest($1, $2) AS h (name, fence)
        WHERE l.name = h.name AND l.fence = h.fence RETURNING l.name
        """;

    private const string VacateSql = """
        UPDATE leaderships l SET beat_at = '-infinity' FROM unnest($1, $2) AS h (name, fence)
        WHERE l.name = h.name AND l.fence = h.fence
        """;

    private const string UnlockSql =
        "SELECT count(pg_advisory_unlock(hashtextextended(n, 0))) FROM unnest($1) AS n";

    internal static async Task<LockConnection> OpenAsync(
        NpgsqlDataSource locks, string holder, CancellationToken cancellation) =>
        new(await locks.OpenConnectionAsync(cancellation), holder);

    /// <summary>Those of the names that nobody beats for. Who holds no lock looks through the pool.</summary>
    internal static async Task<string[]> FindMissedAsync(
        LockConnection? open, NpgsqlDataSource pool, string[] names, TimeSpan missedAfter,
        CancellationToken cancellation)
    {
        await using var command = open?.Command(FindMissedSql) ?? pool.CreateCommand(FindMissedSql);
        command.Parameters.Add(Names(names));
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = missedAfter });
        return await ReadNamesAsync(command, cancellation);
    }

    /// <summary>Takes those of the names that are free; returns their new fences.</summary>
    internal async Task<Dictionary<string, long>> TakeAsync(string[] names, CancellationToken cancellation)
    {
        await using var tryLocks = new NpgsqlCommand(TryLocksSql, connection) { Parameters = { Names(names) } };
        var locked = await ReadNamesAsync(tryLocks, cancellation);
        if (locked.Length == 0) return [];
        try
        {
            return await RaiseFencesAsync(locked, cancellation);
        }
        catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            await ExecuteAsync(UnlockSql, cancellation, Names(locked)); // a writer that has yet to end
            return [];
        }
    }

    /// <summary>Ends the holders of those of the names that are late.</summary>
    internal async Task<long> DeposeAsync(string[] names, TimeSpan lateAfter, CancellationToken cancellation)
    {
        await using var depose = new NpgsqlCommand(DeposeSql, connection)
        {
            Parameters = { Names(names), new NpgsqlParameter<TimeSpan> { TypedValue = lateAfter } },
        };
        return (long)(await depose.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Beats; returns the names that are still ours.</summary>
    internal async Task<HashSet<string>> BeatAsync(IReadOnlyList<Leader> held, CancellationToken cancellation)
    {
        await using var beat = new NpgsqlCommand(BeatSql, connection);
        AddHeld(beat.Parameters, held);
        return [.. await ReadNamesAsync(beat, cancellation)];
    }

    /// <summary>Gives up, so that another may take over at once.</summary>
    internal async Task VacateAsync(IReadOnlyList<Leader> held, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        var vacate = new NpgsqlBatchCommand(VacateSql);
        AddHeld(vacate.Parameters, held);
        batch.BatchCommands.Add(vacate);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(UnlockSql) { Parameters = { Names(NamesOf(held)) } });
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private async Task<Dictionary<string, long>> RaiseFencesAsync(string[] names, CancellationToken cancellation)
    {
        await ExecuteAsync(EndWritersSql, cancellation, Names(names));
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await ExecuteAsync("SET LOCAL synchronous_commit = on", cancellation); // a fence must never be raised twice
        await ExecuteAsync(TakeFencesSql, cancellation, Names(names));
        var fences = new Dictionary<string, long>(StringComparer.Ordinal);
        await using (var raise = new NpgsqlCommand(RaiseFencesSql, connection, transaction)
        {
            Parameters = { Names(names), new NpgsqlParameter<string> { TypedValue = holder } },
        })
        await using (var row = await raise.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation)) fences.Add(row.GetString(0), row.GetInt64(1));
        }

        await transaction.CommitAsync(cancellation);
        return fences;
    }

    private NpgsqlCommand Command(string sql) => new(sql, connection);

    private async Task ExecuteAsync(
        string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task<string[]> ReadNamesAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        var names = new List<string>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation)) names.Add(row.GetString(0));
        return [.. names];
    }

    private static void AddHeld(NpgsqlParameterCollection parameters, IReadOnlyList<Leader> held)
    {
        parameters.Add(Names(NamesOf(held)));
        parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. held.Select(leader => leader.Fence)] });
    }

    private static string[] NamesOf(IReadOnlyList<Leader> held) => [.. held.Select(leader => leader.Name)];

    private static NpgsqlParameter<string[]> Names(string[] names) => new() { TypedValue = names };
}
