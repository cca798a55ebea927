using Fulfillment.Surge.Report;

namespace Fulfillment.Surge.Simulate;

/// <summary>
/// How far supply was from demand, step by step. Accuracies and time shares after N. R. Herbst, S. Kounev, R. Reussner,
/// "Elasticity in Cloud Computing: What It Is, and What It Is Not", ICAC 2013; the speedup after N. Herbst et al.,
/// "Quantifying Cloud Performance and Dependability", ACM TOMPECS 3(4), 2018, doi:10.1145/3236332.
/// </summary>
public sealed class Provisioning
{
    private double under, over;
    private long steps, underSteps, overSteps;

    /// <summary>One step of equal length.</summary>
    public void Add(double demand, double supply)
    {
        steps++;
        under += Math.Max(0, demand - supply);
        over += Math.Max(0, supply - demand);
        if (supply < demand) underSteps++;
        if (supply > demand) overSteps++;
    }

    /// <summary>The figures, with the speedup over <paramref name="fixedSupply"/> for the same demand.</summary>
    public Elasticity Against(Provisioning fixedSupply)
    {
        var (mine, other) = (Figures(), fixedSupply.Figures());
        double[] ratios =
        [
            other.UnderAccuracy / mine.UnderAccuracy, other.OverAccuracy / mine.OverAccuracy,
            other.UnderTimeShare / mine.UnderTimeShare, other.OverTimeShare / mine.OverTimeShare,
        ];
        // The geometric mean says nothing once one of the eight is zero: a fixed one at the minimum never has too much.
        return ratios.All(ratio => double.IsFinite(ratio) && ratio > 0)
            ? mine with { ElasticSpeedup = Math.Pow(ratios.Aggregate(1.0, (product, ratio) => product * ratio), 0.25) }
            : mine;
    }

    private Elasticity Figures()
    {
        var count = Math.Max(1, steps);
        return new(under / count, over / count, (double)underSteps / count, (double)overSteps / count, null);
    }
}
