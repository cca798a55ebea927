using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Fulfillment.Planning;

namespace Fulfillment.Bench.Planner;

/// <summary>
/// <c>bench planner</c>: plans every instance of a folder and compares with best-known values, baselines and goals. A
/// budget in time is turned into work units by a short calibration at the start, so that a row can be replayed
/// anywhere. Each instance is planned on one thread.
/// </summary>
internal static class PlannerBench
{
    private const int ThreadsMax = 64;

    private static readonly string[] Sooner = ["20ms", "100ms"];

    internal static Command Create()
    {
        var instances = new Option<DirectoryInfo?>("--instances")
        {
            Description = "Folder of instances, read with its sub-folders",
        };
        var budget = new Option<string>("--budget")
        {
            Description = "20ms, 100ms, 1s or units:N",
            DefaultValueFactory = _ => "1s"
        };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the search", DefaultValueFactory = _ => 1 };
        var csv = new Option<bool>("--csv") { Description = "A line an instance on stdout, the summary on stderr" };
        var json = new Option<FileInfo?>("--json") { Description = "Write rows and summary to this file" };
        var every = new Option<int>("--every", "--sample")
        {
            Description = "Take every n-th file of each set",
            DefaultValueFactory = _ => 1
        };
        var set = new Option<string[]>("--set") { Description = "Only these sets (folder names)" };
        var stop = new Option<bool>("--stop-at-optimum") { Description = "End a search at a proven optimum" };
        var anytime = new Option<bool>("--anytime") { Description = "Plan at 20ms and 100ms too" };
        var reference = new Option<string?>("--reference")
        {
            Description = "A larger budget, whose plans count among the best of all runs"
        };
        var threads = new Option<int>("--threads")
        {
            Description = "Instances planned at the same time, each on one thread",
            DefaultValueFactory = _ => 1
        };
        var tours = new Option<bool>("--tours") { Description = "Time one exact tour over 1, 2 and 3 blocks" };
        var generated = new Option<int>("--generated")
        {
            Description = "Plan a generated pool of so many orders beside the instances"
        };
        var command = new Command("planner", "Plan benchmark instances and compare with best-known values and goals")
        {
            instances, budget, seed, csv, json, every, set, stop, anytime, reference, threads, tours, generated,
        };
        command.SetAction((parsed, cancellation) => RunAsync(
            new Settings(
                parsed.GetValue(instances), parsed.GetRequiredValue(budget), parsed.GetRequiredValue(seed),
                parsed.GetValue(csv), parsed.GetValue(json), parsed.GetRequiredValue(every),
                parsed.GetValue(set) ?? [], parsed.GetValue(stop), parsed.GetValue(anytime),
                parsed.GetValue(reference), parsed.GetRequiredValue(threads), parsed.GetValue(tours),
                parsed.GetValue(generated)),
            cancellation));
        return command;
    }

    private sealed record Settings(
        DirectoryInfo? Instances, string Budget, ulong Seed, bool Csv, FileInfo? Json, int Every, string[] Sets,
        bool StopAtOptimum, bool Anytime, string? Reference, int Threads, bool Tours, int Generated);

