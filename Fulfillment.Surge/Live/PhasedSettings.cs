using System.CommandLine;
using System.Globalization;
using Fulfillment.Hosting;
using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Floor;
using Fulfillment.Surge.Labour;
using Fulfillment.Surge.Load;

namespace Fulfillment.Surge.Live;

/// <summary>The options of `run` that `--scale` turns on: phases, replicas, compression.</summary>
internal static class PhasedSettings
{
    internal static readonly Option<double?> Scale = new("--scale")
    { Description = "Run in three phases, the surge at so many times the normal rate (viral: of one brand)" };

    private static readonly Option<double> Normal = Seconds("--normal", "Seconds of the day before the surge", 600);
    private static readonly Option<double> Surge = Seconds("--surge", "Seconds of the day that the surge lasts", 1_800);
    private static readonly Option<double> After = Seconds("--after", "Seconds of the day after the surge", 1_200);

    private static readonly Option<double> Compress = new("--compress")
    {
        Description = "Divide phases, autoscaler constants, picking times, pool wait, leases and deadlines by this",
        DefaultValueFactory = _ => 1,
    };

    private static readonly Option<string> Replicas = new("--replicas")
    { Description = "fixed:N, or auto: by infra/bicep/scale-rules.json", DefaultValueFactory = _ => "auto" };

    private static readonly Option<int?> Max = new("--max-replicas") { Description = "Replaces the rule's maximum" };

    private static readonly Option<bool> Cron = new("--cron")
    { Description = "The surge was announced: the rule's cron window begins 10 minutes of the day before it" };

    private static readonly Option<string?> ToggleOption = new("--toggle")
    { Description = "Optimized picking on or off; as it is without this" };

    private static readonly Option<double?> CpuFactor = new("--cpu-factor")
    { Description = "A replica gets the cores of its bicep times this; without it, what the machine gives" };

    private static readonly Option<bool> Flex = new("--flex-labour")
    { Description = "Call more pickers in: 45 minutes later, for at least 4 hours, up to 3 times the regular ones" };

    private static readonly Option<double> ShipWithin = new("--ship-within")
    { Description = "Hours of the day from the order to its ship-by", DefaultValueFactory = _ => 8 };

    private static readonly Option<double> Promise = Seconds(
        "--promise", "Seconds of the day in which 99 of 100 orders are to be confirmed", 600);

    private static readonly Option<double> PickerHour = new("--picker-hour")
    { Description = "Price of a picker's hour", DefaultValueFactory = _ => new CostPrices().PickerHour };

    private static readonly Option<double> ReplicaSecond = new("--replica-second")
    { Description = "Price of a replica's second", DefaultValueFactory = _ => new CostPrices().ReplicaSecond };

    internal const double RateDefault = 12;

    internal static void AddTo(Command command)
    {
        Scale.Bounded(1, 1_000);
        Compress.Bounded(1, 1_000);
        Max.Bounded(1, 64);
        CpuFactor.Bounded(0.001, 100);
        ShipWithin.Bounded(0.1, 1_000);
        PickerHour.Bounded(0, 10_000);
        ReplicaSecond.Bounded(0, 100);
        ToggleOption.AcceptOnlyFromAmong("on", "off");
        Replicas.Validators.Add(result =>
        {
            if (!TryReplicas(result.GetValueOrDefault<string>()!, out _))
                result.AddError("--replicas is auto, or fixed: and a number from 1 to 64, such as fixed:2.");
        });
        foreach (var option in new Option[]
        {
            Scale, Normal, Surge, After, Compress, Replicas, Max, Cron, ToggleOption, CpuFactor, Flex, ShipWithin,
            Promise, PickerHour, ReplicaSecond,
        }) command.Add(option);
    }

    internal static PhasedOptions Read(
        ParseResult parsed, string profile, double? rate, int? pickers, long seed, EmbeddedOptions system)
    {
        var (k, scale) = (parsed.GetValue(Compress), parsed.GetValue(Scale)!.Value);
        var normalRate = rate ?? RateDefault;
        var phases = PhasedProfile.Phases(
            profile, parsed.GetValue(Normal) / k, parsed.GetValue(Surge) / k, parsed.GetValue(After) / k, normalRate,
            scale);
        TryReplicas(parsed.GetValue(Replicas)!, out var fixedReplicas);
        var regular = pickers ?? PickersFor(normalRate, profile, k);
        return new PhasedOptions
        {
            Profile = profile,
            Scale = scale,
            Phases = phases,
            Seed = seed,
            Compression = k,
            FixedReplicas = fixedReplicas,
            MaxReplicas = parsed.GetValue(Max),
            Announced = parsed.GetValue(Cron),
            Cores = parsed.GetValue(CpuFactor) is { } factor ? factor * LiveRule.CoresOfBicep() : null,
            Toggle = parsed.GetValue(ToggleOption) is { } toggle ? toggle == "on" : null,
            Labour = parsed.GetValue(Flex) ? LabourPolicy.Flex(regular) : new LabourPolicy(regular),
            ShipWithinHours = parsed.GetValue(ShipWithin),
            PromiseSeconds = parsed.GetValue(Promise),
            Prices = new(parsed.GetValue(ReplicaSecond), parsed.GetValue(PickerHour)),
            System = system with { PickingProgram = BuildOutput.Published("Fulfillment.Picking") },
        };
    }

    /// <summary>Pickers who walk this rate at 80 %, with full carts, the stated times and 10 m a line.</summary>
    internal static int PickersFor(double ordersPerSecond, string profile, double compression)
    {
        const double Cart = 45, MetresPerLine = 10, Load = 0.8;
        var lines = ordersPerSecond * (profile == "replay" ? 25 : 2);
        var perLine = PickingTimes.SecondsPerLine + (PickingTimes.SecondsPerTour / Cart)
            + (MetresPerLine / PickingTimes.MetresPerSecond);
        return Math.Max(1, (int)Math.Ceiling(lines * perLine / compression / Load));
    }

    /// <summary>auto is null.</summary>
    internal static bool TryReplicas(string text, out int? fixedReplicas)
    {
        fixedReplicas = null;
        if (text == "auto") return true;
        if (!text.StartsWith("fixed:", StringComparison.Ordinal)
            || !int.TryParse(text["fixed:".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count is < 1 or > 64) return false;
        fixedReplicas = count;
        return true;
    }

    private static Option<double> Seconds(string name, string description, double value)
    {
        var option = new Option<double>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Bounded(1, 1_000_000);
        return option;
    }
}
