using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Rules;
using Fulfillment.Surge.Report;
using Fulfillment.Surge.Simulate.Recorded;

namespace Fulfillment.Surge.Simulate;

/// <summary><c>simulate</c>: a day, a season or a step in virtual time, and the search for a rule.</summary>
internal static class SimulateCommand
{
    private const string App = "picking";
    private static readonly string[] Shapes = ["day", "season", "step"];

    private static readonly Option<FileInfo> RulesFile = new("--rules")
    { Description = "The scale rules.", DefaultValueFactory = _ => new("infra/bicep/scale-rules.json") };
    private static readonly Option<FileInfo?> Windows = new("--windows")
    { Description = "An environment's announced windows, e.g. infra/bicep/windows/prod.json; none by default." };
    private static readonly Option<string> Arrive =
        Among("--arrivals", "day, season or step.", "day", Shapes);
    private static readonly Option<double> Orders = Number("--orders",
        "Orders of the day, or of the season's busiest.", 1_000_000);
    private static readonly Option<double> Rate = Number("--rate", "step: orders a second before the surge.", 5);
    private static readonly Option<double> Scale = Number("--scale", "step: the surge as a multiple.", 10);
    private static readonly Option<double> Before = Number("--before", "step: seconds before the surge.", 600);
    private static readonly Option<double> SurgeSeconds = Number("--surge", "step: seconds of the surge.", 1_800);
    private static readonly Option<double> After = Number("--after", "step: seconds after it.", 1_200);
    private static readonly Option<long> Seed = new("--seed") { DefaultValueFactory = _ => 1 };
    private static readonly Option<int?> Max = new("--max") { Description = "Replaces maxReplicas of the rules." };
    private static readonly Option<int?> Fixed = new("--fixed") { Description = "So many replicas, no autoscaler." };
    private static readonly Option<bool> NoCron = new("--no-cron") { Description = "Leaves cron rules out." };
    private static readonly Option<double> PoolCost = Number("--pool-cpu", "CPU seconds a pool.", 0.1);
    private static readonly Option<double> OrderCost = Number("--order-cpu", "CPU seconds an order.", 0.05);
    private static readonly Option<double> Quota = Number("--quota", "Cores of a replica.", 0.5);
    private static readonly Option<int> Pool = new("--pool")
    { Description = "Orders a pool.", DefaultValueFactory = _ => 120 };
    private static readonly Option<double> PoolWait = Number("--pool-wait", "Seconds a thin pool waits.", 2);
    private static readonly Option<double> DepthFactor = Number("--depth", "streamLengths of stream a live worker.", 2);
    private static readonly Option<double> DepthFloor = Number("--depth-floor", "streamLengths of stream at least.", 4);
    private static readonly Option<double> Startup = Number("--startup", "Seconds until a replica works.", 20);
    private static readonly Option<int> Connections = new("--max-connections") { DefaultValueFactory = _ => 400 };
    private static readonly Option<double> Price = Number("--price", "Of a replica-second.", 0.000015);
    private static readonly Option<double?> Promise = new("--promise")
    { Description = "Seconds in which 99 of 100 orders must be confirmed; searches the cheapest rule." };
    private static readonly Option<FileInfo?> Calibrate = new("--calibrate")
    { Description = "A live run's JSON report." };
    private static readonly Option<FileInfo?> Compare = new("--compare")
    { Description = "A live run's JSON report: replays its arrivals and states the error of the backlog." };
    private static readonly Option<FileInfo?> Recorded = new("--recorded")
    { Description = "A recording of the engine, scenarios or cron windows: what the twin does there, as JSON." };
    private static readonly Option<bool> Table = new("--table")
    { Description = "--recorded: replica-seconds of the engine and of the twin, as a table of docs/SCALING.md." };
    private static readonly Option<bool> ScaledObject = new("--scaledobject")
    { Description = "Prints the rule as KEDA's ScaledObject with its TriggerAuthentication." };
    private static readonly Option<string> Redis = new("--redis")
    { Description = "--scaledobject: where KEDA finds Redis.", DefaultValueFactory = _ => "redis:6379" };
    private static readonly Option<bool> Forecast = new("--forecast")
    { Description = "The rule alone and beside a forecast, on the day, the season and the step." };
    private static readonly Option<string> Engine = new("--engine")
    {
        Description = "Which KEDA and Kubernetes are imitated where they differ; Container Apps states no Kubernetes.",
        DefaultValueFactory = _ => "2.18/1.34",
    };
    private static readonly Option<FileInfo?> Json = new("--json") { Description = "Writes the report's JSON." };
    private static readonly Option<FileInfo?> Html = new("--html") { Description = "Writes the report's page." };

