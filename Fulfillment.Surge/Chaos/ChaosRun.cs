using System.Globalization;
using Fulfillment.Hosting;
using Fulfillment.Surge.Chaos.Faults;
using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Invariants;
using Fulfillment.Surge.Load;
using Npgsql;
using Spectre.Console;
using StackExchange.Redis;

namespace Fulfillment.Surge.Chaos;

/// <summary>A storm from its start to its verdict.</summary>
internal static class ChaosRun
{
    private const string LiveToursSql = "SELECT count(*) FROM tours WHERE state <> 'Done'";
    private static readonly TimeSpan RestMax = TimeSpan.FromMinutes(3);

    // Invariants whose offenders are orders that are gone or stuck, and effects that happened twice.
    private static readonly int[] OfLoss = [3, 4], OfDoubling = [2, 5, 6, 8, 9];

    /// <summary>0 held, 1 broken, 3 did not recover.</summary>
    internal static async Task<int> RunAsync(
        ChaosSettings settings, EmbeddedOptions options, TimeProvider clock, CancellationToken cancellation)
    {
        var before = await EarlierAsync(settings, cancellation);
        var rows = before?.Rows.ToList() ?? [];
        await using var world = await ChaosWorld.StartAsync(
            settings, options, clock, what => AnsiConsole.MarkupLineInterpolated($"[grey]starting {what}[/]"),
            cancellation);
        AnsiConsole.WriteLine($"seed {settings.Seed}; logs in {world.System.Folder}");
        var asked = Rules.Kinds.Where(kind => settings.Kinds.Count == 0 || settings.Kinds.Contains(kind.Name)).ToList();
        var skipped = asked.Where(kind => kind.CannotBe(world) is not null)
            .ToDictionary(kind => kind.Name, kind => kind.CannotBe(world)!);
        var kinds = asked.Where(kind => !skipped.ContainsKey(kind.Name)).ToList();
        var storm = new Storm(world, kinds);

        using var day = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var trading = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var working = Task.WhenAll(
            world.Watch.RunAsync(day.Token), world.Floor.RunAsync(settings.Pickers, day.Token));
        var ordering = Task.WhenAll(
            world.Traffic.RunAsync(settings.Rate, trading.Token), world.Probe.RunAsync(trading.Token));
        if (!await storm.UntilWellAsync(clock.GetTimestamp(), cancellation))
            throw new HostingException("the system does not take orders before the first fault");
        var recovered = await storm.BlowAsync(
            rows, kept => KeepAsync(Report(world, before, kept, skipped, [], []), cancellation), cancellation);

        await trading.CancelAsync();
        await ordering;
        if (recovered) await world.Traffic.LiftAllAsync(cancellation);
        var unrest = await RestAsync(world, cancellation);
        await day.CancelAsync();
        await working;
        await using var ordersDb = NpgsqlDataSource.Create(world.System.OrdersDb);
        await using var pickingDb = NpgsqlDataSource.Create(world.System.PickingDb);
        var findings = await InvariantCheck.RunAsync(
            ordersDb, pickingDb, world.Acknowledged, cancellation, world.Forged);
        var report = Report(world, before, rows, skipped, findings, unrest);
        await KeepAsync(report, cancellation);
        ChaosTable.Write(report);
        return ChaosTable.Broken(report) ? ExitCodes.Broken
            : recovered && report.ByKind.All(kind => kind.NotRecovered == 0) ? 0 : ExitCodes.NotRecovered;

        async Task KeepAsync(ChaosReport report, CancellationToken token)
        {
            foreach (var file in new[] { settings.Report, settings.Resume }.OfType<string>().Distinct())
                await File.WriteAllTextAsync(file, report.ToJson(), token);
        }
    }

    // An earlier part of the same storm. Its script must be ours, or its rows would stand for other faults.
    private static async Task<ChaosReport?> EarlierAsync(ChaosSettings settings, CancellationToken cancellation)
    {
        if (settings.Resume is not { } file || !File.Exists(file)) return null;
        var earlier = ChaosReport.Parse(await File.ReadAllTextAsync(file, cancellation));
        return earlier.Seed == settings.Seed && earlier.Settings["kinds"] == string.Join(' ', settings.Kinds)
            ? earlier
            : throw new HostingException(
                $"{file} is of seed {earlier.Seed} and kinds '{earlier.Settings["kinds"]}'",
                "give the same, or another file");
    }

