using System.Text;
using System.Text.Json;
using Fulfillment.Contracts;
using StackExchange.Redis;

namespace Fulfillment.Surge.Chaos.Faults;

/// <summary>Entries on the stream that Orders did not put there, or not in this order.</summary>
internal static class EntryFaults
{
    private const int EntriesMax = 50;

    internal static readonly FaultKind[] All =
    [
        new("entries-duplicated", DuplicatedAsync) { RuledBy = Rules.Claim },
        new("entries-old", OldAsync) { RuledBy = Rules.Claim },
        new("entries-reordered", ReorderedAsync) { RuledBy = Rules.Sweep },
        new("entries-garbage", GarbageAsync) { RuledBy = Rules.Claim },
        new("entries-forged", ForgedAsync) { RuledBy = Rules.Claim },
    ];

    private static Task DuplicatedAsync(ChaosWorld world, Strike strike, CancellationToken cancellation) =>
        world.Redis.WithAsync(async redis =>
        {
            var entries = await CatchAsync(world, redis, cancellation);
            foreach (var entry in entries)
                for (var copies = 1 + strike.Random.Below(3); copies > 0; copies--)
                    await redis.StreamAddAsync(RedisFaults.Stream(world), entry.Values);
            strike.On = $"{entries.Length} entries";
            strike.EndsNow();
        }, cancellation);

    // What was done long ago comes again.
    private static Task OldAsync(ChaosWorld world, Strike strike, CancellationToken cancellation) =>
        world.Redis.WithAsync(async redis =>
        {
            var entries = await CatchAsync(world, redis, cancellation);
            await Task.Delay(strike.Seconds(4, 10), world.Clock, cancellation);
            foreach (var entry in entries) await redis.StreamAddAsync(RedisFaults.Stream(world), entry.Values);
            strike.On = $"{entries.Length} entries";
            strike.EndsNow();
        }, cancellation);

    private static Task ReorderedAsync(ChaosWorld world, Strike strike, CancellationToken cancellation) =>
        world.Redis.WithAsync(async redis =>
        {
            var stream = RedisFaults.Stream(world);
            var entries = await CatchAsync(world, redis, cancellation);
            foreach (var entry in entries.Reverse())
            {
                var move = redis.CreateTransaction();
                _ = move.StreamDeleteAsync(stream, [entry.Id]);
                _ = move.StreamAddAsync(stream, entry.Values);
                await move.ExecuteAsync();
            }

            strike.On = $"{entries.Length} entries";
            strike.EndsNow();
        }, cancellation);

    private static Task GarbageAsync(ChaosWorld world, Strike strike, CancellationToken cancellation) =>
        world.Redis.WithAsync(async redis =>
        {
            var bytes = new byte[1 + strike.Random.Below(64 << 10)];
            for (var at = 0; at < bytes.Length; at++) bytes[at] = (byte)strike.Random.Next();
            NameValueEntry[][] junk =
            [
                [new("not", "an order")],
                [new(StreamFields.Kind, MessageKinds.Release)],
                [new(StreamFields.Kind, MessageKinds.Release), new(StreamFields.Body, "{\"orderId\":")],
                [new(StreamFields.Kind, MessageKinds.Release), new(StreamFields.Body, bytes)],
                [new(StreamFields.Kind, MessageKinds.Cancel), new(StreamFields.Body, "null")],
                [new(StreamFields.Kind, "recall"), new(StreamFields.Body, "{}")],
                [new(StreamFields.Kind, bytes), new(StreamFields.Body, "{}")],
            ];
            foreach (var entry in junk) await redis.StreamAddAsync(RedisFaults.Stream(world), entry);
            strike.On = $"{junk.Length} entries";
            strike.EndsNow();
        }, cancellation);

    // A well-formed release and a cancel of orders that nobody placed. Until entries are signed the release is walked;
    // Orders knows none of it and parks its events.
    private static Task ForgedAsync(ChaosWorld world, Strike strike, CancellationToken cancellation) =>
        world.Redis.WithAsync(async redis =>
        {
            var (client, sku) = Traffic.SomeSku(strike.Random);
            var now = world.Clock.GetUtcNow();
            var release = new ReleaseMessage
            {
                WarehouseId = world.System.WarehouseId,
                ClientId = client,
                OrderId = world.Forge(),
                ReleaseNo = 1,
                AcceptedAt = now,
                ShipBy = now.AddHours(1),
                Lines = [new ReleaseLine(1, sku, 1)],
            };
            var cancel = new SignalMessage
            {
                WarehouseId = world.System.WarehouseId,
                ClientId = client,
                OrderId = world.Forge(),
                ReleaseNo = 1,
                SignalNo = 1,
            };
            var json = ContractsJson.Default;
            await AddAsync(MessageKinds.Release, JsonSerializer.Serialize(release, json.ReleaseMessage));
            await AddAsync(MessageKinds.Cancel, JsonSerializer.Serialize(cancel, json.SignalMessage));
            strike.On = $"release {release.OrderId}, cancel {cancel.OrderId}";
            strike.EndsNow();

            Task<RedisValue> AddAsync(string kind, string body) => redis.StreamAddAsync(
                RedisFaults.Stream(world),
                [new(StreamFields.Kind, kind), new(StreamFields.Body, Encoding.UTF8.GetBytes(body))]);
        }, cancellation);

    // The stream is empty most of the time: looks until something stands there.
    private static async Task<StreamEntry[]> CatchAsync(
        ChaosWorld world, IDatabase redis, CancellationToken cancellation)
    {
        var begun = world.Clock.GetTimestamp();
        while (true)
        {
            var entries = await redis.StreamRangeAsync(RedisFaults.Stream(world), count: EntriesMax);
            if (entries.Length > 0 || world.Clock.GetElapsedTime(begun) > TimeSpan.FromSeconds(5)) return entries;
            await Task.Delay(TimeSpan.FromMilliseconds(10), world.Clock, cancellation);
        }
    }
}
