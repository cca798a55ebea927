using System.Globalization;

namespace Fulfillment.Surge.Replicas;

/// <summary>
/// Gives a process a share of a core through the kernel's bandwidth control, as a container's cpu limit does: cgroup v2
/// (cpu.max) or v1 (cpu.cfs_quota_us), where this user may write; by a <see cref="CpuPacer"/> where it may not. The
/// folders go when this is disposed.
/// </summary>
internal sealed class CpuShares : IDisposable
{
    // A short period: with Kubernetes' 100 ms a share of 0.05 would be 5 ms of work and then 95 ms of silence.
    internal const int PeriodMicrosMin = 20_000;

    private static readonly TimeSpan EmptyWithin = TimeSpan.FromSeconds(2);
    private const string Prefix = "fulfillment-surge-";
    private static int opened;

    // The kernel refuses quotas under 1 ms (min_cfs_quota_period).
    private const int QuotaMicrosMin = 1_000;
    private const int PeriodMicrosMax = 1_000_000;

    private readonly string? _folder;
    private readonly bool _v2;
    private readonly CpuPacer? _pacer;
    private readonly List<string> _groups = [];
    private readonly Lock _gate = new();

    private CpuShares(string? folder, bool v2, CpuPacer? pacer, string means) =>
        (_folder, _v2, _pacer, Means) = (folder, v2, pacer, means);

    /// <summary>For the report: how a replica's share is enforced, or that it is not.</summary>
    internal string Means { get; }

    internal bool Enforced => _folder is not null || _pacer is not null;

    /// <summary>
    /// Finds out what this machine allows, and clears up after runs that were killed.
    /// </summary>
    /// <param name="clock">Real time, for pacing.</param>
    /// <param name="root">Where cgroups are mounted.</param>
    internal static CpuShares Open(TimeProvider clock, string root = "/sys/fs/cgroup")
    {
        var name = $"{Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref opened)}";
        SweepDead(root);
        SweepDead(Path.Combine(root, "cpu"));
        if (File.Exists(Path.Combine(root, "cgroup.controllers")) && TryV2(root, name) is { } unified) return unified;
        var v1 = Path.Combine(root, "cpu");
        if (File.Exists(Path.Combine(v1, "cpu.cfs_quota_us")) && TryMake(Path.Combine(v1, name)))
            return new(Path.Combine(v1, name), false, null, "cgroup v1 quota");
        return CpuPacer.IsPossible
            ? new(null, false, new CpuPacer(clock), "pacing, where no cpu cgroup can be written: stopped when over it")
            : new(null, false, null, "none: no cpu cgroup can be written, a replica takes what the machine gives");
    }

    /// <summary>Moves a process into a group of its own; without a share until <see cref="Limit"/>.</summary>
    internal void Join(string group, int pid)
    {
        _pacer?.Join(group, pid);
        if (_folder is null) return;
        var path = Path.Combine(_folder, group);
        Directory.CreateDirectory(path);
        lock (_gate) _groups.Add(path);
        try
        {
            File.WriteAllText(Path.Combine(path, "cgroup.procs"), pid.ToString(CultureInfo.InvariantCulture));
        }
        catch (IOException gone) when (!Directory.Exists($"/proc/{pid}"))
        {
            throw new InvalidOperationException($"process {pid} ended before it could be given its share", gone);
        }
    }

    /// <summary>Cores that the group may use from now on; null lifts the limit.</summary>
    internal void Limit(string group, double? cores)
    {
        _pacer?.Limit(group, cores);
        if (_folder is null) return;
        var path = Path.Combine(_folder, group);
        if (!Directory.Exists(path)) return;
        var (quota, period) = Of(cores);
        if (_v2)
        {
            File.WriteAllText(Path.Combine(path, "cpu.max"), $"{(quota < 0 ? "max" : Text(quota))} {Text(period)}");
            return;
        }

        // The quota goes first when it is lifted, the period first when it is set: each alone must be legal.
        File.WriteAllText(Path.Combine(path, "cpu.cfs_quota_us"), "-1");
        File.WriteAllText(Path.Combine(path, "cpu.cfs_period_us"), Text(period));
        File.WriteAllText(Path.Combine(path, "cpu.cfs_quota_us"), Text(quota));
    }

    /// <summary>Quota and period in microseconds; quota -1 is no limit. Pure.</summary>
    internal static (int Quota, int Period) Of(double? cores)
    {
        if (cores is not { } share) return (-1, PeriodMicrosMin);
        if (share <= 0) throw new ArgumentOutOfRangeException(nameof(cores), share, "A share is above 0.");
        var period = Math.Clamp((int)Math.Ceiling(QuotaMicrosMin / share), PeriodMicrosMin, PeriodMicrosMax);
        return (Math.Max(QuotaMicrosMin, (int)Math.Round(share * period)), period);
    }

    /// <summary>Removes the groups that are empty by now; one with a process in it stays for the next call.</summary>
    internal void Sweep()
    {
        lock (_gate) _groups.RemoveAll(TryRemove);
    }

    // A process that has just been killed leaves its group a moment after it is gone.
    public void Dispose()
    {
        _pacer?.Dispose();
        if (_folder is null) return;
        SpinWait.SpinUntil(
            () =>
            {
                Sweep();
                return TryRemove(_folder);
            },
            EmptyWithin);
    }

    private static CpuShares? TryV2(string root, string name)
    {
        try
        {
            var controllers = File.ReadAllText(Path.Combine(root, "cgroup.controllers"));
            if (!controllers.Split(' ', '\n').Contains("cpu")) return null;
            File.WriteAllText(Path.Combine(root, "cgroup.subtree_control"), "+cpu");
            var folder = Path.Combine(root, name);
            if (!TryMake(folder)) return null;
            File.WriteAllText(Path.Combine(folder, "cgroup.subtree_control"), "+cpu");
            return new(folder, true, null, "cgroup v2 quota");
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static void SweepDead(string root)
    {
        if (!Directory.Exists(root)) return;
        foreach (var run in Directory.GetDirectories(root, $"{Prefix}*"))
        {
            var owner = Path.GetFileName(run)[Prefix.Length..].Split('-')[0];
            if (Directory.Exists($"/proc/{owner}")) continue;
            foreach (var group in Directory.GetDirectories(run)) TryRemove(group);
            TryRemove(run);
        }
    }

    private static bool TryMake(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
            return true;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // A cgroup's files cannot be deleted and need not: rmdir takes them with it, once no process is inside.
    private static bool TryRemove(string folder)
    {
        try
        {
            if (Directory.Exists(folder)) Directory.Delete(folder);
            return true;
        }
        catch (Exception busy) when (busy is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
