using System.Diagnostics;
using Fulfillment.Planning;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// Faults on purpose, for tests only: <c>Fault:StopAt</c> = <c>BeforeCommit</c> or <c>AfterCommit</c> kills this
/// process (SIGKILL) at that step of its first plan; <c>Fault:PoisonSku</c> makes the planning of any pool with this
/// SKU throw; <c>Fault:Optimizer</c> = <c>Lies</c> or <c>Throws</c> gives the optimized planner a bug.
/// </summary>
internal sealed record Faults(string? StopAt, string? PoisonSku, string? Optimizer = null)
{
    internal const string Lies = "Lies";
    internal const string Throws = "Throws";
    internal const string BeforeCommit = "BeforeCommit";
    internal const string AfterCommit = "AfterCommit";

    internal static Faults Read(IConfiguration configuration) =>
        new(configuration["Fault:StopAt"], configuration["Fault:PoisonSku"], configuration["Fault:Optimizer"]);

    internal void DieAt(string step)
    {
        if (StopAt != step) return;
        using var self = Process.GetCurrentProcess();
        self.Kill(); // the kernel ends us before this call returns
    }

    internal void ThrowOn(string sku)
    {
        if (sku == PoisonSku) throw new InvalidOperationException("Poisoned on purpose (Fault:PoisonSku).");
    }

    /// <summary>The plan with a tour that is a millimetre shorter than it is walked.</summary>
    internal Plan Spoil(Plan plan)
    {
        if (Optimizer == Throws) throw new InvalidOperationException("Broken on purpose (Fault:Optimizer).");
        if (Optimizer != Lies) return plan;
        var tour = plan.Tours[0] with { Distance = new(plan.Tours[0].Distance.Value - 1) };
        return plan with { Tours = [tour, .. plan.Tours.Skip(1)] };
    }
}
