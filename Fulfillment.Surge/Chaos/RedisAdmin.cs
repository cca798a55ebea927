using StackExchange.Redis;

namespace Fulfillment.Surge.Chaos;

/// <summary>Redis as an operator reaches it; a connection a call, since the server comes and goes.</summary>
internal sealed class RedisAdmin(string connectionString)
{
    internal async Task SendAsync(string[] command, CancellationToken cancellation) =>
        await WithAsync(redis => redis.ExecuteAsync(command[0], [.. command[1..]]), cancellation);

    internal async Task WithAsync(Func<IDatabase, Task> act, CancellationToken cancellation)
    {
        var options = ConfigurationOptions.Parse(connectionString);
        (options.AllowAdmin, options.ConnectTimeout, options.SyncTimeout) = (true, 10_000, 10_000);
        await using var connection = await ConnectionMultiplexer.ConnectAsync(options).WaitAsync(cancellation);
        await act(connection.GetDatabase()).WaitAsync(cancellation);
    }
}
