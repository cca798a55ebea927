using System.Diagnostics;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// Takes an order out of its batch and puts it into another (Henn and Waescher 2012, doi 10.1016/j.ejor.2012.05.049).
/// </summary>
internal static class Relocate
{
    internal readonly record struct Step(int Order, int To, int FromCost, int ToCost, int Delta, long Charge = 0);

    /// <summary>The change in millimetres, or null when the order does not fit.</summary>
    internal static Step? Evaluate(Batches batches, int order, int to)
    {
        var from = batches.Of[order];
        if (from == to || !batches.Fits(to, 1, batches.LoadOf(order))) return null;
        var fromCost = batches.CostWith(from, order, -1);
        var toCost = batches.CostWith(to, -1, order);
        var delta = fromCost + toCost - batches.Costs[from] - batches.Costs[to];
        var load = batches.LoadOf(order);
        var charge = batches.OverloadCharge(from, -load) + batches.OverloadCharge(to, load);
        return new(order, to, fromCost, toCost, delta, charge);
    }

    internal static void Apply(Batches batches, Step step)
    {
        var before = batches.TotalMm;
        batches.Remove(step.Order, step.FromCost);
        batches.Insert(step.Order, step.To, step.ToCost);
        Debug.Assert(batches.TotalMm - before == step.Delta, "A move must cost what it said.");
    }
}
