using System.Globalization;
using System.Text.RegularExpressions;
using Fulfillment.Autoscaling.Metrics;
using Fulfillment.Autoscaling.Rules;
using Fulfillment.Hosting;

namespace Fulfillment.Surge.Live;

/// <summary>The deployed rule and size, read from the files that the deployment reads.</summary>
internal static partial class LiveRule
{
    private const string App = "picking";

    /// <summary>How long before the surge an announced holiday's window begins, seconds of the day.</summary>
    internal const double LeadSeconds = 600;

    /// <summary>The rule for this run, its periods compressed, its announced window only where asked for.</summary>
    /// <exception cref="HostingException">The file is wrong, or does not fit the planner's pool.</exception>
    internal static async Task<ScaleSpec> ReadAsync(PhasedOptions options, CancellationToken cancellation)
    {
        var path = BuildOutput.Bicep("scale-rules.json");
        var windows = options.Announced ? BuildOutput.Bicep("windows/prod.json") : null;
        var read = await ScaleRulesFile.ReadAsync(path, windows, cancellation);
        if (read is ScaleRulesReading.Invalid invalid) throw new HostingException(invalid.ToString());
        if (!((ScaleRulesReading.Valid)read).Apps.TryGetValue(App, out var spec))
            throw new HostingException($"{path} names no app {App}");
        if (spec.FaultsAgainstPool(options.PoolOrdersMax) is [var fault, ..]) throw new HostingException(fault);
        return Fit(spec, options);
    }

    /// <summary>The rule as the run needs it. Pure.</summary>
    internal static ScaleSpec Fit(ScaleSpec spec, PhasedOptions options)
    {
        if (options.MaxReplicas is { } max)
            spec = spec with { MaxReplicas = max, MinReplicas = Math.Min(max, spec.MinReplicas) };
        if (!options.Announced) spec = spec with { Rules = [.. spec.Rules.Where(rule => rule is not CronRule)] };
        return spec.Compress(options.Compression);
    }

    /// <summary>A day whose window begins <see cref="LeadSeconds"/> before the surge; null without cron.</summary>
    internal static RunCalendar? CalendarOf(ScaleSpec spec, PhasedOptions options, DateTimeOffset begunAt)
    {
        if (spec.Rules.OfType<CronRule>().FirstOrDefault() is not { } cron) return null;
        var year = new DateTimeOffset(begunAt.Year, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var opens = cron.Window.NextChange(year);
        if (cron.Window.Contains(year)) opens = cron.Window.NextChange(opens);
        var surge = options.Phases.Normal * options.Compression;
        return new(begunAt, opens.AddSeconds(LeadSeconds - surge), options.Compression);
    }

    /// <summary>Cores of a Picking replica in the cloud, from sizes.bicep.</summary>
    /// <exception cref="HostingException">It is not there, or not written as it was.</exception>
    internal static double CoresOfBicep()
    {
        var path = BuildOutput.Bicep("sizes.bicep");
        try
        {
            return CoresIn(File.ReadAllText(path)) ?? throw new HostingException($"{path} states no cpu of picking");
        }
        catch (IOException unreadable)
        {
            throw new HostingException($"{path} cannot be read: {unreadable.Message}");
        }
    }

    /// <summary>The last size stated: production's. Null where there is none.</summary>
    internal static double? CoresIn(string bicep)
    {
        var found = PickingCpu().Matches(bicep);
        return found.Count == 0 ? null : double.Parse(found[^1].Groups[1].Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"picking:\s*\{\s*cpu:\s*'([0-9.]+)'")]
    private static partial Regex PickingCpu();
}
