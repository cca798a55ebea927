using Fulfillment.ServiceDefaults;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// Faults on purpose, for tests only: <see cref="StopAt"/> at <c>BeforeCommit</c> or <c>AfterCommit</c> kills this
/// process at that step of its first plan; <c>Fault:PoisonSku</c> makes the planning of any pool with this SKU throw.
/// </summary>
internal sealed record Faults(StopAt StopAt, string? PoisonSku)
{
    internal const string BeforeCommit = "BeforeCommit";
    internal const string AfterCommit = "AfterCommit";

    internal static Faults None { get; } = new(StopAt.Nowhere, null);

    internal static Faults Read(IConfiguration configuration) =>
        new(StopAt.Read(configuration), configuration["Fault:PoisonSku"]);

    internal void ThrowOn(string sku)
    {
        if (sku == PoisonSku) throw new InvalidOperationException("Poisoned on purpose (Fault:PoisonSku).");
    }
}
