using System.Globalization;
using Fulfillment.Autoscaling.Rules;

namespace Fulfillment.Surge.Simulate;

/// <summary>
/// Which minimum, maximum, streamLength and cron keep a promised confirmation at the least replica-seconds: every
/// candidate is simulated with the same arrivals, and the cheapest that keeps the promise wins.
/// </summary>
internal static class RuleSearch
{
    /// <param name="Spec">The candidate.</param>
    /// <param name="P99Seconds">Confirmation, 99 of 100.</param>
    /// <param name="ReplicaSeconds">What it costs.</param>
    /// <param name="PeakReplicas">The most it had.</param>
    internal sealed record Candidate(ScaleSpec Spec, double P99Seconds, double ReplicaSeconds, int PeakReplicas);

    /// <param name="Best">The cheapest that keeps the promise; null when none does.</param>
    /// <param name="Fastest">The least p99 seen, whatever it costs.</param>
    /// <param name="Tried">How many were simulated.</param>
    internal sealed record Result(Candidate? Best, Candidate Fastest, int Tried);

    internal static Result Find(SimulationSettings settings, double promisedSeconds, CancellationToken cancellation)
    {
        var peak = PeakDemand(settings);
        var tried = new List<Candidate>();
        foreach (var length in Lengths(settings, promisedSeconds))
            foreach (var min in Minimums(peak))
                foreach (var max in Maximums(peak, min))
                    foreach (var cron in new[] { false, true })
                        Try(Spec(settings, min, max, length, cron ? peak : 0));
        var kept = tried.Where(candidate => candidate.P99Seconds <= promisedSeconds).ToList();
        return new(kept.MinBy(candidate => candidate.ReplicaSeconds), tried.MinBy(candidate => candidate.P99Seconds)!,
            tried.Count);

        void Try(ScaleSpec spec)
        {
            var run = Simulation.Run(settings with { Spec = spec }, cancellation);
            // What was never planned was never confirmed: such a run keeps no promise.
            var p99 = run.Unplanned > run.Arrived / 100 ? double.PositiveInfinity : run.Confirm.P99 / 1_000;
            tried.Add(new(spec, p99, run.ReplicaSeconds, run.PeakReplicas));
        }
    }

    internal static int PeakDemand(SimulationSettings settings)
    {
        var peak = 0.0;
        for (var second = 0.0; second < settings.Arrivals.Seconds; second += 60)
            peak = Math.Max(peak, settings.Arrivals.RateAt(second));
        return Math.Min(ScaleSpec.ReplicasMax, Oracles.Demand(peak, settings.ReplicaRate, 1));
    }

    // From one pool up to what one replica works off in the promised time: beyond that it promises to be late.
    private static IEnumerable<long> Lengths(SimulationSettings settings, double promisedSeconds)
    {
        long most = Math.Max(settings.PoolOrdersMax, (long)(settings.ReplicaRate * promisedSeconds));
        return new[] { settings.PoolOrdersMax, (settings.PoolOrdersMax + most) / 2, most }.Distinct();
    }

    private static IEnumerable<int> Minimums(int peak) =>
        new[] { 1, 2, Math.Max(1, peak / 4) }.Distinct().Where(min => min <= peak);

    private static IEnumerable<int> Maximums(int peak, int min) =>
        new[] { peak, (int)Math.Ceiling(peak * 1.25), (int)Math.Ceiling(peak * 1.6), peak * 2 }
            .Select(max => Math.Clamp(max, Math.Max(1, min), ScaleSpec.ReplicasMax)).Distinct();

    internal static ScaleSpec Spec(SimulationSettings settings, int min, int max, long length, int cronReplicas)
    {
        var stream = settings.Spec.Rules.OfType<RedisStreamsRule>().First() with { Target = length };
        IReadOnlyList<ScaleRule> rules = cronReplicas > 0 && Announced(settings, cronReplicas) is { } cron
            ? [stream, cron]
            : [stream];
        return settings.Spec with { MinReplicas = min, MaxReplicas = max, Rules = rules };
    }

    /// <summary>
    /// The hours that need more than half of the peak, from half an hour before: each day, in the clock of UTC.
    /// </summary>
    private static CronRule? Announced(SimulationSettings settings, int replicas)
    {
        double? from = null, until = null;
        for (var second = 0.0; second < settings.Arrivals.Seconds; second += 60)
        {
            var demand = settings.Arrivals.RateAt(second) / settings.ReplicaRate;
            if (demand <= replicas / 2.0) continue;
            var ofDay = (settings.Start.TimeOfDay.TotalSeconds + second) % 86_400;
            from = Math.Min(from ?? ofDay, ofDay);
            until = Math.Max(until ?? ofDay, ofDay);
        }
        if (from is null || until is null) return null;
        var (start, end) = (Line(Math.Max(0, from.Value - 1_800)), Line(Math.Min(86_340, until.Value + 60)));
        var window = CronWindow.Read("Etc/UTC", start, end, static (_, _) => { });
        return window is null ? null : new("announced", window, replicas);
    }

    private static string Line(double second) =>
        string.Create(CultureInfo.InvariantCulture, $"{(int)second % 3_600 / 60} {(int)second / 3_600} * * *");
}
