using System.Diagnostics;
using Microsoft.Extensions.Configuration;

namespace Fulfillment.ServiceDefaults;

/// <summary>
/// A crash on purpose, for tests only: the process kills itself (SIGKILL) when it reaches the step that the setting
/// <c>Fault:StopAt</c> names, where <see cref="FaultSwitches"/> are on.
/// </summary>
public sealed record StopAt(string? Step)
{
    /// <summary>No step is named.</summary>
    public static StopAt Nowhere { get; } = new((string?)null);

    /// <summary>What the settings name.</summary>
    public static StopAt Read(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return FaultSwitches.On ? new(configuration["Fault:StopAt"]) : Nowhere;
    }

    /// <summary>Ends the process if this is the step.</summary>
    public void Reached(string step)
    {
        if (!FaultSwitches.On || Step != step) return;
        using var self = Process.GetCurrentProcess();
        self.Kill(); // the kernel ends us before this call returns
    }
}
