using System.Reflection;
using Fulfillment.ServiceDefaults.ApiKeys;
using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.Configuration;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.ServiceDefaults;

/// <summary>What a new replica of a system that runs already must not wait for.</summary>
public sealed class SecondStartTests(TestServers servers)
{
    private const string Key = "operator.0123456789abcdef0123456789abcdef";
    private static readonly Assembly Scripts = Assembly.Load("Fulfillment.Picking");
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_migrated_database_is_seen_to_be_one_while_another_replica_holds_the_lock()
    {
        await using var source = NpgsqlDataSource.Create(await servers.CreatePickingDatabaseAsync());
        await using var other = await source.OpenConnectionAsync(Cancellation);
        await using var take = new NpgsqlCommand("SELECT pg_advisory_lock(19797034454830156)", other);
        await take.ExecuteNonQueryAsync(Cancellation);

        Assert.True(await Migrator.IsMigratedAsync(source, Scripts, Cancellation));

        // One script short, and it waits for its turn.
        await ExecuteAsync(source, "DELETE FROM schemaversions WHERE scriptname LIKE '%0003%'");
        Assert.False(await Migrator.IsMigratedAsync(source, Scripts, Cancellation));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var log = new Migrations.Lines();
        var waiting = Migrator.MigrateAsync(
            source, Scripts, new MigrationOptions(), TimeProvider.System, log, patience.Token);
        await Eventually.HoldsAsync(() => Task.FromResult(log.Has("Another process migrates")));
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task A_configured_key_that_is_there_is_not_written_again()
    {
        await using var source = NpgsqlDataSource.Create(await servers.CreatePickingDatabaseAsync());
        await PutAsync(source, Key);
        var written = await ReadAsync<string>(source, "SELECT xmin::text FROM api_keys");

        await PutAsync(source, Key);
        Assert.Equal(written, await ReadAsync<string>(source, "SELECT xmin::text FROM api_keys"));

        await PutAsync(source, Key.Replace('0', 'f')); // another secret under the same prefix
        Assert.NotEqual(written, await ReadAsync<string>(source, "SELECT xmin::text FROM api_keys"));
        var store = new ApiKeyStore(source, TimeProvider.System);
        Assert.True(ApiKey.TryParse(Key, out var old));
        Assert.Null(await store.FindAsync(old, Cancellation));
    }

    private static Task PutAsync(NpgsqlDataSource source, string key) =>
        new ApiKeyStore(source, TimeProvider.System).PutConfiguredKeyAsync(
            new ConfigurationBuilder()
                .AddInMemoryCollection(new Dictionary<string, string?> { ["Operator:Key"] = key }).Build(),
            "Operator:Key", "operator", Cancellation);

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    private static async Task<T> ReadAsync<T>(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(Cancellation))!;
    }
}
