using Fulfillment.Surge.Labour;
using Fulfillment.Surge.Live;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Report;

namespace Fulfillment.Surge.Matrix;

/// <summary>What the calibration gave, from which every cell is made.</summary>
/// <param name="SharedRate">Orders a second that intake, Postgres, floor and load bear together.</param>
/// <param name="NormalRate">1x.</param>
/// <param name="Cores">Share of one replica.</param>
/// <param name="ReplicaRate">Orders a second that one replica plans with it, by the baseline plan.</param>
/// <param name="OptimizedRate">The same by the optimized plan under load.</param>
/// <param name="Pickers">Those who walk 1x at 80 %.</param>
internal sealed record Calibrated(
    double SharedRate, double NormalRate, double Cores, double ReplicaRate, double OptimizedRate, int Pickers)
{
    internal double RateOf(string plan) => plan == MatrixVerdict.Optimized ? OptimizedRate : ReplicaRate;

    /// <summary>
    /// The rule's maximum for a plan: replicas that 10x needs by what one of them plans, and a quarter more to catch
    /// up with. The share is the baseline's for both: an order that costs more takes more replicas, not larger ones.
    /// </summary>
    internal int MaxReplicasOf(string plan) => Math.Clamp(
        (int)Math.Ceiling(NormalRate * MatrixPlan.Scale / RateOf(plan) * MatrixPlan.DrainMargin), 1,
        Math.Max(1, Math.Min(MatrixPlan.ReplicasMax, (int)(MatrixPlan.CoresMax / Cores))));

    /// <summary>10x is half of what the shared parts bear, 1x a tenth of 10x.</summary>
    internal static double NormalOf(double sharedRate) => sharedRate / 2 / MatrixPlan.Scale;

    /// <summary>One replica is busy to 60 % at 1x.</summary>
    internal static double ReplicaRateOf(double normalRate) => normalRate / MatrixPlan.BusyAtNormal;
}

/// <summary>The eight cells: {baseline, optimized} x {fixed, auto} at 1x and 10x.</summary>
internal static class MatrixPlan
{
    internal const double Scale = 10;
    internal const double BusyAtNormal = 0.6;

    /// <summary>All replicas together: the shared parts need the rest of the machine.</summary>
    internal const double CoresMax = 0.8;

    internal const double DrainMargin = 1.25;

    /// <summary>Processes of Picking that this machine's memory and the cluster's connections bear.</summary>
    internal const int ReplicasMax = 40;

    /// <summary>So that the baseline's replicas at 10x, and a quarter more, stay within the limit.</summary>
    internal static double CoresOfReplicaMax => CoresMax / Math.Ceiling(Scale * BusyAtNormal * DrainMargin);

    /// <param name="options">Profile, phases and compression are taken; what makes a cell is set.</param>
    /// <param name="calibrated">Rates, share and hands.</param>
    /// <param name="plans">Which of the two plans to run.</param>
    internal static IEnumerable<PhasedOptions> Cells(
        PhasedOptions options, Calibrated calibrated, IReadOnlyList<string> plans)
    {
        foreach (var scale in new[] { 1.0, Scale })
        {
            foreach (var plan in plans)
            {
                foreach (var replicas in new[] { MatrixVerdict.Fixed, MatrixVerdict.Auto })
                    yield return Cell(options, calibrated, plan, replicas, scale);
            }
        }
    }

    private static PhasedOptions Cell(
        PhasedOptions options, Calibrated calibrated, string plan, string replicas, double scale)
    {
        var (phases, auto) = (options.Phases, replicas == MatrixVerdict.Auto);
        return options with
        {
            Scale = scale,
            Phases = PhasedProfile.Phases(
                options.Profile, phases.Normal, phases.Surge, phases.After, calibrated.NormalRate, scale),
            FixedReplicas = auto ? null : 1,
            MaxReplicas = calibrated.MaxReplicasOf(plan),
            Cores = calibrated.Cores,
            ReplicaRate = calibrated.RateOf(plan),
            Toggle = plan == MatrixVerdict.Optimized,
            Labour = auto ? LabourPolicy.Flex(calibrated.Pickers) : new LabourPolicy(calibrated.Pickers),
            Cell = new CellOfMatrix(plan, replicas, scale),
        };
    }
}
