using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.Autoscaling;

/// <summary>Does to a stream what a Picking worker does: reads, then acknowledges and deletes at once.</summary>
internal sealed class StreamWorker(IDatabase database, string stream, string name)
{
    internal const string Group = "picking";

    internal static async Task<StreamWorker> StartAsync(IDatabase database, string stream, string name)
    {
        try
        {
            await database.StreamCreateConsumerGroupAsync(stream, Group, "0", createStream: true);
        }
        catch (RedisServerException exists) when (exists.Message.StartsWith("BUSYGROUP", StringComparison.Ordinal))
        {
            // The second worker of a test finds the first one's group.
        }
        return new(database, stream, name);
    }

    internal static async Task AddAsync(IDatabase database, string stream, int entries)
    {
        for (var entry = 0; entry < entries; entry++) await database.StreamAddAsync(stream, "order", entry);
    }

    internal async Task<RedisValue[]> TakeAsync(int count)
    {
        var entries = await database.StreamReadGroupAsync(stream, Group, name, ">", count);
        return [.. entries.Select(entry => entry.Id)];
    }

    internal async Task FinishAsync(params RedisValue[] ids)
    {
        var transaction = database.CreateTransaction();
        _ = transaction.StreamAcknowledgeAsync(stream, Group, ids);
        _ = transaction.StreamDeleteAsync(stream, ids);
        Assert.True(await transaction.ExecuteAsync());
    }
}