    public static Command Create()
    {
        var command = new Command("simulate", "The same controller, queue and planner cost in virtual time.")
        {
            RulesFile, Windows, Arrive, Orders, Rate, Scale, Before, SurgeSeconds, After, Seed, Max, Fixed, NoCron,
            PoolCost, OrderCost, Quota, Pool, PoolWait, DepthFactor, DepthFloor, Startup, Connections, Price, Promise,
            Calibrate, Compare, Recorded, Table, ScaledObject, Redis, Forecast, Engine, Json, Html,
        };
        command.SetAction((parsed, cancellation) =>
            RunAsync(parsed, Console.Out, Console.Error, cancellation));
        return command;
    }

    /// <summary>0 when it ran, and the promise, where one is given, can be kept; 1 otherwise.</summary>
    internal static async Task<int> RunAsync(
        ParseResult parsed, TextWriter output, TextWriter errors, CancellationToken cancellation)
    {
        if (parsed.GetValue(Recorded) is { } recording)
            return await ReplayAsync(
                recording, parsed.GetValue(Json), parsed.GetValue(Table), output, errors, cancellation);
        var rules = await ScaleRulesFile.ReadAsync(
            parsed.GetValue(RulesFile)!.FullName, parsed.GetValue(Windows)?.FullName, cancellation);
        if (rules is not ScaleRulesReading.Valid valid || !valid.Apps.TryGetValue(App, out var spec))
        {
            await errors.WriteLineAsync(rules is ScaleRulesReading.Invalid bad
                ? bad.ToString()
                : $"The rules name no app {App}.");
            return 1;
        }
        try
        {
            if (parsed.GetValue(ScaledObject))
            {
                await output.WriteAsync(ScaledObjectYaml.Write(spec, parsed.GetValue(Redis)!));
                return 0;
            }
            var settings = await SettingsAsync(parsed, spec, line => output.WriteLine(line), cancellation);
            if (settings.Fault is { } fault) throw new ArgumentException(fault);
            return await RunAsync(parsed, settings, output, cancellation);
        }
        catch (Exception unusable) when (unusable is ArgumentException or IOException or JsonException)
        {
            await errors.WriteLineAsync(unusable.Message);
            return 1;
        }
    }

