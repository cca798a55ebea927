using System.Collections.Concurrent;
using Fulfillment.ServiceDefaults.Outages;
using Npgsql;
using NpgsqlTypes;

namespace Fulfillment.ServiceDefaults.ApiKeys;

/// <summary>
/// The keys of this service's database (table api_keys), cached: a key that was revoked is refused at most
/// <see cref="CacheLifetime"/> later on every replica. While Postgres is away, a key that it knew is believed for as
/// long as <see cref="KnownWhileAway"/> says.
/// </summary>
public sealed class ApiKeyStore(
    NpgsqlDataSource database, TimeProvider clock, StoreHealth? stores = null, KnownWhileAway? whileAway = null)
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
        if (!_cache.TryGetValue(key.Prefix, out var entry)) entry = await ReadAndKeepAsync(key.Prefix, cancellation);
        else if (clock.GetElapsedTime(entry.ReadAt) is var age && age > CacheLifetime)
            entry = await RenewAsync(key.Prefix, entry, age, cancellation);
        else if (age > RefreshAge && entry.TakeTurn())
            entry = await KnownWhileAway.OrAsync(ReadAndKeepAsync(key.Prefix, cancellation), entry, clock);

        var now = clock.GetUtcNow();
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

    /// <summary>
    /// Its lifetime is over. One caller reads anew before that, so few come here: after a pause, or in an outage.
    /// </summary>
    private ValueTask<Entry> RenewAsync(string prefix, Entry known, TimeSpan age, CancellationToken cancellation)
    {
        if (known.Holder is null || age > (whileAway ?? KnownWhileAway.Default).For)
            return new(ReadAndKeepAsync(prefix, cancellation));
        return stores?.Answers(StoreFault.Postgres) == false
            ? new(known)
            : KnownWhileAway.OrAsync(ReadAndKeepAsync(prefix, cancellation), known, clock);
    }

    private async Task<Entry> ReadAndKeepAsync(string prefix, CancellationToken cancellation)
    {
        var entry = await ReadAsync(prefix, cancellation);
        if (_cache.Count >= CachedKeysMax) _cache.Clear();
        return _cache[prefix] = entry;
    }

    private async Task<Entry> ReadAsync(string prefix, CancellationToken cancellation)
    {
        var now = clock.GetTimestamp();
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(new() { Value = prefix, NpgsqlDbType = NpgsqlDbType.Text });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation)) return new Entry(now, null, [], DateTimeOffset.MinValue);

        var holder = new KeyHolder(prefix, row.GetString(2), row.IsDBNull(1) ? null : row.GetString(1));
        var expiresAt = row.IsDBNull(3) ? DateTimeOffset.MaxValue : row.GetFieldValue<DateTimeOffset>(3);
        return new Entry(now, holder, row.GetFieldValue<byte[]>(0), expiresAt);
    }

    private sealed record Entry(long ReadAt, KeyHolder? Holder, byte[] Hash, DateTimeOffset ExpiresAt)
    {
        private int _turns;

        // True for one caller.
        internal bool TakeTurn() => Interlocked.Exchange(ref _turns, 1) == 0;
    }
}
