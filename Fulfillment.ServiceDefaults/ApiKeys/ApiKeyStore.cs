using System.Collections.Concurrent;
using System.Security.Claims;
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

    /// <summary>The principal a key stands for, or null when it is unknown, wrong, expired or revoked.</summary>
    public async ValueTask<ClaimsPrincipal?> FindAsync(ApiKey key, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        if (!_cache.TryGetValue(key.Prefix, out var entry) || entry.ReadAt + CacheLifetime < now)
        {
            entry = await ReadAsync(key.Prefix, now, cancellation);
            if (_cache.Count >= CachedKeysMax) _cache.Clear();
            _cache[key.Prefix] = entry;
        }

        return entry.Principal is { } principal && entry.ExpiresAt > now && key.Proves(entry.Hash) ? principal : null;
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

    private async Task<Entry> ReadAsync(string prefix, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(FindSql);
        command.Parameters.Add(new() { Value = prefix, NpgsqlDbType = NpgsqlDbType.Text });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation)) return new Entry(now, null, [], DateTimeOffset.MinValue);

        var identity = new ClaimsIdentity(
            ApiKeyAuthentication.Scheme, ApiKeyAuthentication.SubjectClaim, ClaimTypes.Role);
        identity.AddClaim(new Claim(ApiKeyAuthentication.PrefixClaim, prefix));
        identity.AddClaim(new Claim(ClaimTypes.Role, row.GetString(2)));
        if (!row.IsDBNull(1)) identity.AddClaim(new Claim(ApiKeyAuthentication.SubjectClaim, row.GetString(1)));
        var expiresAt = row.IsDBNull(3) ? DateTimeOffset.MaxValue : row.GetFieldValue<DateTimeOffset>(3);
        return new Entry(now, new ClaimsPrincipal(identity), row.GetFieldValue<byte[]>(0), expiresAt);
    }

    private sealed record Entry(
        DateTimeOffset ReadAt, ClaimsPrincipal? Principal, byte[] Hash, DateTimeOffset ExpiresAt);
}
