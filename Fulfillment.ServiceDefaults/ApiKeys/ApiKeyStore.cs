using System.Collections.Concurrent;
using Npgsql;
using NpgsqlTypes;

namespace Fulfillment.ServiceDefaults.ApiKeys;

/// <summary>
/// The keys of this service's database (table api_keys), cached: a key that was revoked is refused at most
/// <see cref="CacheLifetime"/> later on every replica.
/// </summary>
public sealed class ApiKeyStore(NpgsqlDataSource database, TimeProvider clock)
{
    /// <summary>Unknown prefixes are cached too, and this bounds what a flood of them can take.</summary>
    public const int CachedKeysMax = 10_000;

    public static readonly TimeSpan CacheLifetime = TimeSpan.FromSeconds(10);

    // Half of the lifetime is left for the answer to arrive.
    private static readonly TimeSpan RefreshAge = CacheLifetime / 2;

    private const string FindSql =
        "SELECT secret_hash, subject, role, expires_at FROM api_keys WHERE prefix = $1 AND revoked_at IS NULL";

    // A key that is put again keeps its role and takes the new secret: start-up keys may change between starts.
    private const string PutSql = """
        INSERT INTO api_keys (prefix, secret_hash, subject, role, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (prefix) DO UPDATE SET secret_hash = excluded.secret_hash, revoked_at = NULL
        """;

    private const string RevokeSql = "UPDATE api_keys SET revoked_at = $2 WHERE prefix = $1 AND revoked_at IS NULL";

    private readonly ConcurrentDictionary<string, Entry> _cache = new(StringComparer.Ordinal);

    /// <summary>Who holds the key, or null when it is unknown, wrong, expired or revoked.</summary>
    public async ValueTask<KeyHolder?> FindAsync(ApiKey key, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        if (!_cache.TryGetValue(key.Prefix, out var entry) || entry.ReadAt + CacheLifetime < now)
            entry = await ReadAndKeepAsync(key.Prefix, now, cancellation);
        else if (entry.ReadAt + RefreshAge < now && entry.TakeTurn())
            entry = await RefreshAsync(key.Prefix, entry, now, cancellation);

        return entry.Holder is { } holder && entry.ExpiresAt > now && key.Proves(entry.Hash) ? holder : null;
    }

    /// <summary>Stores a key (its hash). <paramref name="subject"/> is whom the role is bound to, if any.</summary>
    public async Task PutAsync(
        ApiKey key, string role, string? subject, DateTimeOffset? expiresAt, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(PutSql);
        command.Parameters.Add(new() { Value = key.Prefix, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = key.HashSecret(), NpgsqlDbType = NpgsqlDbType.Bytea });
        command.Parameters.Add(new() { Value = (object?)subject ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = role, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = clock.GetUtcNow(), NpgsqlDbType = NpgsqlDbType.TimestampTz });
        var expiry = (object?)expiresAt ?? DBNull.Value;
        command.Parameters.Add(new() { Value = expiry, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        await command.ExecuteNonQueryAsync(cancellation);
        _cache.TryRemove(key.Prefix, out _);
    }

    /// <summary>True when a live key had this prefix.</summary>
    public async Task<bool> RevokeAsync(string prefix, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(RevokeSql);
        command.Parameters.Add(new() { Value = prefix, NpgsqlDbType = NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = clock.GetUtcNow(), NpgsqlDbType = NpgsqlDbType.TimestampTz });
        var revoked = await command.ExecuteNonQueryAsync(cancellation) == 1;
        _cache.TryRemove(prefix, out _);
        return revoked;
    }

    // One caller reads anew while the others go on with what is known: a key in use never runs out for all at once.
    private async Task<Entry> RefreshAsync(
        string prefix, Entry known, DateTimeOffset now, CancellationToken cancellation)
    {
        try
        {
            return await ReadAndKeepAsync(prefix, now, cancellation);
        }
        catch (NpgsqlException)
        {
            return known; // it holds until its lifetime ends, and then whoever asks learns that the store is away
        }
    }

    private async Task<Entry> ReadAndKeepAsync(string prefix, DateTimeOffset now, CancellationToken cancellation)
    {
        var entry = await ReadAsync(prefix, now, cancellation);
        if (_cache.Count >= CachedKeysMax) _cache.Clear();
        return _cache[prefix] = entry;
    }

    private async Task<Entry> ReadAsync(string prefix, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(new() { Value = prefix, NpgsqlDbType = NpgsqlDbType.Text });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation)) return new Entry(now, null, [], DateTimeOffset.MinValue);

        var holder = new KeyHolder(prefix, row.GetString(2), row.IsDBNull(1) ? null : row.GetString(1));
        var expiresAt = row.IsDBNull(3) ? DateTimeOffset.MaxValue : row.GetFieldValue<DateTimeOffset>(3);
        return new Entry(now, holder, row.GetFieldValue<byte[]>(0), expiresAt);
    }

    private sealed record Entry(DateTimeOffset ReadAt, KeyHolder? Holder, byte[] Hash, DateTimeOffset ExpiresAt)
    {
        private int _turns;

        // True for one caller.
        internal bool TakeTurn() => Interlocked.Exchange(ref _turns, 1) == 0;
    }
}
