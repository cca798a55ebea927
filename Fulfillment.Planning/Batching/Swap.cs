using System.Diagnostics;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// Exchanges two orders of different batches (Henn and Waescher 2012, doi 10.1016/j.ejor.2012.05.049).
/// </summary>
internal static class Swap
{
    internal readonly record struct Step(int One, int Other, int OneCost, int OtherCost, int Delta, long Charge = 0);

    /// <summary>The change in millimetres, or null when one of them does not fit in the place of the other or the
    /// change and what overload is charged come to more than <paramref name="mostMm"/>.</summary>
    internal static Step? Evaluate(Batches batches, int one, int other, long mostMm = long.MaxValue)
    {
        int a = batches.Of[one], b = batches.Of[other];
        var heavier = batches.LoadOf(other) - batches.LoadOf(one);
        if (a == b || !batches.Fits(a, 0, heavier) || !batches.Fits(b, 0, -heavier)) return null;
        var charge = batches.OverloadCharge(a, heavier) + batches.OverloadCharge(b, -heavier);
        var oneCost = batches.CostWith(a, one, other);
        // The other tour is no shorter than its new order's own, and gives up no more than its old order's own.
        var otherLeast = Math.Max(batches.Pool.Alone[one], batches.Costs[b] - batches.Pool.Alone[other]);
        if (oneCost + otherLeast - batches.Costs[a] - batches.Costs[b] + charge > mostMm) return null;
        var otherCost = batches.CostWith(b, other, one);
        var delta = oneCost + otherCost - batches.Costs[a] - batches.Costs[b];
        if (delta + charge > mostMm) return null;
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
