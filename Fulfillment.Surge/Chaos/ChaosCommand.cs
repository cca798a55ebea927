using System.CommandLine;
using Fulfillment.Surge.Chaos.Faults;

namespace Fulfillment.Surge.Chaos;

/// <summary>surge chaos: the same system under faults, drawn from a seed.</summary>
internal static class ChaosCommand
{
    private static readonly Option<long> Seed = new("--seed")
    { Description = "Draws the faults and the load", DefaultValueFactory = _ => 1 };

    private static readonly Option<double> Minutes = new("--minutes")
    { Description = "No fault begins after so many minutes", DefaultValueFactory = _ => 10 };

    private static readonly Option<int> Faults = new("--faults")
    { Description = "Faults at most", DefaultValueFactory = _ => 10_000 };

    private static readonly Option<string[]> Kinds = new("--kinds")
    {
        Description = "Only these kinds of faults; --kinds list names them",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string?> Report = new("--report") { Description = "Write the figures to this file" };

    private static readonly Option<string?> Resume = new("--resume")
    {
        Description = "Go on after the faults that stand in this file, if it is there, and add to it",
    };

    internal static Command Create()
    {
        Minutes.Bounded(0.1, 24 * 60);
        Faults.Bounded(1, 100_000);
        Kinds.Validators.Add(result =>
        {
            foreach (var kind in result.GetValueOrDefault<string[]>() ?? [])
            {
                if (kind != "list" && Rules.Kinds.All(known => known.Name != kind))
                    result.AddError($"'{kind}' is no kind of fault; --kinds list names them.");
            }
        });
        var command = new Command(
            "chaos", "Faults upon two Orders and three Picking in use. Ends with 0: held, 1: broken, 3: did not "
                + "recover, 4: the harness failed.")
        {
            Seed, Minutes, Faults, Kinds, Report, Resume,
        };
        SystemOptions.AddSettingsTo(command);
        command.SetAction((parsed, cancellation) => ExitCodes.GuardAsync(() => RunAsync(parsed, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var kinds = parsed.GetValue(Kinds) ?? [];
        if (kinds.Contains("list"))
        {
            foreach (var kind in Rules.Kinds) Console.WriteLine(kind.Name);
            return 0;
        }

        var settings = new ChaosSettings
        {
            Seed = parsed.GetValue(Seed),
            Length = TimeSpan.FromMinutes(parsed.GetValue(Minutes)),
            Faults = parsed.GetValue(Faults),
            Kinds = kinds,
            Report = parsed.GetValue(Report),
            Resume = parsed.GetValue(Resume),
        };
        return await ChaosRun.RunAsync(settings, SystemOptions.ReadSettings(parsed), TimeProvider.System, cancellation);
    }
}
