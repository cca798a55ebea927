using System.Diagnostics.CodeAnalysis;

namespace Fulfillment.ServiceDefaults;

/// <summary>
/// Faults on purpose exist for tests alone. The switch <c>Fulfillment.Faults</c> stands at false in what is built; a
/// test starts a service under a runtime configuration of its own. Publishing trims what hangs on it: no setting of a
/// published service can make it fail.
/// </summary>
public static class FaultSwitches
{
    /// <summary>The name of the switch.</summary>
    public const string Name = "Fulfillment.Faults";

    /// <summary>Settings that begin with <c>Fault:</c> have an effect.</summary>
    [FeatureSwitchDefinition(Name)]
    public static bool On => AppContext.TryGetSwitch(Name, out var on) && on;
}
