using System.CommandLine;
using System.Globalization;
using Fulfillment.Hosting;
using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Labour;
using Fulfillment.Surge.Live;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Report;
using Spectre.Console;

namespace Fulfillment.Surge.Matrix;

/// <summary>surge matrix: the two by two at 1x and 10x, each cell from an empty system, on one page.</summary>
internal static class MatrixCommand
{
    private static readonly Option<double> Compress = Number("--compress", "The day's times are divided by this", 60);
    private static readonly Option<double> Normal = Number("--normal", "Seconds of the day before the surge", 600);
    private static readonly Option<double> Surge = Number("--surge", "Seconds of the day that the surge lasts", 3_600);
    private static readonly Option<double> After = Number("--after", "Seconds of the day after it", 1_200);
    private static readonly Option<double> ShipWithin = Number(
        "--ship-within", "Hours from the order to its ship-by", 4);
    private static readonly Option<double> Promise = Number(
        "--promise", "Seconds of the day in which 99 of 100 orders are to be confirmed", 600);

    private static readonly Option<long> Seed = new("--seed")
    { Description = "Of every cell", DefaultValueFactory = _ => 1 };
    private static readonly Option<double?> Rate = new("--rate")
    {
        Description = "1x in orders a second; with --replica-cores, --replica-rate and --optimized-rate nothing is "
            + "calibrated",
    };
    private static readonly Option<double?> ReplicaCores = new("--replica-cores")
    { Description = "Share of a replica" };
    private static readonly Option<double?> ReplicaRate = new("--replica-rate")
    { Description = "Orders a second that a replica plans with that share, by the baseline plan" };
    private static readonly Option<double?> OptimizedRate = new("--optimized-rate")
    { Description = "The same by the optimized plan under load" };
    private static readonly Option<int?> Pickers = new("--pickers") { Description = "Those who walk 1x at 80 %" };
    private static readonly Option<string> Plans = new("--plans")
    { Description = "both, or baseline alone: four cells", DefaultValueFactory = _ => "both" };
    private static readonly Option<string> Report = new("--report")
    { Description = "The JSON; the page stands beside it", DefaultValueFactory = _ => "matrix.json" };

