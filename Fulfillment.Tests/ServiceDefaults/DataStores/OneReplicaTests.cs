using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Xunit;

namespace Fulfillment.Tests.ServiceDefaults.DataStores;

public sealed class OneReplicaTests(TestServers servers)
{
    [Fact]
    public async Task A_replica_that_stands_down_leaves_neither_its_lock_nor_its_settings_in_the_pool()
    {
        // One connection, which the pool hands on as it is: as the services have it.
        var connectionString = await servers.CreateOrdersDatabaseAsync();
        await using var database = NpgsqlDataSource.Create(
            $"{connectionString};Maximum Pool Size=1;No Reset On Close=true");
        using var stopping = new CancellationTokenSource();
        string? during = null;
        await OneReplica.RunAsync(
            "work", database, TimeSpan.FromSeconds(1), TimeProvider.System, NullLogger.Instance,
            async (connection, _) =>
            {
                during = await ReadAsync(connection, "SHOW plan_cache_mode");
                await stopping.CancelAsync();
            },
            stopping.Token);

        Assert.Equal("force_custom_plan", during);
        await using var next = await database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        Assert.Equal("auto", await ReadAsync(next, "SHOW plan_cache_mode"));
        Assert.Equal("on", await ReadAsync(next, "SHOW enable_seqscan"));
        Assert.Equal("0", await ReadAsync(next, """
            SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
            """));
    }

    private static async Task<string?> ReadAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (string?)await command.ExecuteScalarAsync(TestContext.Current.CancellationToken);
    }
}
