using System.Globalization;
using Fulfillment.Surge.Report;

namespace Fulfillment.Surge.Simulate;

/// <summary>What a live run's report tells a simulation, and how far the simulation was from it.</summary>
internal static class LiveRun
{
    /// <summary>
    /// Takes the planner's cost and the start-up delay from a run: the rate that it states for a replica, else orders
    /// planned a second and ready replica while work waited; its start-up, else the median wait from asked to ready.
    /// Adds a line for everything that it took, or could not.
    /// </summary>
    internal static SimulationSettings Calibrate(SimulationSettings settings, SurgeReport live, Action<string> say)
    {
        settings = settings with
        {
            PoolOrdersMax = (int)(Setting(live, "poolOrdersMax") ?? settings.PoolOrdersMax),
            PoolWaitSeconds = Setting(live, "poolWaitSeconds") ?? settings.PoolWaitSeconds,
            Cost = settings.Cost with { Quota = Setting(live, "cpuQuota") ?? settings.Cost.Quota },
        };
        if ((Setting(live, "replicaRate") ?? ReplicaRate(live, settings.PoolOrdersMax)) is { } rate)
        {
            // The pool's own part cannot be told apart from one run; a full pool is planned at the rate seen.
            var perOrder = settings.Cost.Quota / rate;
            settings = settings with { Cost = new(0, perOrder, 0, settings.Cost.Quota) };
            say(string.Create(CultureInfo.InvariantCulture,
                $"calibrated: a replica plans {rate:0.##} orders/s, {perOrder:0.####} CPU s an order at "
                    + $"{settings.Cost.Quota} cores"));
        }
        else say("not calibrated: the run neither had full pools waiting nor states a rate; the stated cost stands");
        if ((Setting(live, "startupSeconds") ?? StartupDelay(live)) is not { } delay) return settings;
        say(string.Create(CultureInfo.InvariantCulture,
            $"calibrated: a replica is up {delay:0.##} s after it is asked for"));
        return settings with { StartupSeconds = delay };
    }

    /// <summary>
    /// The live run's arrivals, under its rules and constants compressed as its were. Its bounds hold unless others
    /// were asked for.
    /// </summary>
    /// <exception cref="ArgumentException">The report holds no arrivals.</exception>
    internal static SimulationSettings Replay(SimulationSettings settings, SurgeReport live, bool itsBounds)
    {
        var spec = settings.Spec;
        if (live.Settings.TryGetValue("rules", out var names))
        {
            var its = names.Split(", ");
            spec = spec with { Rules = [.. spec.Rules.Where(rule => its.Contains(rule.Name))] };
        }

        if (itsBounds && Setting(live, "maxReplicas") is { } most)
            spec = spec with { MinReplicas = (int)(Setting(live, "minReplicas") ?? 1), MaxReplicas = (int)most };
        return settings with
        {
            Arrivals = Arrivals.Of(live) ?? throw new ArgumentException("The live run's report holds no arrivals."),
            Spec = spec.Compress(live.Compression),
            Autoscaler = settings.Autoscaler.Compress(Math.Max(1, live.Compression)),
            StepSeconds = settings.StepSeconds / Math.Max(1, live.Compression),
            FeedSeconds = settings.FeedSeconds / Math.Max(1, live.Compression),
        };
    }

    /// <summary>
    /// Orders planned over the ready replicas' seconds, summed over the intervals at both ends of which a full pool
    /// waited, so that nobody was idle: one interval says nothing, because pools end in lumps. What came in hand
    /// meanwhile counts half: it is half done on average. Null where no interval was busy.
    /// </summary>
    internal static double? ReplicaRate(SurgeReport live, int poolOrdersMax)
    {
        var (planned, workerSeconds) = (0.0, 0.0);
        for (var index = 1; index < live.Backlog.Count; index++)
        {
            var (before, after) = (live.Backlog[index - 1], live.Backlog[index]);
            var seconds = after.T - before.T;
            var busy = before.Waiting >= poolOrdersMax && after.Waiting >= poolOrdersMax;
            if (seconds <= 0 || !busy) continue;
            var workers = live.Replicas.LastOrDefault(row => row.T <= before.T) is { } row ? row.Ready ?? row.Count : 0;
            var arrived = live.Arrivals.FirstOrDefault(at => at.T >= after.T)?.PerSecond * seconds;
            if (workers <= 0 || arrived is not { } came) continue;
            planned += came + before.Total - after.Total + ((after.InFlight - before.InFlight) / 2);
            workerSeconds += workers * seconds;
        }
        return planned > 0 ? planned / workerSeconds : null;
    }

    internal static double? StartupDelay(SurgeReport live)
    {
        var delays = new List<double>();
        for (var index = 1; index < live.Replicas.Count; index++)
        {
            var asked = live.Replicas[index];
            if (asked.Desired <= live.Replicas[index - 1].Desired || asked.Ready is null) continue;
            var up = live.Replicas.Skip(index).FirstOrDefault(row => row.Ready >= asked.Desired);
            if (up is not null) delays.Add(up.T - asked.T);
        }
        return Median(delays);
    }

    /// <param name="AreaError">Of the area under the backlog curve, signed, as a share of the live one.</param>
    /// <param name="PeakError">Of its highest point, likewise.</param>
    internal sealed record Comparison(double AreaError, double PeakError);

    /// <summary>Null where the live run had no backlog to compare.</summary>
    internal static Comparison? Compare(IReadOnlyList<BacklogAt> simulated, IReadOnlyList<BacklogAt> live)
    {
        if (live.Count < 2 || simulated.Count < 2) return null;
        var (area, peak) = (Area(live), live.Max(at => at.Total));
        return area <= 0 || peak <= 0
            ? null
            : new((Area(simulated) / area) - 1, (simulated.Max(at => at.Total) / peak) - 1);
    }

    /// <summary>Order-seconds, by trapezoids.</summary>
    internal static double Area(IReadOnlyList<BacklogAt> curve)
    {
        var area = 0.0;
        for (var index = 1; index < curve.Count; index++)
            area += (curve[index].T - curve[index - 1].T) * (curve[index].Total + curve[index - 1].Total) / 2;
        return area;
    }

    private static double? Setting(SurgeReport live, string name) =>
        live.Settings.TryGetValue(name, out var text)
        && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

    private static double? Median(List<double> values)
    {
        if (values.Count == 0) return null;
        values.Sort();
        return values[values.Count / 2];
    }
}