    private static async Task<int> RunAsync(Settings settings, CancellationToken cancellation)
    {
        if (FaultIn(settings) is { } fault)
        {
            await Console.Error.WriteLineAsync(fault);
            return 2;
        }

        var text = settings.Csv ? Console.Error : Console.Out;
        if (settings.Tours) TourBench.Run(text);
        if (settings.Instances is null && settings.Generated == 0) return 0;
        var unitsPerSecond = Calibration.UnitsPerSecond(TimeProvider.System);
        var units = UnitsOf(settings.Budget, unitsPerSecond)!.Value;
        var runs = new PlannerRuns(
            new Budget(units),
            settings.Anytime ? [.. Sooner.Select(s => new Budget(UnitsOf(s, unitsPerSecond)!.Value))] : [],
            settings.Reference is { } reference ? new Budget(UnitsOf(reference, unitsPerSecond)!.Value) : null,
            settings.Seed, settings.StopAtOptimum);
        await text.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"budget {settings.Budget} = {units} units an instance ({unitsPerSecond} units/s here),"
            + $" seed {settings.Seed}, {settings.Threads} instance(s) at a time, one thread each"));
        var rows = PlanAll(settings, runs, cancellation);
        if (settings.Csv)
        {
            await Console.Out.WriteLineAsync("file,orders,distance,seconds,units,baseline");
            foreach (var row in rows) await Console.Out.WriteLineAsync(row.Csv);
        }

        await text.WriteAsync(PlannerSummary.Of(rows));
        await text.WriteAsync(PlannerGoals.Of(rows, settings.Anytime ? Sooner : []));
        if (settings.Json is { } target)
        {
            var bytes = JsonSerializer.SerializeToUtf8Bytes(
                new { settings.Budget, units, unitsPerSecond, settings.Seed, rows });
            await File.WriteAllBytesAsync(target.FullName, bytes, cancellation);
        }

        // An instance that could not be read, or a plan that its verifier refuses, is a failure of the run.
        return rows.Count > 0 && rows.TrueForAll(r => r.Fault is null) ? 0 : 1;
    }

    private static List<PlannerRow> PlanAll(Settings settings, PlannerRuns runs, CancellationToken cancellation)
    {
        var rows = new List<PlannerRow>();
        if (settings.Instances is { } folder)
        {
            var known = BestKnown.In(folder);
            var files = FilesIn(folder, settings.Every, settings.Sets).ToArray();
            var planned = new PlannerRow?[files.Length];
            var options = new ParallelOptions
            {
                MaxDegreeOfParallelism = settings.Threads,
                CancellationToken = cancellation
            };
            Parallel.For(0, files.Length, options, i => planned[i] = PlannerRow.Of(files[i], folder, runs, known));
            rows.AddRange(planned.OfType<PlannerRow>());
        }

        if (settings.Generated > 0)
        {
            var pool = Calibration.GeneratedPool(new Random(60), settings.Generated);
            rows.Add(new PlannerRow { Set = "generated", File = $"{settings.Generated} orders" }
                .Planned(pool with { Cart = pool.Cart with { LoadMax = 75 } }, runs, best: null));
        }

        return rows;
    }

    private static string? FaultIn(Settings settings)
    {
        if (settings.Instances is { Exists: false } missing) return $"No such folder: {missing.FullName}";
        if (settings.Instances is null && settings.Generated == 0 && !settings.Tours)
            return "Nothing to measure: give --instances, --generated or --tours";
        if (settings.Every < 1 || settings.Threads is < 1 or > ThreadsMax) return $"--every and --threads count from 1";
        if (settings.Generated is < 0 or > PlanningProblem.OrdersMax / 2)
            return $"--generated is at most {PlanningProblem.OrdersMax / 2} orders";
        foreach (var budget in (string?[])[settings.Budget, settings.Reference])
        {
            if (budget is not null && UnitsOf(budget, 1_000_000) is null)
                return $"Not a budget: {budget} (20ms, 100ms, 1s, units:N)";
        }

        return null;
    }

    private static long? UnitsOf(string budget, long unitsPerSecond)
    {
        static long? Number(ReadOnlySpan<char> digits) =>
            long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0 ? n : null;
        if (budget.StartsWith("units:", StringComparison.Ordinal)) return Number(budget.AsSpan(6));
        if (budget.EndsWith("ms", StringComparison.Ordinal)) return Number(budget.AsSpan(..^2)) * unitsPerSecond / 1000;
        if (budget.EndsWith('s')) return Number(budget.AsSpan(..^1)) * unitsPerSecond;
        return null;
    }

    private static IEnumerable<FileInfo> FilesIn(DirectoryInfo folder, int every, string[] sets) =>
        folder.EnumerateFiles("*.txt", SearchOption.AllDirectories)
            .Where(f => sets.Length == 0 || sets.Contains(f.Directory!.Name))
            .OrderBy(f => f.FullName, StringComparer.Ordinal)
            .GroupBy(f => f.DirectoryName)
            .SelectMany(set => set.Where((_, i) => i % every == 0));
}
