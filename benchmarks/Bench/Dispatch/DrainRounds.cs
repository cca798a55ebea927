using System.Text.Json;
using Fulfillment.Bench.Intake;
using Fulfillment.Contracts;
using StackExchange.Redis;

namespace Fulfillment.Bench.Dispatch;

/// <summary>
/// From the commit to the stream: orders are taken while there is no Redis, so that their releases wait in Postgres;
/// then Orders starts anew with Redis, and its relay is the only one at work. A plain consumer reads what comes and
/// deletes it, and the bound on the stream's depth is out of reach: what is measured is the relay alone.
/// </summary>
internal sealed class DrainRounds(TestBed bed, Shop shop, DispatchSettings settings, TimeProvider clock)
{
    private const string Database = "drained";
    private const int ReadMax = 2_000;
    private const int Connections = 64;
    private const string NoRedis = "127.0.0.1:1";
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan StandstillMax = TimeSpan.FromSeconds(30);

    // The consumer deletes and never reports, which the sweep would take for a loss and publish again.
    private static readonly Dictionary<string, string> RelayAlone = new()
    {
        ["Dispatch__StreamLength"] = "100000",
        ["Dispatch__SweepInterval"] = "01:00:00",
        ["Dispatch__RepublishAfter"] = "01:00:00",
    };

    internal async Task RunAsync(
        List<BenchRow> rows, Dictionary<string, Ratio> ratios, List<string> faults, CancellationToken cancellation)
    {
        await shop.CopyToAsync(Database, cancellation);
        var rounds = new List<(double PerSecond, double CpuPerThousand)>();
        for (var round = 1; round <= settings.Rounds; round++)
        {
            await shop.ResetAsync(Database, cancellation);
            var prefix = $"drain{round}-";
            var waiting = await FillAsync(prefix, cancellation);
            await using var redis = await ConnectionMultiplexer.ConnectAsync(bed.Redis).WaitAsync(cancellation);
            await redis.GetDatabase().KeyDeleteAsync(
                [StreamNames.Orders(Shop.Warehouse), StreamNames.Epoch(Shop.Warehouse)]);
            var orders = await bed.StartOrdersAsync(settings.Orders, Database, RelayAlone, cancellation);
            var drained = await DrainAsync(redis.GetDatabase(), waiting, cancellation);
            await TestBed.StopAsync(orders);
            rounds.Add((drained.PerSecond, drained.Cpu.Own * 1000 / waiting));
            faults.AddRange(drained.Faults);
            faults.AddRange(await shop.FaultsAsync(Database, prefix, waiting, cancellation));
            await DispatchBench.SayAsync(
                $"drain {round}: {waiting} releases, {drained.PerSecond:0}/s to the stream,",
                $" others {drained.Cpu.Others:0.0} s in {waiting / Math.Max(1, drained.PerSecond):0.0} s");
        }

        // A backlog has no latency of its own: what the last of it waits is its length over the rate.
        rows.Add(new BenchRow(
            "commit to stream, relay alone", "backlog", BenchResult.Median(rounds.Select(round => round.PerSecond)),
            0, 0, BenchResult.Median(rounds.Select(round => round.CpuPerThousand))));
        ratios["drainedReleases"] = settings.Backlog;
    }

    /// <summary>Takes orders without Redis until the backlog is long enough, and stops that Orders.</summary>
    private async Task<long> FillAsync(string prefix, CancellationToken cancellation)
    {
        var withoutRedis = new Dictionary<string, string> { ["ConnectionStrings__redis"] = NoRedis };
        var orders = await bed.StartAsync(
            bed.Orders(settings.Orders, Database, withoutRedis), cancellation, probed: "/alive");
        var address = new Uri(orders.Url!);
        var (taken, turn) = (0L, 0);
        while (taken < settings.Backlog)
        {
            var requests = new OrderRequests(
                shop.Keys, address.Authority, OrderRequests.Uniform, $"{prefix}{++turn}-", seed: (ulong)turn);
            using var load = new HttpLoad(address, Connections, requests.Write, clock);
            var figures = await Task.Factory.StartNew(
                () => load.Run(TimeSpan.Zero, TimeSpan.FromSeconds(1), null, cancellation), cancellation,
                TaskCreationOptions.LongRunning, TaskScheduler.Default);
            taken += figures.Count(201);
        }

        await TestBed.StopAsync(orders);
        return taken;
    }

    private async Task<(double PerSecond, (double Own, double Others) Cpu, List<string> Faults)> DrainAsync(
        IDatabase redis, long waiting, CancellationToken cancellation)
    {
        var stream = StreamNames.Orders(Shop.Warehouse);
        var seen = new HashSet<(Guid, int)>();
        var faults = new List<string>();
        var (first, moved, cpu) = (0L, clock.GetTimestamp(), CpuMeter.Read());
        while (seen.Count < waiting)
        {
            cancellation.ThrowIfCancellationRequested();
            var entries = await redis.StreamReadAsync(stream, "0-0", ReadMax);
            var now = clock.GetTimestamp();
            if (entries.Length == 0)
            {
                if (clock.GetElapsedTime(moved) > StandstillMax)
                {
                    faults.Add($"{waiting - seen.Count} of {waiting} releases never came to the stream");
                    break;
                }

                await Task.Delay(Poll, clock, cancellation);
                continue;
            }

            if (first == 0) (first, cpu) = (now, CpuMeter.Read());
            moved = now;
            await redis.StreamDeleteAsync(stream, [.. entries.Select(entry => entry.Id)]);
            foreach (var entry in entries)
            {
                var release = JsonSerializer.Deserialize(
                    (byte[])entry[StreamFields.Body]!, ContractsJson.Default.ReleaseMessage)!;
                if (!seen.Add((release.OrderId, release.ReleaseNo)))
                    faults.Add($"release {release.OrderId}/{release.ReleaseNo} came twice");
            }
        }

        var elapsed = clock.GetElapsedTime(first, moved).TotalSeconds;
        return (elapsed > 0 ? seen.Count / elapsed : 0, CpuMeter.Read().Since(cpu), faults);
    }
}
