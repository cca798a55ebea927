using System.Globalization;
using Fulfillment.Autoscaling.Rules;
using Fulfillment.Surge.Load;

namespace Fulfillment.Surge.Live;

/// <summary>Everything needed to repeat a live run, and what a simulation of it is calibrated by.</summary>
internal static class LiveSettings
{
    /// <summary>The median of those that came up; null when none had to.</summary>
    internal static TimeSpan? Startup(LiveFacts facts) =>
        facts.Startups.Count == 0 ? null : facts.Startups.Order().ElementAt(facts.Startups.Count / 2);

    internal static Dictionary<string, string> Of(
        PhasedOptions options, ScaleSpec? spec, Workload workload, LiveFacts facts, double? replicaRate)
    {
        var settings = new Dictionary<string, object?>
        {
            ["orders"] = workload.Orders.Count,
            ["lines"] = workload.Lines,
            ["clients"] = workload.Clients.Count,
            ["ratePerSecond"] = options.Phases.AfterRate,
            ["surgeRatePerSecond"] = options.Phases.SurgeRate,
            ["compression"] = options.Compression,
            ["replicas"] = options.FixedReplicas is { } count ? $"fixed:{count}" : "auto",
            ["minReplicas"] = spec?.MinReplicas,
            ["maxReplicas"] = spec?.MaxReplicas,
            ["streamLength"] = spec?.Rules.OfType<RedisStreamsRule>().FirstOrDefault()?.Target,
            ["rules"] = spec is null ? null : string.Join(", ", spec.Rules.Select(rule => rule.Name)),
            ["toggle"] = options.Toggle switch { true => "on", false => "off", null => "as it was" },
            ["cpuQuota"] = options.Cores,
            ["cpuQuotaBy"] = options.Cores is null ? "no limit was asked for" : facts.ShareMeans,
            ["cpuFactor"] = options.Cores is { } cores ? cores / LiveRule.CoresOfBicep() : null,
            ["pickingProgram"] = facts.Program,
            ["poolOrdersMax"] = options.PoolOrdersMax,
            ["poolWaitSeconds"] = CompressedTimes.PoolWaitOf(options.System, options.Compression).TotalSeconds,
            ["replicaRate"] = replicaRate,
            ["startupSeconds"] = Startup(facts)?.TotalSeconds,
            ["startupSecondsOfDay"] = Startup(facts)?.TotalSeconds * options.Compression,
            ["hostBusy"] = facts.HostBusy,
            ["pickers"] = options.Labour.Regular,
            ["pickersMost"] = options.Labour.Most,
            ["shipWithinHours"] = options.ShipWithinHours,
            ["toursWalkedOnPaper"] = facts.OnTime.ProjectedTours,
            ["othersConfirmP99MsNormal"] = workload.SurgingClient is null ? null : facts.Clients.OthersNormalP99,
            ["othersConfirmP99MsSurge"] = workload.SurgingClient is null ? null : facts.Clients.OthersSurgeP99,
            ["surgingClient"] = workload.SurgingClient,
            ["mostAhead"] = workload.SurgingClient is null ? null : facts.Clients.AheadMost,
            ["repeatOneIn"] = OpenLoop.RepeatOneIn,
            ["set"] = options.System.Settings.Count == 0 ? null : string.Join(", ", options.System.Settings
                .OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key}={one.Value}")),
            ["cores"] = Environment.ProcessorCount,
        };
        return settings.Where(entry => entry.Value is not null)
            .ToDictionary(entry => entry.Key, entry => Text(entry.Value!));
    }

    /// <summary>Which build of Picking the replicas are: it decides what a start and an order cost.</summary>
    internal static string ProgramOf(string? pickingProgram) =>
        pickingProgram is null ? "built (compiles as it runs)" : "published (native)";

    internal static string Text(object value) => value is double number
        ? number.ToString("0.########", CultureInfo.InvariantCulture)
        : Convert.ToString(value, CultureInfo.InvariantCulture)!;
}
