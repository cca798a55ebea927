using System.Buffers.Binary;
using Fulfillment.Planning;

namespace Fulfillment.Picking.Intake;

/// <summary>Whose plan it is. The names stand in the column <c>planner</c> and on the metrics.</summary>
internal static class Planners
{
    internal const string Baseline = "baseline";
    internal const string Optimized = "optimized";
}

/// <summary>How a pool, or the part of it on one side of the toggle, is to be planned.</summary>
internal readonly record struct PlanOrder(bool Optimized, bool Shadow, Rung Rung, ulong Seed, Budget Budget);

/// <summary>
/// A plan with all that makes it again, and what the other planner would have walked when it was asked.
/// </summary>
internal sealed record ChosenPlan(
    string Planner, PlanOrder Order, PlanningProblem Problem, Plan Plan, long? ShadowMm, TimeSpan Time);

/// <summary>Which planner plans, and what is done when the optimized one fails: the one place that decides.</summary>
internal sealed partial class PlannerChoice(
    PickingSettings settings, Faults faults, PickingTelemetry telemetry, TimeProvider clock, ILogger<PlannerChoice> log)
{
    /// <summary>Either a <see cref="ChosenPlan"/>, or why there is none.</summary>
    /// <param name="problem">The pool.</param>
    /// <param name="order">How to plan it.</param>
    /// <param name="guard">Ends the search early; the plan is then the best one so far.</param>
    internal (ChosenPlan? Chosen, PlanningOutcome.Refused? Refused) Plan(
        PlanningProblem problem, PlanOrder order, CancellationToken guard)
    {
        var started = clock.GetTimestamp();
        if (order.Optimized && TryOptimize(problem, order, guard, out var outcome))
        {
            if (outcome is PlanningOutcome.Refused no) return (null, no);
            var optimized = ((PlanningOutcome.Planned)outcome!).Plan;
            var time = clock.GetElapsedTime(started);
            if (!IsSampled(order.Seed) || Holds(problem, optimized, Planners.Optimized))
            {
                var baseline = order.Shadow ? MetresOf(BaselinePlanner.Plan(problem)) : null;
                return (new(Planners.Optimized, order, problem, optimized, baseline, time), null);
            }
        }

        switch (BaselinePlanner.Plan(problem))
        {
            case PlanningOutcome.Planned { Plan: var plan }:
                var time = clock.GetElapsedTime(started);
                // There is nothing to fall back on: the releases are tried alone, and end where somebody looks.
                if (IsSampled(order.Seed) && !Holds(problem, plan, Planners.Baseline))
                    throw new InvalidOperationException("The baseline plan does not hold.");
                return (new(Planners.Baseline, order, problem, plan, ShadowOf(problem, order, guard), time), null);
            case PlanningOutcome.Refused refused:
                return (null, refused);
            default:
                throw new InvalidOperationException("A pool is planned or refused.");
        }
    }

    /// <summary>
    /// From the releases alone, in their order: the same pool has the same seed on every replica and each time.
    /// </summary>
    internal static ulong SeedOf(IEnumerable<ReleaseId> releases)
    {
        var hash = Fnv1a.Start;
        Span<byte> key = stackalloc byte[20];
        foreach (var release in releases)
        {
            release.OrderId.TryWriteBytes(key, bigEndian: true, out _);
            BinaryPrimitives.WriteInt32BigEndian(key[16..], release.ReleaseNo);
            hash = Fnv1a.Add(hash, key);
        }

        return hash;
    }

    // By the upper bits: those of the lower that FNV mixes least do not choose.
    private bool IsSampled(ulong seed) => (seed >> 32) % (ulong)settings.VerifyOneIn == 0;

    /// <summary>
    /// The baseline takes less than a millisecond and is computed in shadow on every rung. A search is not: below the
    /// rung Full its time belongs to the orders that wait.
    /// </summary>
    private long? ShadowOf(PlanningProblem problem, PlanOrder order, CancellationToken guard) =>
        order is { Shadow: true, Optimized: false, Rung: Rung.Full }
        && TryOptimize(problem, order, guard, out var other)
            ? MetresOf(other!)
            : null;

    private static long? MetresOf(PlanningOutcome outcome) =>
        outcome is PlanningOutcome.Planned { Plan: var plan } ? plan.Distance.Value : null;

    /// <summary>False when the planner has a bug: it is told, and the floor goes on with the baseline.</summary>
    private bool TryOptimize(
        PlanningProblem problem, PlanOrder order, CancellationToken guard, out PlanningOutcome? outcome)
    {
        try
        {
            outcome = OptimizedPlanner.Plan(problem, order.Budget, order.Seed, stop: guard);
            if (outcome is PlanningOutcome.Planned { Plan: var plan })
                outcome = new PlanningOutcome.Planned(faults.Spoil(plan));
            return true;
        }
#pragma warning disable CA1031 // Whatever it is, there is another planner, and orders wait.
        catch (Exception bug)
#pragma warning restore CA1031
        {
            telemetry.Verified(Planners.Optimized, PickingTelemetry.Threw);
            OptimizerFailed(log, bug, problem.Orders.Count, order.Seed, order.Budget.Units);
            outcome = null;
            return false;
        }
    }

    private bool Holds(PlanningProblem problem, Plan plan, string planner)
    {
        var faultsFound = PlanVerifier.FaultsIn(problem, plan);
        telemetry.Verified(planner, faultsFound.Count == 0 ? PickingTelemetry.Held : PickingTelemetry.Refuted);
        if (faultsFound.Count == 0) return true;
        PlanRefuted(log, planner, plan.Seed, plan.UnitsSpent, faultsFound.Count, faultsFound[0].Fault,
            faultsFound[0].What);
        return false;
    }

    [LoggerMessage(1, LogLevel.Error,
        "The optimized planner failed on {Orders} orders (seed {Seed}, {Units} units); the baseline plans them")]
    private static partial void OptimizerFailed(ILogger log, Exception bug, int orders, ulong seed, long units);

    [LoggerMessage(2, LogLevel.Error,
        "A {Planner} plan (seed {Seed}, {Units} units) has {Faults} faults and is not used; the first: {Fault} {What}")]
    private static partial void PlanRefuted(
        ILogger log, string planner, ulong seed, long units, int faults, PlanFault fault, string what);
}
