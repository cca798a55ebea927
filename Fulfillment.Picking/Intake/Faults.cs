using Fulfillment.Planning;
using Fulfillment.ServiceDefaults;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// Faults on purpose, where <see cref="FaultSwitches"/> are on: <see cref="StopAt"/> at <c>BeforeCommit</c> or
/// <c>AfterCommit</c> kills this process at that step of its first plan; <c>Fault:PoisonSku</c> makes the planning of
/// any pool with this SKU throw; <c>Fault:Optimizer</c> = <c>Lies</c> or <c>Throws</c> gives the optimized planner a
/// bug.
/// </summary>
internal sealed record Faults(StopAt StopAt, string? PoisonSku, string? Optimizer = null)
{
    internal const string Lies = "Lies";
    internal const string Throws = "Throws";
    internal const string BeforeCommit = "BeforeCommit";
    internal const string AfterCommit = "AfterCommit";

    internal static Faults None { get; } = new(StopAt.Nowhere, null);

    internal static Faults Read(IConfiguration configuration) => FaultSwitches.On
        ? new(StopAt.Read(configuration), configuration["Fault:PoisonSku"], configuration["Fault:Optimizer"])
        : None;

    internal void ThrowOn(string sku)
    {
        if (FaultSwitches.On && sku == PoisonSku)
            throw new InvalidOperationException("Poisoned on purpose (Fault:PoisonSku).");
    }

    /// <summary>The plan with a tour that is a millimetre shorter than it is walked.</summary>
    internal Plan Spoil(Plan plan)
    {
        if (!FaultSwitches.On) return plan;
        if (Optimizer == Throws) throw new InvalidOperationException("Broken on purpose (Fault:Optimizer).");
        if (Optimizer != Lies) return plan;
        var tour = plan.Tours[0] with { Distance = new(plan.Tours[0].Distance.Value - 1) };
        return plan with { Tours = [tour, .. plan.Tours.Skip(1)] };
    }
}
