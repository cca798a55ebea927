using System.Globalization;

namespace Fulfillment.Surge.Replicas;

/// <summary>What the kernel has counted: CPU seconds of a process, and how busy the whole host is.</summary>
internal static class CpuClock
{
    // USER_HZ, 100 on every Linux that .NET runs on (getconf CLK_TCK).
    internal const double TicksPerSecond = 100;

    /// <summary>User and system seconds since its start; null where it is gone or this is no Linux.</summary>
    internal static double? SecondsOf(int pid) =>
        StatOf(pid) is { } fields ? (Number(fields[11]) + Number(fields[12])) / TicksPerSecond : null;

    /// <summary>The fields of /proc/pid/stat from the state on (0; the parent is 1); null where it is gone.</summary>
    internal static string[]? StatOf(int pid)
    {
        try
        {
            // "pid (name) state ...": the name may hold anything, so what counts stands behind the last bracket.
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Busy and all CPU ticks of the host so far; null where it does not tell.</summary>
    internal static (double Busy, double All)? OfHost()
    {
        try
        {
            var line = File.ReadLines("/proc/stat").First();
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(Number).ToList();
            var idle = fields[3] + fields[4];
            return (fields.Sum() - idle, fields.Sum());
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Share of all cores in use between two readings, 0..1.</summary>
    internal static double? BusyShare((double Busy, double All)? before, (double Busy, double All)? after) =>
        before is { } from && after is { } to && to.All > from.All ? (to.Busy - from.Busy) / (to.All - from.All) : null;

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
