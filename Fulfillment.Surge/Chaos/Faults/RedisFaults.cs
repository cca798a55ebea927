using Fulfillment.Contracts;
using StackExchange.Redis;

namespace Fulfillment.Surge.Chaos.Faults;

/// <summary>What may happen to the queue: it may be lost whole, in part, be another, or say no.</summary>
internal static class RedisFaults
{
    internal static readonly FaultKind[] All =
    [
        new("redis-flushall", (world, strike, token) => AtOnceAsync(world, strike, token, "FLUSHALL"))
        { RuledBy = Rules.Sweep },
        new("redis-del-stream", (world, strike, token) => AtOnceAsync(world, strike, token, "DEL", Stream(world)))
        { RuledBy = Rules.Sweep },
        new("redis-group-destroy", (world, strike, token) => AtOnceAsync(
            world, strike, token, "XGROUP", "DESTROY", Stream(world), StreamNames.Group))
        { RuledBy = Rules.Sweep },
        // Unread entries are skipped at the end, read ones come again from the start.
        new("redis-group-setid", (world, strike, token) => AtOnceAsync(
            world, strike, token, "XGROUP", "SETID", Stream(world), StreamNames.Group,
            strike.Random.Below(2) == 0 ? "$" : "0"))
        { RuledBy = Rules.Sweep },
        new("redis-killed", KilledAsync) { RuledBy = Rules.Sweep },
        new("redis-away", AwayAsync) { RuledBy = Rules.Sweep },
        new("redis-older-file", OlderFileAsync) { RuledBy = Rules.Sweep },
        new("redis-paused", PausedAsync) { RuledBy = Rules.Sweep },
        new("redis-out-of-memory", (world, strike, token) => ForAWhileAsync(
            world, strike, ["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"], token))
        { RuledBy = Rules.Sweep },
        new("redis-read-only", (world, strike, token) => ForAWhileAsync(
            world, strike, ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"], token))
        { RuledBy = Rules.Sweep },
        new("redis-wrong-type", WrongTypeAsync) { RuledBy = Rules.Sweep },
    ];

    internal static string Stream(ChaosWorld world) => StreamNames.Orders(world.System.WarehouseId);

    private static async Task AtOnceAsync(
        ChaosWorld world, Strike strike, CancellationToken cancellation, params string[] command)
    {
        strike.On = string.Join(' ', command);
        try
        {
            await world.Redis.SendAsync(command, cancellation);
        }
        catch (RedisServerException none) when (none.Message.Contains("requires the key", StringComparison.Ordinal))
        {
            strike.On += " (there was no stream)";
        }

        strike.EndsNow();
    }

    private static Task ForAWhileAsync(
        ChaosWorld world, Strike strike, string[] begin, string[] end, CancellationToken cancellation) =>
        strike.LastAsync(
            string.Join(' ', begin), strike.Seconds(3, 10), () => world.Redis.SendAsync(begin, cancellation),
            () => world.Redis.SendAsync(end, CancellationToken.None), cancellation);

    // It comes back at once, and empty.
    private static async Task KilledAsync(ChaosWorld world, Strike strike, CancellationToken cancellation)
    {
        world.Watch.Expect(world.RedisServer);
        strike.EndsNow();
        await world.RedisServer.KillAsync(cancellation);
    }

    private static async Task AwayAsync(ChaosWorld world, Strike strike, CancellationToken cancellation)
    {
        var away = world.Watch.Keep(world.RedisServer);
        await strike.LastAsync("", strike.Seconds(5, 20), () => world.RedisServer.KillAsync(cancellation), () =>
        {
            away.Dispose();
            return Task.CompletedTask;
        }, cancellation);
    }

    // As from a snapshot of some seconds ago: entries that are done stand there again, new ones do not.
    private static async Task OlderFileAsync(ChaosWorld world, Strike strike, CancellationToken cancellation)
    {
        await world.Redis.SendAsync(["SAVE"], cancellation);
        await Task.Delay(strike.Seconds(3, 8), world.Clock, cancellation);
        world.Watch.Expect(world.RedisServer);
        strike.EndsNow();
        await world.RedisServer.KillAsync(cancellation);
        await world.Watch.UntilRunningAsync(world.RedisServer, cancellation);
        await world.Redis.SendAsync(["PING"], cancellation);
        File.Delete(Path.Combine(world.System.Folder, "dump.rdb")); // the next restart is empty again
    }

    private static Task PausedAsync(ChaosWorld world, Strike strike, CancellationToken cancellation) =>
        strike.LastAsync(
            "", strike.Seconds(5, 20), () => Task.FromResult(world.RedisServer.Pause()),
            () => Task.FromResult(world.RedisServer.Resume()), cancellation);

    // Somebody's SET over the stream, until somebody deletes it: no service may guess that it may.
    private static Task WrongTypeAsync(ChaosWorld world, Strike strike, CancellationToken cancellation) =>
        ForAWhileAsync(world, strike, ["SET", Stream(world), "not a stream"], ["DEL", Stream(world)], cancellation);
}
