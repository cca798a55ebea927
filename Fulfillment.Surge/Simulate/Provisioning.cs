using Fulfillment.Surge.Report;

namespace Fulfillment.Surge.Simulate;

/// <summary>
/// How far supply was from demand, step by step. Accuracies and time shares after N. R. Herbst, S. Kounev, R. Reussner,
/// "Elasticity in Cloud Computing: What It Is, and What It Is Not", ICAC 2013; the speedup after N. Herbst et al.,
/// "Quantifying Cloud Performance and Dependability", ACM TOMPECS 3(4), 2018, doi:10.1145/3236332.
/// </summary>
public sealed class Provisioning
{
    private readonly Dictionary<double, long> stepsOfDemand = [];
    private double under, over, supplied;
    private long steps, underSteps, overSteps;

    /// <summary>One step of equal length.</summary>
    public void Add(double demand, double supply)
    {
        steps++;
        supplied += supply;
        under += Math.Max(0, demand - supply);
        over += Math.Max(0, supply - demand);
        if (supply < demand) underSteps++;
        if (supply > demand) overSteps++;
        stepsOfDemand[demand] = stepsOfDemand.GetValueOrDefault(demand) + 1;
    }

    /// <summary>
    /// The figures, with the speedup over a fixed supply of the same mean, which is what the same replica-seconds buy
    /// without an autoscaler. (A fixed supply at the minimum is never too much, and a ratio to nothing says nothing.)
    /// The speedup is left out where one of the eight figures is zero.
    /// </summary>
    public Elasticity Figures()
    {
        if (steps == 0) return new(0, 0, 0, 0, null);
        var mine = new Elasticity(
            under / steps, over / steps, (double)underSteps / steps, (double)overSteps / steps, null);
        var unmoved = Unmoved(supplied / steps);
        double[] ratios =
        [
            unmoved.UnderAccuracy / mine.UnderAccuracy, unmoved.OverAccuracy / mine.OverAccuracy,
            unmoved.UnderTimeShare / mine.UnderTimeShare, unmoved.OverTimeShare / mine.OverTimeShare,
        ];
        return ratios.All(ratio => double.IsFinite(ratio) && ratio > 0)
            ? mine with { ElasticSpeedup = Math.Pow(ratios.Aggregate(1.0, (product, ratio) => product * ratio), 0.25) }
            : mine;
    }

    private Elasticity Unmoved(double supply) => new(
        Mean(demand => Math.Max(0, demand - supply)), Mean(demand => Math.Max(0, supply - demand)),
        Mean(demand => demand > supply ? 1 : 0), Mean(demand => demand < supply ? 1 : 0), null);

    private double Mean(Func<double, double> of) =>
        stepsOfDemand.Sum(entry => of(entry.Key) * entry.Value) / steps;
}
