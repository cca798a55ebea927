using System.Data.Common;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace Fulfillment.ServiceDefaults.DataStores;

/// <summary>Services start in any order: each waits for its stores and says what it waits for.</summary>
public static partial class StoreReadiness
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Returns when the database answers a query. A wrong password or database is also waited for, and named.
    /// </summary>
    public static async Task WaitForPostgresAsync(
        NpgsqlDataSource database, string name, TimeProvider clock, ILogger log, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await using var command = database.CreateCommand("SELECT 1");
                await command.ExecuteScalarAsync(cancellation);
                return;
            }
            catch (DbException down)
            {
                if (attempt % 10 == 0) WaitingFor(log, $"ConnectionStrings:{name}", down.Message);
            }

            await Task.Delay(RetryDelay, clock, cancellation);
        }
    }

    /// <summary>Returns when Redis answers a PING.</summary>
    public static async Task WaitForRedisAsync(
        IConnectionMultiplexer redis, string name, TimeProvider clock, ILogger log, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await redis.GetDatabase().PingAsync().WaitAsync(cancellation);
                return;
            }
            catch (Exception down) when (down is RedisException or TimeoutException)
            {
                if (attempt % 10 == 0) WaitingFor(log, $"ConnectionStrings:{name}", down.Message.Split('\n')[0]);
            }

            await Task.Delay(RetryDelay, clock, cancellation);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Waiting for {Setting}: {Problem}")]
    private static partial void WaitingFor(ILogger log, string setting, string problem);
}
