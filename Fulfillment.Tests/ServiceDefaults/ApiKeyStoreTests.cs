using Fulfillment.ServiceDefaults.ApiKeys;
using Fulfillment.ServiceDefaults.Outages;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.ServiceDefaults;

/// <summary>How long a key is believed, and what happens when it is looked up again.</summary>
public sealed class ApiKeyStoreTests(TestServers servers) : IAsyncLifetime
{
    private static readonly TimeSpan JustAfterHalf = (ApiKeyStore.CacheLifetime / 2) + TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 11, 27, 12, 0, 0, TimeSpan.Zero));
    private readonly ApiKey _key = ApiKey.Create();
    private NpgsqlDataSource _database = null!;
    private ApiKeyStore _keys = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = NpgsqlDataSource.Create(await servers.CreateOrdersDatabaseAsync());
        _keys = new ApiKeyStore(_database, _clock);
        await _keys.PutAsync(_key, "operator", subject: null, expiresAt: null, Cancellation);
    }

    [Fact]
    public async Task Who_holds_it_has_a_role_and_a_subject_if_it_is_bound_to_one()
    {
        var bound = ApiKey.Create();
        await _keys.PutAsync(bound, "client", "acme", expiresAt: null, Cancellation);
        var holder = await _keys.FindAsync(bound, Cancellation);
        Assert.Equal(("client", "acme"), (holder!.Role, holder.Subject()));
        Assert.Equal(bound.Prefix, holder.FindFirst(ApiKeyAuthentication.PrefixClaim)?.Value);
        Assert.True(holder.IsInRole("client"));
        Assert.Null((await _keys.FindAsync(_key, Cancellation))!.Subject);
    }

    [Fact]
    public async Task A_key_revoked_by_another_replica_is_believed_until_it_is_half_as_old_as_it_may_get()
    {
        Assert.NotNull(await _keys.FindAsync(_key, Cancellation));
        await ExecuteAsync("UPDATE api_keys SET revoked_at = now()");
        _clock.Advance(ApiKeyStore.CacheLifetime / 2);
        Assert.NotNull(await _keys.FindAsync(_key, Cancellation));
        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.Null(await _keys.FindAsync(_key, Cancellation));
    }

    [Fact]
    public async Task While_the_store_is_away_a_key_that_was_valid_is_believed_for_the_stated_time_and_no_longer()
    {
        Assert.NotNull(await _keys.FindAsync(_key, Cancellation));
        await ExecuteAsync("ALTER TABLE api_keys RENAME TO away");
        _clock.Advance(JustAfterHalf);
        Assert.NotNull(await _keys.FindAsync(_key, Cancellation)); // this one looked
        Assert.NotNull(await _keys.FindAsync(_key, Cancellation)); // this one did not
        _clock.Advance(ApiKeyStore.CacheLifetime);
        Assert.NotNull(await _keys.FindAsync(_key, Cancellation));
        _clock.Advance(KnownWhileAway.Default.For - ApiKeyStore.CacheLifetime - JustAfterHalf);
        Assert.NotNull(await _keys.FindAsync(_key, Cancellation));
        _clock.Advance(TimeSpan.FromTicks(1));
        await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await _keys.FindAsync(_key, Cancellation));
    }

    [Fact]
    public async Task A_key_that_nobody_knew_or_that_was_wrong_is_not_believed_because_the_store_is_away()
    {
        var stranger = ApiKey.Create();
        Assert.Null(await _keys.FindAsync(stranger, Cancellation));
        Assert.NotNull(await _keys.FindAsync(_key, Cancellation));
        await ExecuteAsync("ALTER TABLE api_keys RENAME TO away");
        _clock.Advance(ApiKeyStore.CacheLifetime + TimeSpan.FromTicks(1));
        await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await _keys.FindAsync(stranger, Cancellation));
        await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await _keys.FindAsync(ApiKey.Create(), Cancellation));
        Assert.Null(await _keys.FindAsync(new ApiKey(_key.Prefix, new string('x', 43)), Cancellation));
    }

    [Fact]
    public async Task A_wall_clock_that_is_set_back_keeps_no_revoked_key_alive()
    {
        var clock = new SteppedClock(_clock);
        var keys = new ApiKeyStore(_database, clock);
        Assert.NotNull(await keys.FindAsync(_key, Cancellation));
        await ExecuteAsync("UPDATE api_keys SET revoked_at = now()");
        clock.Step = TimeSpan.FromHours(-1);
        _clock.Advance(ApiKeyStore.CacheLifetime + TimeSpan.FromTicks(1));
        Assert.Null(await keys.FindAsync(_key, Cancellation));
    }

    [Fact]
    public async Task A_secret_of_one_character_more_than_there_may_be_proves_nothing()
    {
        var longest = new ApiKey("longest", new string('\u20ac', ApiKey.SecretLengthMax));
        Assert.True(longest.Proves(longest.HashSecret()));
        var longer = longest with { Secret = longest.Secret + "s" };
        Assert.False(longer.Proves(longer.HashSecret()));
        Assert.Null(await _keys.FindAsync(longer, Cancellation));
    }

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    private async Task ExecuteAsync(string sql)
    {
        await using var command = _database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    /// <summary>Somebody set the time of day; how long things take is not changed by that.</summary>
    private sealed class SteppedClock(TimeProvider inner) : TimeProvider
    {
        internal TimeSpan Step { get; set; }

        public override long TimestampFrequency => inner.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + Step;

        public override long GetTimestamp() => inner.GetTimestamp();
    }
}