    internal static Command Create()
    {
        Compress.Bounded(1, 1_000);
        Rate.Bounded(0.1, 10_000);
        ReplicaCores.Bounded(0.001, 64);
        ReplicaRate.Bounded(0.1, 100_000);
        OptimizedRate.Bounded(0.1, 100_000);
        Pickers.Bounded(1, 600);
        Plans.AcceptOnlyFromAmong("both", MatrixVerdict.Baseline);
        var command = new Command(
            "matrix", "{baseline, optimized} x {fixed, autoscaled} at 1x and 10x: eight runs, one page.")
        {
            Compress, Normal, Surge, After, ShipWithin, Promise, Seed, Rate, ReplicaCores, ReplicaRate, OptimizedRate,
            Pickers, Plans, Report,
        };
        command.SetAction((parsed, cancellation) =>
            ExitCodes.GuardAsync(() => RunAsync(parsed, TimeProvider.System, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, TimeProvider clock, CancellationToken cancellation)
    {
        var options = Options(parsed);
        var calibrated = Given(parsed)
            ?? await Calibration.RunAsync(
                options, clock, what => AnsiConsole.MarkupLineInterpolated($"[grey]{what}[/]"), cancellation);
        AnsiConsole.MarkupLineInterpolated(CultureInfo.InvariantCulture,
            $"1x is {calibrated.NormalRate:0.0} orders/s, a replica has {calibrated.Cores:0.0000} cores");
        string[] plans = parsed.GetValue(Plans) == "both"
            ? [MatrixVerdict.Baseline, MatrixVerdict.Optimized]
            : [MatrixVerdict.Baseline];
        var cells = new List<SurgeReport>();
        foreach (var cell in MatrixPlan.Cells(options, calibrated, plans))
        {
            AnsiConsole.MarkupLineInterpolated($"[bold]{cell.Cell!.Plan}, {cell.Cell.Replicas}, {cell.Scale}x[/]");
            var outcome = await PhasedCommand.ShownAsync(cell, clock, cancellation);
            cells.Add(outcome.Report);
            foreach (var word in HtmlReport.VerdictOf(outcome.Report)) AnsiConsole.MarkupLineInterpolated($"  {word}");
        }

        var report = new MatrixReport
        {
            Seed = options.Seed,
            Cells = cells,
            Verdict = MatrixVerdict.Of(cells),
            Settings = Settings(options, calibrated),
        };
        await WriteAsync(report, parsed.GetValue(Report)!, cancellation);
        foreach (var word in report.Verdict) AnsiConsole.MarkupLineInterpolated($"[yellow]{word}[/]");
        return cells.Exists(cell => cell.Invariants.Broken > 0) ? ExitCodes.Broken : 0;
    }

    private static PhasedOptions Options(ParseResult parsed)
    {
        var k = parsed.GetValue(Compress);
        return new PhasedOptions
        {
            Profile = "holiday",
            Scale = MatrixPlan.Scale,
            Phases = PhasedProfile.Phases(
                "holiday", parsed.GetValue(Normal) / k, parsed.GetValue(Surge) / k, parsed.GetValue(After) / k, 1, 1),
            Seed = parsed.GetValue(Seed),
            Compression = k,
            Labour = new LabourPolicy(1),
            ShipWithinHours = parsed.GetValue(ShipWithin),
            PromiseSeconds = parsed.GetValue(Promise),
            Prices = new(),
            System = new EmbeddedOptions { PickingProgram = BuildOutput.Published("Fulfillment.Picking") },
        };
    }

    /// <summary>Null where something has to be measured.</summary>
    private static Calibrated? Given(ParseResult parsed)
    {
        if (parsed.GetValue(Rate) is not { } rate || parsed.GetValue(ReplicaCores) is not { } cores
            || parsed.GetValue(ReplicaRate) is not { } replicaRate
            || parsed.GetValue(OptimizedRate) is not { } optimizedRate) return null;
        var pickers = parsed.GetValue(Pickers)
            ?? PhasedSettings.PickersFor(rate, "holiday", parsed.GetValue(Compress));
        return new(0, rate, cores, replicaRate, optimizedRate, pickers);
    }

    private static Dictionary<string, string> Settings(PhasedOptions options, Calibrated calibrated)
    {
        var flex = LabourPolicy.Flex(calibrated.Pickers);
        var settings = new Dictionary<string, object>
        {
            ["sharedRatePerSecond"] = calibrated.SharedRate > 0 ? calibrated.SharedRate : "given, not measured",
            ["ratePerSecond"] = calibrated.NormalRate,
            ["surgeRatePerSecond"] = calibrated.NormalRate * MatrixPlan.Scale,
            ["replicaCores"] = calibrated.Cores,
            ["replicaRate"] = calibrated.ReplicaRate,
            ["cpuFactor"] = calibrated.Cores / LiveRule.CoresOfBicep(),
            ["optimizedRate"] = calibrated.OptimizedRate,
            ["maxReplicas"] = calibrated.MaxReplicasOf(MatrixVerdict.Baseline),
            ["maxReplicasOptimized"] = calibrated.MaxReplicasOf(MatrixVerdict.Optimized),
            ["pickers"] = calibrated.Pickers,
            ["flexLabour"] = $"called when more than {flex.CallWhenSeconds / 60:0} min of work wait for each, there "
                + $"{flex.CallInSeconds / 60:0} min later, paid {flex.ShiftSecondsMin / 3_600:0} h at least, "
                + $"{flex.MostTimes:0} times at most",
            ["compression"] = options.Compression,
            ["shipWithinHours"] = options.ShipWithinHours,
            ["promiseSeconds"] = options.PromiseSeconds,
            ["pickerHourPrice"] = options.Prices.PickerHour,
            ["replicaSecondPrice"] = options.Prices.ReplicaSecond,
            ["pickingProgram"] = LiveSettings.ProgramOf(options.System.PickingProgram),
            ["cores"] = Environment.ProcessorCount,
        };
        return settings.ToDictionary(entry => entry.Key, entry => LiveSettings.Text(entry.Value));
    }

    private static async Task WriteAsync(MatrixReport report, string file, CancellationToken cancellation)
    {
        await File.WriteAllTextAsync(file, report.ToJson(), cancellation);
        var page = Path.ChangeExtension(file, ".html");
        await File.WriteAllTextAsync(page, HtmlReport.Render(report), cancellation);
        AnsiConsole.WriteLine($"{file} and {page}");
    }

    private static Option<double> Number(string name, string description, double value)
    {
        var option = new Option<double>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Bounded(0.001, 1_000_000);
        return option;
    }
}
