using System.Diagnostics;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// Faults on purpose, for tests only: <c>Fault:StopAt</c> = <c>BeforeCommit</c> or <c>AfterCommit</c> kills this
/// process (SIGKILL) at that step of its first plan; <c>Fault:PoisonSku</c> makes the planning of any pool with this
/// SKU throw.
/// </summary>
internal sealed record Faults(string? StopAt, string? PoisonSku)
{
    internal const string BeforeCommit = "BeforeCommit";
    internal const string AfterCommit = "AfterCommit";

    internal static Faults Read(IConfiguration configuration) =>
        new(configuration["Fault:StopAt"], configuration["Fault:PoisonSku"]);

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
}
