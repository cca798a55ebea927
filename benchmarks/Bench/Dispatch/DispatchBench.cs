using System.CommandLine;
using System.Globalization;
using Fulfillment.Bench.Intake;
using Fulfillment.Surge;

namespace Fulfillment.Bench.Dispatch;

/// <summary>How long, how often, and with what.</summary>
internal sealed record DispatchSettings
{
    public required int Rounds { get; init; }
    public required TimeSpan Window { get; init; }
    public required TimeSpan WarmUp { get; init; }

    /// <summary>Releases that wait in Postgres when the relay begins.</summary>
    public required int Backlog { get; init; }

    /// <summary>One Orders, one Picking.</summary>
    public required string Orders { get; init; }
    public required string Picking { get; init; }
    public required IReadOnlyList<bool> Optimized { get; init; }
}

/// <summary>
/// <c>bench dispatch</c>: orders a second from the commit to the stream, and from the POST to a committed tour, at half
/// of the highest rate that one Picking replica keeps up with.
/// </summary>
internal static class DispatchBench
{
    private const string Baseline = "baseline";
    private const string Optimized = "optimized";

    private static readonly Option<int> Rounds = new("--rounds")
    {
        Description = "Runs of each case; the median counts",
        DefaultValueFactory = _ => 3,
    };

    private static readonly Option<int> Seconds = new("--seconds")
    {
        Description = "Length of a run, after its warm-up",
        DefaultValueFactory = _ => 20,
    };

    private static readonly Option<int> Backlog = new("--backlog")
    {
        Description = "Releases that wait in Postgres when the relay begins",
        DefaultValueFactory = _ => 50_000,
    };

    private static readonly Option<string[]> Planners = new("--planners")
    {
        Description = $"{Baseline}, {Optimized}: the toggle's two sides",
        DefaultValueFactory = _ => [Baseline, Optimized],
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<bool> Quick = new("--quick")
    {
        Description = "1 round of 4 seconds, one planner, a small backlog: does it work?",
    };

    private static readonly Option<FileInfo?> Orders = new("--orders")
    {
        Description = "This executable of Orders; without it, it is compiled ahead of time as it is deployed",
    };

    private static readonly Option<FileInfo?> Picking = new("--picking")
    {
        Description = "The same of Picking",
    };

    private static readonly Option<FileInfo?> Json = new("--json")
    {
        Description = "Write rows and ratios to this file",
    };

    internal static Command Create()
    {
        Rounds.Bounded(1, 100);
        Seconds.Bounded(1, 600);
        Backlog.Bounded(100, 1_000_000);
        Planners.AcceptOnlyFromAmong(Baseline, Optimized);
        var command = new Command("dispatch", "Orders a second from commit to stream, and POST to committed tour")
        {
            Rounds, Seconds, Backlog, Planners, Quick, Orders, Picking, Json,
        };
        command.SetAction((parsed, cancellation) => ExitCodes.GuardAsync(
            () => RunAsync(parsed, TimeProvider.System, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, TimeProvider clock, CancellationToken cancellation)
    {
        var quick = parsed.GetValue(Quick);
        var settings = new DispatchSettings
        {
            Rounds = quick ? 1 : parsed.GetValue(Rounds),
            Window = TimeSpan.FromSeconds(quick ? 4 : parsed.GetValue(Seconds)),
            WarmUp = TimeSpan.FromSeconds(quick ? 1 : 3),
            Backlog = quick ? 1_000 : parsed.GetValue(Backlog),
            Orders = parsed.GetValue(Orders)?.FullName
                ?? await Programs.PublishAsync("Fulfillment.Orders", cancellation),
            Picking = parsed.GetValue(Picking)?.FullName
                ?? await Programs.PublishAsync("Fulfillment.Picking", cancellation),
            Optimized = [.. (quick ? [Optimized] : parsed.GetRequiredValue(Planners)).Select(p => p == Optimized)],
        };
        await using var bed = await TestBed.StartAsync(clock, cancellation);
        var shop = await Shop.BuildAsync(bed, settings.Orders, cancellation);
        var rows = new List<BenchRow>();
        var ratios = new Dictionary<string, Ratio>();
        var faults = new List<string>();
        await new DrainRounds(bed, shop, settings, clock).RunAsync(rows, ratios, faults, cancellation);
        foreach (var optimized in settings.Optimized)
        {
            await new TourRounds(bed, shop, settings, optimized, clock)
                .RunAsync(rows, ratios, faults, cancellation);
        }

        await new BenchResult(
                "dispatch", BenchResult.ThisMachine(), settings.Window.TotalSeconds, rows, ratios)
            .TellAsync(parsed.GetValue(Json), cancellation);
        foreach (var fault in faults) await Console.Error.WriteLineAsync($"BROKEN {fault}");
        return faults.Count == 0 ? 0 : ExitCodes.Broken;
    }

    internal static string NameOf(bool optimized) => optimized ? Optimized : Baseline;

    internal static Task SayAsync(params FormattableString[] parts) =>
        Console.Out.WriteLineAsync(string.Concat(parts.Select(part => part.ToString(CultureInfo.InvariantCulture))));
}
