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
/// <param name="Pickers">Those who walk 1x at 80 %.</param>
internal sealed record Calibrated(
    double SharedRate, double NormalRate, double Cores, double ReplicaRate, int Pickers)
{
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

    /// <summary>Replicas that 10x needs at full use, and a quarter more to catch up with.</summary>
    internal static readonly int MaxReplicas = (int)Math.Ceiling(Scale * BusyAtNormal * 1.25);

    internal static double CoresOfReplicaMax => CoresMax / MaxReplicas;

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
            MaxReplicas = MaxReplicas,
            Cores = calibrated.Cores,
            ReplicaRate = calibrated.ReplicaRate,
            Toggle = plan == MatrixVerdict.Optimized,
            Labour = auto ? LabourPolicy.Flex(calibrated.Pickers) : new LabourPolicy(calibrated.Pickers),
            Cell = new CellOfMatrix(plan, replicas, scale),
        };
    }
}
