using System.CommandLine;
using System.Globalization;
using Fulfillment.Bench.Intake;
using Fulfillment.Hosting;
using Fulfillment.Surge;

namespace Fulfillment.Bench.Growth;

/// <summary>
/// <c>bench growth</c>: the same load on top of histories of different length. What one order or request reads is
/// counted by the database; it must not grow with what is over.
/// </summary>
internal static class GrowthBench
{
    internal const int PastMin = 200;
    internal const int PastMax = 20_000_000;

    private static readonly Option<int[]> Past = new("--past")
    {
        Description = "Past orders, of each history",
        DefaultValueFactory = _ => [10_000, 1_000_000, 10_000_000],
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<int> Count = new("--count")
    {
        Description = "Orders that are placed and dispatched on top",
        DefaultValueFactory = _ => 10_000,
    };

    private static readonly Option<int> Recent = new("--recent")
    {
        Description = "Finished orders of the last days, which are not archived yet",
        DefaultValueFactory = _ => 20_000,
    };

    private static readonly Option<int> Looks = new("--looks")
    {
        Description = "GETs of each kind: one order, a page; placed now, or past",
        DefaultValueFactory = _ => 2_000,
    };

    private static readonly Option<bool> WithoutArchive = new("--without-archive")
    {
        Description = "The history stands in the tables of work: what it would cost without the archiver",
    };

    private static readonly Option<bool> Statements = new("--statements")
    {
        Description = "Print the dearest statements of each step",
    };

    private static readonly Option<FileInfo?> Orders = new("--orders")
    {
        Description = "This executable of Orders; without it, it is compiled ahead of time as it is deployed",
    };

    private static readonly Option<FileInfo?> Json = new("--json")
    {
        Description = "Write rows and ratios to this file",
    };

    internal static Command Create()
    {
        Count.Bounded(100, 100_000);
        Recent.Bounded(100, 1_000_000);
        Looks.Bounded(100, 100_000);
        Past.Validators.Add(parsed =>
        {
            foreach (var past in parsed.GetValueOrDefault<int[]>() ?? [])
            {
                if (past is < PastMin or > PastMax)
                    parsed.AddError($"--past is {PastMin} to {PastMax}, each of them.");
            }
        });
        var command = new Command("growth", "Pages read for an order on top of 10 thousand to 10 million past ones")
        {
            Past, Count, Recent, Looks, WithoutArchive, Statements, Orders, Json,
        };
        command.SetAction((parsed, cancellation) => ExitCodes.GuardAsync(() => RunAsync(
            [.. parsed.GetRequiredValue(Past).Distinct().Order()],
            new GrowthLoad
            {
                Orders = parsed.GetValue(Count),
                Recent = parsed.GetValue(Recent),
                Looks = parsed.GetValue(Looks),
                Archived = !parsed.GetValue(WithoutArchive),
            },
            parsed.GetValue(Statements), parsed.GetValue(Orders), parsed.GetValue(Json), TimeProvider.System,
            cancellation)));
        return command;
    }

    /// <summary>Largest over smallest number of pages, for each step.</summary>
    internal static Dictionary<string, Ratio> Ratios(IEnumerable<BenchRow> rows) => rows
        .GroupBy(row => row.Name, StringComparer.Ordinal)
        .ToDictionary(
            step => string.Concat(step.Key.Split(' ').Select((word, i) =>
                i == 0 ? word : char.ToUpperInvariant(word[0]) + word[1..])) + "Buffers",
            step => Ratio.Of(step.Max(row => row.Buffers ?? 0), step.Min(row => row.Buffers ?? 0)));

    /// <exception cref="HostingException">There is less room than the longest history takes.</exception>
    internal static void RequireRoom(long bytesFree, int past)
    {
        var needed = PastOrders.BytesFor(past);
        if (bytesFree < needed)
        {
            throw new HostingException(
                $"{past} past orders take {GiB(needed)} GiB of disk while they are written, {GiB(bytesFree)} are free",
                "name fewer with --past");
        }
    }

    private static async Task<int> RunAsync(
        int[] histories, GrowthLoad load, bool statements, FileInfo? executable, FileInfo? json, TimeProvider clock,
        CancellationToken cancellation)
    {
        Directory.CreateDirectory(BuildOutput.RunsFolder);
        var free = new DriveInfo(BuildOutput.RunsFolder).AvailableFreeSpace;
        RequireRoom(free, histories[^1]);
        await Console.Out.WriteLineAsync(
            $"up to {GiB(PastOrders.BytesFor(histories[^1]))} GiB of disk are used and freed, {GiB(free)} are there");
        var orders = executable?.FullName ?? await Programs.PublishAsync("Fulfillment.Orders", cancellation);
        await using var bed = await TestBed.StartAsync(clock, cancellation, StatementCosts.Setting);
        await StatementCosts.PrepareAsync(bed, cancellation);
        var shop = await Shop.BuildAsync(bed, orders, cancellation);
        var (begun, rows, sizes) = (clock.GetTimestamp(), new List<BenchRow>(), new Dictionary<string, long>());
        var faults = new List<string>();
        foreach (var past in histories)
        {
            var run = new GrowthRun(bed, shop, orders, load, clock, cancellation);
            var figures = await run.RunAsync(past);
            await run.DropAsync();
            rows.AddRange(figures.Rows);
            faults.AddRange(figures.Faults.Select(fault => $"{past} past: {fault}"));
            foreach (var (name, bytes) in figures.Sizes) sizes[name] = bytes;
            await SayAsync(past, figures, statements, clock.GetElapsedTime(begun));
        }

        var result = new BenchResult(
            "growth", BenchResult.ThisMachine(), clock.GetElapsedTime(begun).TotalSeconds, rows, Ratios(rows))
        {
            Sizes = sizes,
        };
        await result.TellAsync(json, cancellation);
        foreach (var fault in faults) await Console.Error.WriteLineAsync($"BROKEN {fault}");
        return faults.Count == 0 ? 0 : ExitCodes.Broken;
    }

    private static async Task SayAsync(int past, GrowthFigures figures, bool statements, TimeSpan since)
    {
        await Console.Out.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"{past} past orders, after {since.TotalSeconds:0} s"));
        foreach (var row in figures.Rows)
        {
            await Console.Out.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"  {row.Name,-12} {row.Buffers,8:0.0} pages {row.Rows,7:0.0} rows, p50 {row.P50Ms:0.00} p99 "
                + $"{row.P99Ms:0.00} ms"));
            if (statements) await Console.Out.WriteLineAsync(figures.Dearest[row.Name]);
        }

        var (indexes, tables) = (figures.Sizes.Where(IsIndex).Sum(size => size.Value), figures.Sizes.Sum(s => s.Value));
        await Console.Out.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"  tables {(tables - indexes) / 1048576.0:0} MiB, indexes {indexes / 1048576.0:0} MiB"));
    }

    // Tables are called by one name, indexes by their table's and what they are for.
    private static bool IsIndex(KeyValuePair<string, long> size) =>
        size.Key.Split('/')[1] is not ("past_orders" or "orders" or "order_lines" or "releases" or "allocations");

    private static string GiB(long bytes) =>
        (bytes / (double)(1 << 30)).ToString("0.0", CultureInfo.InvariantCulture);
}
