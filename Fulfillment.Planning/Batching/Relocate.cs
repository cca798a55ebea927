using System.Diagnostics;

namespace Fulfillment.Planning.Batching;

/// <summary>
/// Takes an order out of its batch and puts it into another (Henn and Waescher 2012, doi 10.1016/j.ejor.2012.05.049).
/// </summary>
internal static class Relocate
{
    internal readonly record struct Step(int Order, int To, int FromCost, int ToCost, int Delta, long Charge = 0);

    /// <summary>The change in millimetres, or null when the order does not fit or the change and what overload is
    /// charged come to more than <paramref name="mostMm"/>.</summary>
    internal static Step? Evaluate(Batches batches, int order, int to, long mostMm = long.MaxValue)
    {
        var from = batches.Of[order];
        if (from == to || !batches.Fits(to, 1, batches.LoadOf(order))) return null;
        var load = batches.LoadOf(order);
        var charge = batches.OverloadCharge(from, -load) + batches.OverloadCharge(to, load);
        var fromCost = batches.CostWith(from, order, -1);
        // No tour is shorter for an order more, nor than that order's own: often enough to know without pricing it.
        var toLeast = Math.Max(batches.Costs[to], batches.Pool.Alone[order]);
        if (fromCost + toLeast - batches.Costs[from] - batches.Costs[to] + charge > mostMm) return null;
        var toCost = batches.CostWith(to, -1, order);
        var delta = fromCost + toCost - batches.Costs[from] - batches.Costs[to];
        if (delta + charge > mostMm) return null;
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