    private static async Task<int> RunAsync(
        ParseResult parsed, SimulationSettings settings, TextWriter output, CancellationToken cancellation)
    {
        if (parsed.GetValue(Forecast))
        {
            await ForecastComparison.WriteAsync(
                output, settings, [.. Shapes.Select(shape => Shape(parsed, shape))], cancellation);
            return 0;
        }
        var promise = parsed.GetValue(Promise);
        if (promise is { } seconds)
        {
            var found = RuleSearch.Find(settings, seconds, cancellation);
            Recommendation.Write(output, settings, found, seconds);
            if (found.Best is null) return 1;
            settings = settings with { Spec = found.Best.Spec };
        }
        var began = Stopwatch.GetTimestamp();
        var run = Simulation.Run(settings, cancellation);
        var took = Stopwatch.GetElapsedTime(began);
        foreach (var sentence in SimulationReport.Words(settings, run)) await output.WriteLineAsync(sentence);
        await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
            $"Confirmed, 50 / 99 of 100: {run.Confirm.P50 / 1_000:0.#} / {run.Confirm.P99 / 1_000:0.#} s. "
                + $"{settings.Arrivals.Seconds:N0} s simulated in {took.TotalSeconds:0.00} s, seed {settings.Seed}."));
        if (parsed.GetValue(Compare) is { } live)
            await CompareAsync(run, SurgeReport.Read(await File.ReadAllTextAsync(live.FullName, cancellation)), output);
        var report = SimulationReport.Of(settings, run, promise);
        if (parsed.GetValue(Json) is { } json)
            await File.WriteAllTextAsync(json.FullName, report.ToJson(), cancellation);
        if (parsed.GetValue(Html) is { } html)
            await File.WriteAllTextAsync(html.FullName, HtmlReport.Render(report), cancellation);
        return 0;
    }

    private static async Task<int> ReplayAsync(
        FileInfo recording, FileInfo? json, bool table, TextWriter output, TextWriter errors,
        CancellationToken cancellation)
    {
        try
        {
            var text = await File.ReadAllTextAsync(recording.FullName, cancellation);
            if (table)
            {
                foreach (var line in RecordedTable.Lines(text, cancellation)) await output.WriteLineAsync(line);
                return 0;
            }
            var replayed = RecordedReplay.Run(text, cancellation).ToJsonString();
            if (json is null) await output.WriteLineAsync(replayed);
            else await File.WriteAllTextAsync(json.FullName, replayed, cancellation);
            return 0;
        }
        catch (Exception unusable) when (unusable is IOException or JsonException or FormatException)
        {
            await errors.WriteLineAsync($"{recording.FullName}: {unusable.Message}");
            return 1;
        }
    }

    private static async Task CompareAsync(SimulationRecord run, SurgeReport live, TextWriter output) =>
        await output.WriteLineAsync(LiveRun.Compare(run.Backlog, live.Backlog) is { } error
            ? string.Create(CultureInfo.InvariantCulture, $"Against the live run: backlog area "
                + $"{error.AreaError:+0.0%;-0.0%}, peak {error.PeakError:+0.0%;-0.0%}.")
            : "Against the live run: it had no backlog to compare.");

    private static async Task<SimulationSettings> SettingsAsync(
        ParseResult parsed, ScaleSpec spec, Action<string> say, CancellationToken cancellation)
    {
        if (parsed.GetValue(NoCron)) spec = spec with { Rules = [.. spec.Rules.Where(rule => rule is not CronRule)] };
        if (parsed.GetValue(Max) is { } max) spec = spec with { MaxReplicas = max };
        var settings = new SimulationSettings
        {
            Spec = spec,
            Seed = parsed.GetValue(Seed),
            FixedReplicas = parsed.GetValue(Fixed),
            Arrivals = Shape(parsed, parsed.GetValue(Arrive)!),
            Autoscaler = new()
            {
                Versions = EngineVersions.Parse(parsed.GetValue(Engine)!)
                    ?? throw new ArgumentException("--engine is KEDA's version, a slash and Kubernetes'."),
            },
            Start = parsed.GetValue(Arrive) == "season"
                ? new(2026, 10, 24, 0, 0, 0, default)
                : new(2026, 11, 27, 0, 0, 0, default),
            Cost = new(parsed.GetValue(PoolCost), parsed.GetValue(OrderCost), 0, parsed.GetValue(Quota)),
            PoolOrdersMax = parsed.GetValue(Pool),
            PoolWaitSeconds = parsed.GetValue(PoolWait),
            StartupSeconds = parsed.GetValue(Startup),
            DepthFactor = parsed.GetValue(DepthFactor),
            DepthFloor = parsed.GetValue(DepthFloor),
            Connections = new(MaxConnections: parsed.GetValue(Connections)),
            Prices = new(parsed.GetValue(Price)),
        };
        if (parsed.GetValue(Calibrate) is { } file)
            settings = LiveRun.Calibrate(settings,
                SurgeReport.Read(await File.ReadAllTextAsync(file.FullName, cancellation)), say);
        return parsed.GetValue(Compare) is { } compared
            ? LiveRun.Replay(
                settings, SurgeReport.Read(await File.ReadAllTextAsync(compared.FullName, cancellation)),
                parsed.GetValue(Max) is null)
            : settings;
    }

    private static Arrivals Shape(ParseResult parsed, string shape) => shape switch
    {
        "season" => Arrivals.Season(parsed.GetValue(Orders)),
        "step" => Arrivals.Step(parsed.GetValue(Rate), parsed.GetValue(Scale), parsed.GetValue(Before),
            parsed.GetValue(SurgeSeconds), parsed.GetValue(After)),
        _ => Arrivals.Day(parsed.GetValue(Orders)),
    };

    private static Option<double> Number(string name, string description, double value) =>
        new(name) { Description = description, DefaultValueFactory = _ => value };

    private static Option<string> Among(string name, string description, string value, params string[] values)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => value };
        return option.AcceptOnlyFromAmong(values);
    }
}
