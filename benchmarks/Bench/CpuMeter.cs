using System.Globalization;
using Fulfillment.Surge.Replicas;

namespace Fulfillment.Bench;

/// <summary>
/// CPU time used by this process and all under it, and by everybody else, out of /proc (proc(5)). Elsewhere than on
/// Linux it reads zero.
/// </summary>
internal readonly record struct CpuMeter(double OwnSeconds, double BusySeconds)
{
    private const int LooksMax = 100;

    internal static CpuMeter Read() => Read(Environment.ProcessId);

    /// <summary>Of another process than this one, and all under it.</summary>
    internal static CpuMeter Read(int root) => OperatingSystem.IsLinux() && CpuClock.OfHost() is { } host
        ? new(OwnTree(root), host.Busy / CpuClock.TicksPerSecond)
        : default;

    /// <summary>What was used since; <c>Others</c> is what the machine did that is none of ours, in seconds.</summary>
    internal (double Own, double Others) Since(CpuMeter earlier)
    {
        var own = OwnSeconds - earlier.OwnSeconds;
        return (own, Math.Max(0, BusySeconds - earlier.BusySeconds - own));
    }

    // A child that has ended stands in its parent's cutime. One that ends between the look at its parent and the look
    // at itself would stand nowhere, so all are looked at until nobody has come or gone meanwhile.
    private static double OwnTree(int root)
    {
        var seen = Ours(root);
        for (var look = 1; look < LooksMax; look++)
        {
            var again = Ours(root);
            if (again.Count == seen.Count && again.Keys.All(seen.ContainsKey)) return Seconds(again);
            seen = again;
        }

        return Seconds(seen);
    }

    private static double Seconds(Dictionary<int, double> ticks) => ticks.Values.Sum() / CpuClock.TicksPerSecond;

    private static Dictionary<int, double> Ours(int root)
    {
        var parents = new Dictionary<int, int>();
        var used = new Dictionary<int, double>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid)) continue;
            if (CpuClock.StatOf(pid) is not { } cells) continue;
            parents[pid] = int.Parse(cells[1], CultureInfo.InvariantCulture);
            used[pid] = Ticks(cells[11]) + Ticks(cells[12]) + Ticks(cells[13]) + Ticks(cells[14]);
        }

        return used.Where(process => IsOurs(process.Key, parents, root)).ToDictionary();
    }

    private static bool IsOurs(int pid, Dictionary<int, int> parents, int root)
    {
        for (var at = pid; at > 1; at = parents.GetValueOrDefault(at))
        {
            if (at == root) return true;
        }

        return false;
    }

    private static double Ticks(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);
}
