using System.Globalization;
using Fulfillment.Surge.Report;

namespace Fulfillment.Surge.Simulate;

/// <summary>A simulated run in the words and the form of a live one.</summary>
internal static class SimulationReport
{
    private static readonly CultureInfo English = CultureInfo.InvariantCulture;

    internal static SurgeReport Of(SimulationSettings settings, SimulationRecord run, double? promisedSeconds)
    {
        var planned = run.Arrived - run.Unplanned;
        var cost = run.ReplicaSeconds * settings.Prices.ReplicaSecond;
        return new()
        {
            Seed = settings.Seed,
            Profile = "simulated " + settings.Arrivals.Name,
            Seconds = settings.Arrivals.Seconds,
            Orders = new(run.Arrived, run.Arrived, 0, 0, 0, planned, 0, 0),
            LatencyMs = new(null, null, run.Confirm, null),
            ConfirmationBoundMs = promisedSeconds * 1_000,
            Phases = settings.Arrivals.Phases,
            Arrivals = run.Arrivals,
            Replicas = run.Replicas,
            Backlog = run.Backlog,
            Confirmations = run.Confirmations,
            Cost = new(run.ReplicaSeconds, 0, settings.Prices.ReplicaSecond, 0, settings.Prices.Currency, cost,
                planned > 0 ? cost / planned : 0),
            Elasticity = run.Elasticity,
            Verdict = Words(settings, run),
            Settings = SettingsOf(settings),
        };
    }

    internal static IReadOnlyList<string> Words(SimulationSettings settings, SimulationRecord run)
    {
        var words = new List<string>
        {
            string.Create(English, $"{run.Arrived:N0} orders came, {run.Arrived - run.Unplanned:N0} were planned, "
                + $"with up to {run.PeakReplicas} replicas; at most {run.PeakBacklog:N0} orders waited."),
            string.Create(English, $"Replica-seconds: {run.ReplicaSeconds:N0}, "
                + $"{Ratio(run.ReplicaSeconds, run.Foresight.ReplicaSeconds)} what perfect foresight pays."),
            string.Create(English, $"Largest backlog: {run.PeakBacklog:N0}; the best that doubling allows has "
                + $"{run.Ramp.PeakBacklog:N0}."),
            string.Create(English, $"Short of capacity for {run.Elasticity.UnderTimeShare:P2} of the time, idle "
                + $"capacity for {run.Elasticity.OverTimeShare:P1}."),
        };
        var limits = settings.Connections;
        words.Add(limits.Needed(run.PeakReplicas) <= limits.MaxConnections
            ? string.Create(English, $"Postgres needs {limits.Needed(run.PeakReplicas)} of its "
                + $"{limits.MaxConnections} connections: no pooler.")
            : string.Create(English, $"Postgres would need {limits.Needed(run.PeakReplicas)} connections and has "
                + $"{limits.MaxConnections}: a pooler is needed beyond {limits.ReplicasMax} replicas."));
        return words;
    }

    private static Dictionary<string, string> SettingsOf(SimulationSettings settings) => new()
    {
        ["minReplicas"] = Text(settings.Spec.MinReplicas),
        ["maxReplicas"] = Text(settings.Spec.MaxReplicas),
        ["streamLength"] = Text(settings.StreamLength),
        ["rules"] = string.Join(", ", settings.Spec.Rules.Select(rule => rule.Name)),
        ["poolOrdersMax"] = Text(settings.PoolOrdersMax),
        ["poolWaitSeconds"] = Text(settings.PoolWaitSeconds),
        ["cpuQuota"] = Text(settings.Cost.Quota),
        ["secondsPerPool"] = Text(settings.Cost.SecondsPerPool),
        ["secondsPerOrder"] = Text(settings.Cost.SecondsPerOrder),
        ["replicaRate"] = Text(settings.ReplicaRate),
        ["startupSeconds"] = Text(settings.StartupSeconds),
        ["imitates"] = settings.Autoscaler.Versions.ToString(),
        ["syncSeconds"] = Text(settings.Autoscaler.SyncPeriod.TotalSeconds),
        ["stepSeconds"] = Text(settings.StepSeconds),
        ["maxConnections"] = Text(settings.Connections.MaxConnections),
    };

    private static string Text(double value) => value.ToString("0.####", English);

    private static string Ratio(double mine, double other) =>
        other > 0 ? string.Create(English, $"{mine / other:0.00} times") : "more than";
}
