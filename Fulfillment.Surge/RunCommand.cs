using System.CommandLine;
using Fulfillment.Surge.Hosting;
using Fulfillment.Surge.Load;

namespace Fulfillment.Surge;

/// <summary>What `run` was asked for.</summary>
internal sealed record RunOptions
{
    public required string Profile { get; init; }
    public required int Orders { get; init; }
    public required double Rate { get; init; }
    public required double Speedup { get; init; }
    public required int Pickers { get; init; }
    public required long Seed { get; init; }
    public required double StockShortPercent { get; init; }
    public string? Report { get; init; }
    public required EmbeddedOptions System { get; init; }
}

/// <summary>surge run: the load, the floor, the invariants, the report.</summary>
internal static class RunCommand
{
    private static readonly Option<string> Profile = new("--profile")
    {
        Description = "replay (20,538 real orders) or holiday (20 brands, one day's curve)",
        DefaultValueFactory = _ => "replay",
    };

    private static readonly Option<int> Orders = new("--orders")
    {
        Description = "How many orders to send",
        DefaultValueFactory = _ => ReplayProfile.OrdersMax,
    };

    private static readonly Option<double> Rate = new("--rate")
    {
        Description = "Orders a second, on average",
        DefaultValueFactory = _ => 150,
    };

    private static readonly Option<double> Speedup = new("--speedup")
    {
        Description = "Pickers are so many times faster than people",
        DefaultValueFactory = _ => 1000,
    };

    private static readonly Option<int> Pickers = new("--pickers") { Description = "Pickers on the floor", DefaultValueFactory = _ => 100 };
    private static readonly Option<long> Seed = new("--seed") { Description = "Reproduces the run's orders", DefaultValueFactory = _ => 1 };

    private static readonly Option<double> StockShort = new("--stock-short")
    {
        Description = "Percent of the SKUs that have half of what will be asked",
        DefaultValueFactory = _ => 0,
    };

    private static readonly Option<string?> Report = new("--report") { Description = "Write the figures to this JSON file" };

    internal static Command Create()
    {
        Orders.Bounded(1, 10_000_000);
        Rate.Bounded(0.001, 100_000);
        Speedup.Bounded(1, 1_000_000);
        Pickers.Bounded(1, 2_000);
        StockShort.Bounded(0, 100);
        Profile.AcceptOnlyFromAmong("replay", "holiday");
        var command = new Command("run", "Send orders, pick them, check every invariant, report.")
        {
            Profile, Orders, Rate, Speedup, Pickers, Seed, StockShort, Report,
        };
        SystemOptions.AddTo(command);
        command.SetAction((parsed, cancellation) => ExitCodes.GuardAsync(() => SurgeRun.RunAsync(
            new RunOptions
            {
                Profile = parsed.GetValue(Profile)!,
                Orders = parsed.GetValue(Orders),
                Rate = parsed.GetValue(Rate),
                Speedup = parsed.GetValue(Speedup),
                Pickers = parsed.GetValue(Pickers),
                Seed = parsed.GetValue(Seed),
                StockShortPercent = parsed.GetValue(StockShort),
                Report = parsed.GetValue(Report),
                System = SystemOptions.Read(parsed),
            },
            TimeProvider.System, cancellation)));
        return command;
    }
}
