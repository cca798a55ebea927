using System.CommandLine;
using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Live;
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
        Description = "replay (20,538 real orders) or holiday (20 brands); with --scale also viral or onboarding",
        DefaultValueFactory = _ => "replay",
    };

    private static readonly Option<int> Orders = new("--orders")
    {
        Description = "How many orders to send",
        DefaultValueFactory = _ => ReplayProfile.OrdersMax,
    };

    private const double RateDefault = 150;
    private const int PickersDefault = 100;

    private static readonly Option<double?> Rate = new("--rate")
    {
        Description = $"Orders a second, on average: {RateDefault}; with --scale, of the normal phase: "
            + $"{PhasedSettings.RateDefault}",
    };

    private static readonly Option<double> Speedup = new("--speedup")
    {
        Description = "Pickers are so many times faster than people; with --scale it is --compress that says so",
        DefaultValueFactory = _ => 1000,
    };

    private static readonly Option<int?> Pickers = new("--pickers")
    { Description = $"Pickers on the floor: {PickersDefault}; with --scale, those who walk the normal rate at 80 %" };

    private static readonly Option<long> Seed = new("--seed")
    { Description = "Reproduces the run's orders", DefaultValueFactory = _ => 1 };

    private static readonly Option<double> StockShort = new("--stock-short")
    {
        Description = "Percent of the SKUs that have half of what will be asked",
        DefaultValueFactory = _ => 0,
    };

    private static readonly Option<string?> Report = new("--report")
    { Description = "Write the figures to this JSON file, and the page beside it" };

    internal static Command Create()
    {
        Orders.Bounded(1, 10_000_000);
        Rate.Bounded(0.001, 100_000);
        Speedup.Bounded(1, 1_000_000);
        Pickers.Bounded(1, 2_000);
        StockShort.Bounded(0, 100);
        Profile.AcceptOnlyFromAmong("replay", "holiday", "viral", "onboarding");
        var command = new Command("run", "Send orders, pick them, check every invariant, report.")
        {
            Profile, Orders, Rate, Speedup, Pickers, Seed, StockShort, Report,
        };
        SystemOptions.AddTo(command);
        PhasedSettings.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(PhasedSettings.Scale) is null && result.GetValue(Profile) is "viral" or "onboarding")
                result.AddError("viral and onboarding are runs in phases: give --scale, such as --scale 10.");
        });
        command.SetAction((parsed, cancellation) => ExitCodes.GuardAsync(() => RunAsync(parsed, cancellation)));
        return command;
    }

    private static Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var (clock, profile, seed) = (TimeProvider.System, parsed.GetValue(Profile)!, parsed.GetValue(Seed));
        if (parsed.GetValue(PhasedSettings.Scale) is not null)
        {
            var phased = PhasedSettings.Read(
                parsed, profile, parsed.GetValue(Rate), parsed.GetValue(Pickers), seed, SystemOptions.Read(parsed));
            return PhasedCommand.RunAsync(phased, parsed.GetValue(Report), clock, cancellation);
        }

        return SurgeRun.RunAsync(
            new RunOptions
            {
                Profile = profile,
                Orders = parsed.GetValue(Orders),
                Rate = parsed.GetValue(Rate) ?? RateDefault,
                Speedup = parsed.GetValue(Speedup),
                Pickers = parsed.GetValue(Pickers) ?? PickersDefault,
                Seed = seed,
                StockShortPercent = parsed.GetValue(StockShort),
                Report = parsed.GetValue(Report),
                System = SystemOptions.Read(parsed),
            },
            clock, cancellation);
    }
}
