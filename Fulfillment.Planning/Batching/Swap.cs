using System.Diagnostics;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// Exchanges two orders of different batches (Henn and Waescher 2012, doi 10.1016/j.ejor.2012.05.049).
/// </summary>
internal static class Swap
{
    internal readonly record struct Step(int One, int Other, int OneCost, int OtherCost, int Delta, long Charge = 0);

    /// <summary>The change in millimetres, or null when one of them does not fit in the place of the other.</summary>
    internal static Step? Evaluate(Batches batches, int one, int other)
    {
        int a = batches.Of[one], b = batches.Of[other];
        var heavier = batches.LoadOf(other) - batches.LoadOf(one);
        if (a == b || !batches.Fits(a, 0, heavier) || !batches.Fits(b, 0, -heavier)) return null;
        var oneCost = batches.CostWith(a, one, other);
        var otherCost = batches.CostWith(b, other, one);
        var delta = oneCost + otherCost - batches.Costs[a] - batches.Costs[b];
        var charge = batches.OverloadCharge(a, heavier) + batches.OverloadCharge(b, -heavier);
        return new(one, other, oneCost, otherCost, delta, charge);
    }

    internal static void Apply(Batches batches, Step step)
    {
        var before = batches.TotalMm;
        int a = batches.Of[step.One], b = batches.Of[step.Other];
        batches.Remove(step.One, batches.Costs[a]);
        batches.Remove(step.Other, batches.Costs[b]);
        batches.Insert(step.Other, a, step.OneCost);
        batches.Insert(step.One, b, step.OtherCost);
        Debug.Assert(batches.TotalMm - before == step.Delta, "A move must cost what it said.");
    }
}
