using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Fulfillment.Planning;

namespace Fulfillment.Surge.Bench;

/// <summary>
/// <c>bench planner</c>: plans every instance of a folder and compares with best-known values and baselines. A budget
/// in
/// time is turned into work units by a short calibration at the start, so that a row can be replayed anywhere.
/// </summary>
internal static class PlannerBench
{
    internal static Command Create()
    {
        var instances = new Option<DirectoryInfo>("--instances")
        {
            Description = "Folder of instances, read with its sub-folders",
            Required = true,
        };
        var budget = new Option<string>("--budget")
        {
            Description = "20ms, 100ms, 1s or units:N",
            DefaultValueFactory = _ => "1s"
        };
        var seed = new Option<ulong>("--seed") { Description = "Seed of the search", DefaultValueFactory = _ => 1 };
        var csv = new Option<bool>("--csv") { Description = "A line an instance on stdout, the summary on stderr" };
        var json = new Option<FileInfo?>("--json") { Description = "Write rows and summary to this file" };
        var every = new Option<int>("--every")
        {
            Description = "Take every n-th file of each set",
            DefaultValueFactory = _ => 1
        };
        var stop = new Option<bool>("--stop-at-optimum") { Description = "End a search at a proven optimum" };
        var command = new Command("planner", "Plan benchmark instances and compare with best-known values")
        {
            instances, budget, seed, csv, json, every, stop,
        };
        command.SetAction((parsed, cancellation) => RunAsync(
            new Settings(
                parsed.GetRequiredValue(instances), parsed.GetRequiredValue(budget), parsed.GetRequiredValue(seed),
                parsed.GetValue(csv), parsed.GetValue(json), parsed.GetRequiredValue(every), parsed.GetValue(stop)),
            cancellation));
        return command;
    }

    private sealed record Settings(
        DirectoryInfo Instances, string Budget, ulong Seed, bool Csv, FileInfo? Json, int Every, bool StopAtOptimum);

    private static async Task<int> RunAsync(Settings settings, CancellationToken cancellation)
    {
        if (!settings.Instances.Exists || settings.Every < 1)
        {
            await Console.Error.WriteLineAsync($"No such folder: {settings.Instances.FullName}");
            return 2;
        }

        var unitsPerSecond = Calibration.UnitsPerSecond(TimeProvider.System);
        if (UnitsOf(settings.Budget, unitsPerSecond) is not { } units)
        {
            await Console.Error.WriteLineAsync($"Not a budget: {settings.Budget} (20ms, 100ms, 1s, units:N)");
            return 2;
        }

        var text = settings.Csv ? Console.Error : Console.Out;
        await text.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"budget {settings.Budget} = {units} units an instance ({unitsPerSecond} units/s here),"
            + $" seed {settings.Seed}"));
        if (settings.Csv) await Console.Out.WriteLineAsync("file,orders,distance,seconds,units,baseline");
        var known = BestKnown.In(settings.Instances);
        var rows = new List<PlannerRow>();
        foreach (var file in FilesIn(settings.Instances, settings.Every))
        {
            cancellation.ThrowIfCancellationRequested();
            var row = PlannerRow.Of(file, settings.Instances, new Budget(units), settings.Seed, known,
                settings.StopAtOptimum);
            if (row is null) continue;
            rows.Add(row);
            if (settings.Csv) await Console.Out.WriteLineAsync(row.Csv);
        }

        await text.WriteAsync(PlannerSummary.Of(rows));
        if (settings.Json is { } target)
        {
            var bytes = JsonSerializer.SerializeToUtf8Bytes(new
            {
                settings.Budget,
                units,
                unitsPerSecond,
                settings.Seed,
                rows
            });
            await File.WriteAllBytesAsync(target.FullName, bytes, cancellation);
        }

        // An instance that could not be read, or a plan that its verifier refuses, is a failure of the run.
        return rows.Count > 0 && rows.TrueForAll(r => r.Fault is null) ? 0 : 1;
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

    private static IEnumerable<FileInfo> FilesIn(DirectoryInfo folder, int every) =>
        folder.EnumerateFiles("*.txt", SearchOption.AllDirectories)
            .OrderBy(f => f.FullName, StringComparer.Ordinal)
            .GroupBy(f => f.DirectoryName)
            .SelectMany(set => set.Where((_, i) => i % every == 0));
}
