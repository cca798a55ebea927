using System.Globalization;
using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Rules;
using Fulfillment.Surge.Invariants;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Report;
using Fulfillment.Surge.Simulate;

namespace Fulfillment.Surge.Live;

/// <summary>What a live run was found to be, before it is put into a report.</summary>
internal sealed record LiveFacts(
    double MeasuredSeconds, double? HostBusy, double ReplicaCpu, IReadOnlyList<TimeSpan> Startups, int KilledDraining,
    bool Quiet, OnTime.Outcome OnTime, (OrderCounts Orders, LatenciesOfRun Latencies, MetresWalked Metres) Figures,
    ClientOutcome Clients, IReadOnlyList<Finding> Findings, string ShareMeans, string Program,
    IReadOnlyList<string> Complaints);

/// <summary>Puts a live run into the form of every report, with the oracles for its own arrivals beside it.</summary>
internal static class LiveReport
{
    /// <summary>More than this of all cores, and the load itself was in the way.</summary>
    internal const double HostBusyMax = 0.85;

    /// <summary>A shopper's patience at the answer; a later one means intake was the bottleneck.</summary>
    internal const double AcceptP99MsMax = 1_000;

    private static readonly CultureInfo English = CultureInfo.InvariantCulture;

    internal static SurgeReport Of(
        PhasedOptions options, ScaleSpec? spec, Workload workload, IReadOnlyList<Look> looks, LiveFacts facts)
    {
        var phases = options.Phases;
        var (counts, latencies, metres) = facts.Figures;
        var backlog = looks.Select(look => new BacklogAt(look.T, look.Postgres, look.OnStream, look.InFlight)).ToList();
        var report = new SurgeReport
        {
            Seed = options.Seed,
            Profile = options.Profile,
            Scale = options.Scale,
            Cell = options.Cell,
            Seconds = facts.MeasuredSeconds,
            Compression = options.Compression,
            Orders = counts,
            LatencyMs = latencies,
            Metres = metres,
            Invariants = InvariantCheck.ToReport(facts.Findings),
            ConfirmationBoundMs = options.PromiseSeconds / options.Compression * 1_000,
            OnTimeShare = facts.OnTime.Share,
            Phases = phases.Named,
            Arrivals = Arrivals(workload, looks),
            Backlog = backlog,
            Confirmations = facts.Clients.Confirmations,
            Clients = facts.Clients.Rows,
            Collapsed = Collapse.Of(backlog, phases.Normal, phases.SurgeEnd, phases.SurgeRate),
            Planning = new(
                facts.Clients.PoolMean, facts.ReplicaCpu, facts.Clients.PlanningSeconds, facts.Clients.PlannedInTime),
            Void = Void(facts.HostBusy, latencies.Accept),
        };
        report.Replicas = [.. looks.Select(look => new ReplicasAt(
            look.T, look.Asked + look.Draining, look.Asked, 0, Ready: look.Ready))];
        var rate = options.ReplicaRate ?? SeenRate.Of(looks, facts.Clients.Pools, phases);
        report = Scaled(report, options, spec, looks, facts, rate);
        report.Settings = LiveSettings.Of(options, spec, workload, facts, rate);
        report.Verdict = [.. LiveWords.Of(report, options, facts)];
        return report;
    }

    /// <summary>Why the figures must not be used; null when they may.</summary>
    internal static string? Void(double? hostBusy, Percentiles? accept)
    {
        if (hostBusy > HostBusyMax)
            return string.Create(English,
                $"the host was busy for {hostBusy:P0} of the time, more than {HostBusyMax:P0}.");
        return accept?.P99 > AcceptP99MsMax
            ? string.Create(English, $"99 of 100 answers took {accept.P99:N0} ms, more than {AcceptP99MsMax:N0} ms.")
            : null;
    }

    private static SurgeReport Scaled(
        SurgeReport report, PhasedOptions options, ScaleSpec? spec, IReadOnlyList<Look> looks, LiveFacts facts,
        double? replicaRate)
    {
        var paid = looks.Zip(looks.Skip(1), (from, to) => (to.T - from.T) * (from.Asked + from.Draining)).Sum();
        var hands = facts.OnTime.PickerHours;
        var total = (paid * options.Prices.ReplicaSecond) + (hands * options.Prices.PickerHour);
        report.Cost = new(paid, hands, options.Prices.ReplicaSecond, options.Prices.PickerHour, options.Prices.Currency,
            total, report.Orders.Accepted > 0 ? total / report.Orders.Accepted : 0);
        if (replicaRate is not { } rate) return report;

        var (least, most) = (spec?.MinReplicas ?? 1, spec?.MaxReplicas ?? options.FixedReplicas ?? 1);
        var step = Math.Min(0.1, options.Phases.Total / 1_000);
        var rates = options.Phases.Rates(step);
        var startup = LiveSettings.Startup(facts)?.TotalSeconds ?? 0;
        var foresight = Oracles.PerfectForesight(rates, step, rate, least, startup);
        var ramp = Oracles.Ramp(rates, step, rate, (least, Math.Max(most, foresight.Replicas.Max())), startup,
            options.PoolOrdersMax, new AutoscalerOptions().Compress(options.Compression));
        var provisioning = new Provisioning();
        report.Replicas = [.. report.Replicas.Select(row =>
        {
            var demand = Oracles.Demand(options.Phases.RateAt(row.T), rate, least);
            provisioning.Add(demand, row.Ready ?? row.Count);
            return row with { Demand = demand, Oracle = foresight.ReplicasAt(row.T), Ramp = ramp.ReplicasAt(row.T) };
        })];
        report.Elasticity = provisioning.Figures();
        report.Oracles = new(
            report.Backlog.Select(at => at.Total).DefaultIfEmpty(0).Max(), ramp.PeakBacklog, paid,
            foresight.ReplicaSeconds, ramp.ReplicaSeconds);
        return report;
    }

    private static List<ArrivalsAt> Arrivals(Workload workload, IReadOnlyList<Look> looks)
    {
        var arrivals = new List<ArrivalsAt>(looks.Count);
        var (next, before) = (0, 0.0);
        foreach (var look in looks.Where(look => look.T > 0))
        {
            var first = next;
            while (next < workload.Orders.Count && workload.Orders[next].At.TotalSeconds <= look.T) next++;
            arrivals.Add(new(look.T, (next - first) / (look.T - before)));
            before = look.T;
        }

        return arrivals;
    }
}
