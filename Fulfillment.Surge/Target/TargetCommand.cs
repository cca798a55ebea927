using System.CommandLine;
using System.CommandLine.Parsing;

namespace Fulfillment.Surge.Target;

/// <summary>surge target: the load against a system that runs already, over HTTP alone.</summary>
internal static class TargetCommand
{
    internal const string OperatorKeyVariable = "SURGE_OPERATOR_KEY", FloorKeyVariable = "SURGE_FLOOR_KEY";

    private static readonly Option<Uri?> Url = new("--url")
    {
        Description = "Where Orders listens",
        Required = true,
        CustomParser = AddressOf,
    };

    private static readonly Option<Uri?> PickingUrl = new("--picking-url")
    {
        Description = "Where Picking listens: for the slots and the simulated floor. Without it, nobody picks",
        CustomParser = AddressOf,
    };

    private static readonly Option<string?> OperatorKey = new("--operator-key")
    {
        Description = $"Creates the surge's own clients and their stock; {OperatorKeyVariable} says it unseen",
    };

    private static readonly Option<string?> FloorKey = new("--floor-key")
    {
        Description = $"The pickers' key; {FloorKeyVariable} says it unseen",
    };

    private static readonly Option<string> Warehouse = new("--warehouse")
    {
        Description = "The warehouse that the surge's clients ship from",
        DefaultValueFactory = _ => "main",
    };

    private static readonly Option<string> Profile = new("--profile")
    {
        Description = "holiday: every brand sends so many times its orders; viral: one of them does",
        DefaultValueFactory = _ => "holiday",
    };

    private static readonly Option<double> Scale = Number("--scale", "Times a normal day", 10);
    private static readonly Option<double> Rate = Number("--rate", "Orders a second on a normal day", 5);
    private static readonly Option<double> Seconds = Number("--seconds", "How long orders are sent", 60);
    private static readonly Option<double> Speedup = Number(
        "--speedup", "Pickers are so many times faster than people", 1000);
    private static readonly Option<int> Pickers = new("--pickers")
    {
        Description = "Pickers on the floor",
        DefaultValueFactory = _ => 100,
    };
    private static readonly Option<long> Seed = new("--seed")
    {
        Description = "Reproduces the run's orders",
        DefaultValueFactory = _ => 1,
    };
    private static readonly Option<string?> Report = new("--report")
    {
        Description = "Write the figures to this JSON file",
    };

    internal static Command Create()
    {
        Profile.AcceptOnlyFromAmong("holiday", "viral");
        Scale.Bounded(0.01, 1_000);
        Rate.Bounded(0.01, 10_000);
        Seconds.Bounded(1, 86_400);
        Speedup.Bounded(1, 1_000_000);
        Pickers.Bounded(1, 2_000);
        var command = new Command(
            "target", "Send orders to a system that runs already, over HTTP with its keys, and report.")
        {
            Url, PickingUrl, OperatorKey, FloorKey, Warehouse, Profile, Scale, Rate, Seconds, Speedup, Pickers, Seed,
            Report,
        };
        command.Validators.Add(result =>
        {
            if (Told(result.GetValue(OperatorKey), OperatorKeyVariable) is null)
                result.AddError(
                    $"--operator-key or {OperatorKeyVariable} is needed: the surge creates clients of its own.");
        });
        command.SetAction((parsed, cancellation) => ExitCodes.GuardAsync(
            () => TargetRun.RunAsync(Read(parsed), TimeProvider.System, cancellation)));
        return command;
    }

    private static TargetOptions Read(ParseResult parsed) => new()
    {
        Url = parsed.GetValue(Url)!,
        PickingUrl = parsed.GetValue(PickingUrl),
        OperatorKey = Told(parsed.GetValue(OperatorKey), OperatorKeyVariable)!,
        FloorKey = Told(parsed.GetValue(FloorKey), FloorKeyVariable),
        WarehouseId = parsed.GetValue(Warehouse)!,
        Profile = parsed.GetValue(Profile)!,
        Scale = parsed.GetValue(Scale),
        Rate = parsed.GetValue(Rate),
        Seconds = parsed.GetValue(Seconds),
        Speedup = parsed.GetValue(Speedup),
        Pickers = parsed.GetValue(Pickers),
        Seed = parsed.GetValue(Seed),
        Report = parsed.GetValue(Report),
    };

    // Not a default of the option: the help would print the key.
    private static string? Told(string? option, string variable) =>
        (option ?? Environment.GetEnvironmentVariable(variable)) is { Length: > 0 } told ? told : null;

    private static Uri? AddressOf(ArgumentResult result)
    {
        if (Uri.TryCreate(result.Tokens.SingleOrDefault()?.Value, UriKind.Absolute, out var url)
            && url.Scheme is "http" or "https") return url;
        result.AddError("An address is http://host:port or https://host.");
        return null;
    }

    private static Option<double> Number(string name, string description, double fallback) =>
        new(name) { Description = description, DefaultValueFactory = _ => fallback };
}
