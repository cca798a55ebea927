using Fulfillment.Hosting;

namespace Fulfillment.Surge.Chaos.Faults;

/// <summary>All kinds there are, the settings that rule them, and how a fault draws its victim.</summary>
internal static class Rules
{
    internal static IReadOnlyList<FaultKind> Kinds { get; } =
        [.. ProcessFaults.All, .. RedisFaults.All, .. EntryFaults.All, .. PostgresFaults.All, .. FloorFaults.All];

    internal static (string Setting, TimeSpan Time) Claim(ChaosSettings settings) =>
        ("Claim:AfterMilliseconds", settings.ClaimAfter);

    internal static (string Setting, TimeSpan Time) Sweep(ChaosSettings settings) =>
        ("Queue:SweepMilliseconds", settings.SweepEvery);

    internal static (string Setting, TimeSpan Time) Lease(ChaosSettings settings) =>
        ("Lease:Milliseconds", settings.Lease);

    internal static Child One(this Strike strike, IEnumerable<Child> among)
    {
        var running = among.Where(child => child.Running).ToList();
        if (running.Count == 0) throw new HostingException($"{strike.Fault.Kind}: nothing runs that it could hit");
        return running[strike.Random.Below(running.Count)];
    }

    internal static T One<T>(this Strike strike, IReadOnlyList<T> among) => among[strike.Random.Below(among.Count)];
}
