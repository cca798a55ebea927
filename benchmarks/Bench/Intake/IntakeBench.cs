using System.CommandLine;
using Fulfillment.Surge;

namespace Fulfillment.Bench.Intake;

/// <summary>What is measured, and for how long.</summary>
internal sealed record IntakeSettings
{
    public required int Rounds { get; init; }
    public required TimeSpan Window { get; init; }
    public required TimeSpan WarmUp { get; init; }
    public required IReadOnlyList<int> Connections { get; init; }
    public required IReadOnlyList<string> Cases { get; init; }
    public required IReadOnlyList<string> Peers { get; init; }

    /// <summary>A round in which others used more of the machine than this does not count.</summary>
    public required double OthersShareMax { get; init; }

    /// <summary>Orders in another build than the one that is deployed, such as the desk's.</summary>
    public FileInfo? Orders { get; init; }
    public FileInfo? Json { get; init; }

    /// <summary>For finding the best number of clients, connections and form.</summary>
    public TimeSpan Trial => TimeSpan.FromSeconds(Math.Min(4, Window.TotalSeconds));
}

/// <summary>
/// <c>bench intake</c>: accepted orders a second over HTTP, against what people would pick instead. Alternating rounds
/// on one machine, medians, one client for all.
/// </summary>
internal static class IntakeBench
{
    private static readonly Option<int> Rounds = new("--rounds")
    {
        Description = "Runs of each contender and case; the median counts",
        DefaultValueFactory = _ => 5,
    };

    private static readonly Option<int> Seconds = new("--seconds")
    {
        Description = "Length of a run, after its warm-up",
        DefaultValueFactory = _ => 20,
    };

    private static readonly Option<int> WarmUp = new("--warmup")
    {
        Description = "Seconds before each run that do not count",
        DefaultValueFactory = _ => 2,
    };

    private static readonly Option<int[]> Connections = new("--connections")
    {
        Description = "Kept connections; every service is shown at its best of them",
        DefaultValueFactory = _ => [64, 256],
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string[]> Cases = new("--cases")
    {
        Description = "uniform, hot",
        DefaultValueFactory = _ => [OrderRequests.Uniform, OrderRequests.Hot],
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string[]> Peers = new("--peers")
    {
        Description = "none, pgbench, ef, wolverine",
        DefaultValueFactory = _ => ["pgbench", "ef", "wolverine"],
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<double> OthersPercent = new("--others-percent-max")
    {
        Description = "A run in which others used more of the machine is dropped",
        DefaultValueFactory = _ => 10,
    };

    private static readonly Option<bool> Quick = new("--quick")
    {
        Description = "2 rounds of 5 seconds: does it work?",
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
        Rounds.Bounded(1, 100);
        Seconds.Bounded(1, 600);
        WarmUp.Bounded(0, 600);
        Cases.AcceptOnlyFromAmong(OrderRequests.Uniform, OrderRequests.Hot);
        Peers.AcceptOnlyFromAmong("none", "pgbench", "ef", "wolverine");
        var command = new Command("intake", "Accepted orders a second, against pgbench, EF Core and Wolverine")
        {
            Rounds, Seconds, WarmUp, Connections, Cases, Peers, OthersPercent, Quick, Orders, Json,
        };
        command.SetAction((parsed, cancellation) =>
            ExitCodes.GuardAsync(() => RunAsync(Read(parsed), TimeProvider.System, cancellation)));
        return command;
    }

    private static IntakeSettings Read(ParseResult parsed) => new()
    {
        Rounds = parsed.GetValue(Quick) ? 2 : parsed.GetValue(Rounds),
        Window = TimeSpan.FromSeconds(parsed.GetValue(Quick) ? 5 : parsed.GetValue(Seconds)),
        WarmUp = TimeSpan.FromSeconds(parsed.GetValue(WarmUp)),
        Connections = parsed.GetRequiredValue(Connections),
        Cases = parsed.GetRequiredValue(Cases),
        Peers = parsed.GetRequiredValue(Peers),
        OthersShareMax = parsed.GetValue(OthersPercent) / 100,
        Orders = parsed.GetValue(Orders),
        Json = parsed.GetValue(Json),
    };

    private static async Task<int> RunAsync(IntakeSettings settings, TimeProvider clock, CancellationToken cancellation)
    {
        Console.WriteLine("building what is measured");
        var orders = settings.Orders?.FullName ?? await Programs.PublishAsync("Fulfillment.Orders", cancellation);
        await using var bed = await TestBed.StartAsync(clock, cancellation);
        var shop = await Shop.BuildAsync(bed, orders, cancellation);
        var field = await Field.EnterAsync(bed, shop, orders, settings, clock, cancellation);
        var contest = new Contest(shop, field, settings, cancellation);
        await contest.TuneAsync();
        for (var round = 1; round <= settings.Rounds; round++) await contest.RoundAsync(round);
        var open = await OpenLoopRounds.RunAsync(bed, shop, field, contest, settings, clock, cancellation);
        var result = contest.Result();
        await (result with { Rows = [.. result.Rows, .. open] }).TellAsync(settings.Json, cancellation);
        foreach (var fault in contest.Faults) await Console.Error.WriteLineAsync($"BROKEN {fault}");
        return contest.Faults.Count == 0 ? 0 : ExitCodes.Broken;
    }
}