    /// <summary>What has not come to rest when all should have; empty when all has.</summary>
    private static async Task<List<string>> RestAsync(ChaosWorld world, CancellationToken cancellation)
    {
        await using var ordersDb = NpgsqlDataSource.Create(world.System.OrdersDb);
        var unrest = new List<string>();
        if (!await Quiescence.WaitAsync(ordersDb, world.Clock, cancellation)) unrest.Add("releases are open");
        var begun = world.Clock.GetTimestamp();
        while (true)
        {
            var (tours, entries) = await LeftAsync(world, cancellation);
            if (tours == 0 && entries == 0) return unrest;
            if (world.Clock.GetElapsedTime(begun) > RestMax)
            {
                unrest.Add($"{tours} tours are live, {entries} entries are on the stream");
                return unrest;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), world.Clock, cancellation);
        }
    }

    private static async Task<(long Tours, long Entries)> LeftAsync(ChaosWorld world, CancellationToken cancellation)
    {
        await using var connection = await world.Postgres.OpenAsync(world.System.PickingDb, cancellation);
        await using var command = new NpgsqlCommand(LiveToursSql, connection);
        var tours = (long)(await command.ExecuteScalarAsync(cancellation))!;
        var entries = 0L;
        await world.Redis.WithAsync(
            async redis => entries = await redis.StreamLengthAsync(RedisFaults.Stream(world)), cancellation);
        return (tours, entries);
    }

    private static ChaosReport Report(
        ChaosWorld world, ChaosReport? before, IReadOnlyList<FaultRow> rows,
        IReadOnlyDictionary<string, string> skipped, IReadOnlyList<Finding> findings, IReadOnlyList<string> unrest)
    {
        var settings = world.Settings;
        var offenders = findings.SelectMany(
            finding => finding.Offenders.Select(row => $"({finding.Number}) {finding.Name}: {row}"));
        var traffic = new SortedDictionary<string, long>(world.Traffic.Counts.ToDictionary(), StringComparer.Ordinal);
        foreach (var (what, count) in before?.Traffic ?? new Dictionary<string, long>())
            traffic[what] = traffic.GetValueOrDefault(what) + count;
        return new ChaosReport
        {
            Seed = settings.Seed,
            Faults = rows.Count,
            ByKind = ChaosReport.Sum(rows, name =>
                Rules.Kinds.Single(kind => kind.Name == name).RuledBy?.Invoke(settings).Setting),
            Skipped = skipped,
            Lost = (before?.Lost ?? 0) + Count(OfLoss),
            Doubled = (before?.Doubled ?? 0) + Count(OfDoubling),
            UnexplainedExits = (before?.UnexplainedExits ?? 0) + world.Watch.UnexplainedExits,
            LogBytesMax = Math.Max(before?.LogBytesMax ?? 0, world.Watch.LogBytesMax),
            MemoryBytesMax = Math.Max(before?.MemoryBytesMax ?? 0, world.Watch.MemoryBytesMax),
            Invariants = new InvariantCounts(
                (before?.Invariants.Checked ?? 0) + findings.Count,
                (before?.Invariants.Broken ?? 0) + findings.Count(finding => finding.Broken),
                [.. before?.Invariants.Offenders ?? [], .. offenders]),
            Orders = (before?.Orders ?? 0) + world.Acknowledged.Accepted,
            Traffic = traffic,
            Complaints = [.. before?.Complaints ?? [], .. world.Watch.Complaints, .. unrest],
            Settings = Settings(settings),
            Rows = [.. rows],
        };

        int Count(int[] numbers) => findings.Where(finding => numbers.Contains(finding.Number))
            .Sum(finding => finding.Offenders.Count);
    }

    private static Dictionary<string, string> Settings(ChaosSettings settings)
    {
        var all = settings.ServiceSettings().ToDictionary(
            pair => pair.Key.Replace("__", ":", StringComparison.Ordinal), pair => pair.Value);
        all["kinds"] = string.Join(' ', settings.Kinds);
        all["ordersReplicas"] = settings.OrdersReplicas.ToString(CultureInfo.InvariantCulture);
        all["pickingReplicas"] = settings.PickingReplicas.ToString(CultureInfo.InvariantCulture);
        all["ratePerSecond"] = settings.Rate.ToString(CultureInfo.InvariantCulture);
        all["pickers"] = settings.Pickers.ToString(CultureInfo.InvariantCulture);
        all["cores"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture);
        return all;
    }
}
