using Fulfillment.Planning;

namespace Fulfillment.Picking.Intake;

/// <summary>Which planner plans a pool: the one place that decides.</summary>
internal static class PlannerChoice
{
    internal static PlanningOutcome Plan(PlanningProblem problem) => BaselinePlanner.Plan(problem);
}
