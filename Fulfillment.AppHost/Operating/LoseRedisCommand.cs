using StackExchange.Redis;

namespace Fulfillment.AppHost.Operating;

internal static class LoseRedisCommand
{
    internal const string Name = "lose-redis";

    /// <summary>A button that empties Redis whole (FLUSHALL), for those who want to see the system live on.</summary>
    internal static IResourceBuilder<IResourceWithConnectionString> WithLoseRedisCommand(
        this IResourceBuilder<IResourceWithConnectionString> redis) =>
        redis.WithCommand(Name, "Lose Redis", context => FlushAsync(redis.Resource, context.CancellationToken),
            new()
            {
                Description = "Empties Redis whole. No order is lost and none is planned twice: Postgres is the truth.",
                ConfirmationMessage = "Empty Redis whole (FLUSHALL)?",
                IconName = "DatabaseWarning",
            });

    private static async Task<ExecuteCommandResult> FlushAsync(
        IResourceWithConnectionString redis, CancellationToken cancellation)
    {
        try
        {
            var options = ConfigurationOptions.Parse(await redis.GetConnectionStringAsync(cancellation) ?? "");
            options.AllowAdmin = true;
            await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
            var keys = 0L;
            foreach (var server in connection.GetServers())
            {
                keys += await server.DatabaseSizeAsync();
                await server.FlushAllDatabasesAsync();
            }

            return CommandResults.Success(
                $"Redis is empty, {keys} keys are gone. Orders sends again what is not planned yet.");
        }
        catch (RedisException away)
        {
            return CommandResults.Failure(away.Message);
        }
    }
}
