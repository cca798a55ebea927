using System.Runtime.InteropServices;
using Fulfillment.Hosting;

namespace Fulfillment.Surge.Replicas;

/// <summary>
/// Holds processes to a share of a core where no cgroup can be written: each is stopped (SIGSTOP) when it has used more
/// CPU than its share gave it, and goes on (SIGCONT) when the share has made up for it. Linux only: it goes by the CPU
/// clock that the kernel keeps for each process (clock_getcpuclockid(3)). Coarser than a quota by one look.
/// </summary>
internal sealed class CpuPacer : IDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(5);

    // What is not used is not saved up: a container's quota is gone with its period, too.
    private const double SavedSecondsMax = 0.02;

    private readonly Dictionary<string, Paced> _paced = [];
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _pacing;

    internal CpuPacer(TimeProvider clock)
    {
        _clock = clock;
        _pacing = Task.Run(PaceAsync);
    }

    private sealed class Paced(int pid)
    {
        internal int Pid => pid;
        internal double? Cores { get; set; }
        internal double Used { get; set; }
        internal double Allowed { get; set; }
        internal bool Stopped { get; set; }
    }

    /// <summary>How often a process was stopped so far.</summary>
    internal long Stops { get; private set; }

    internal static bool IsPossible => OperatingSystem.IsLinux();

    internal void Join(string group, int pid)
    {
        lock (_paced) _paced[group] = new Paced(pid);
    }

    internal void Limit(string group, double? cores)
    {
        lock (_paced)
        {
            if (!_paced.TryGetValue(group, out var paced)) return;
            paced.Cores = cores;
            (paced.Used, paced.Allowed) = (UsedBy(paced.Pid) ?? 0, 0);
            if (cores is null) GoOn(paced);
        }
    }

    /// <summary>Nothing stays stopped.</summary>
    public void Dispose()
    {
        _ending.Cancel();
        _pacing.GetAwaiter().GetResult();
        _ending.Dispose();
        foreach (var paced in _paced.Values) GoOn(paced);
    }

    private async Task PaceAsync()
    {
        using var looks = new PeriodicTimer(LookEvery, _clock);
        var last = _clock.GetTimestamp();
        try
        {
            while (await looks.WaitForNextTickAsync(_ending.Token))
            {
                var now = _clock.GetTimestamp();
                var seconds = _clock.GetElapsedTime(last, now).TotalSeconds;
                last = now;
                lock (_paced)
                {
                    foreach (var paced in _paced.Values) Look(paced, seconds);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Nobody is to be paced any more.
        }
    }

    private void Look(Paced paced, double seconds)
    {
        if (paced.Cores is not { } cores || UsedBy(paced.Pid) is not { } used) return;
        paced.Allowed = Math.Min(SavedSecondsMax * cores, paced.Allowed + (cores * seconds) - (used - paced.Used));
        paced.Used = used;
        if (paced.Allowed >= 0) GoOn(paced);
        else if (!paced.Stopped)
        {
            paced.Stopped = Signals.Send(paced.Pid, Signal.Stop);
            if (paced.Stopped) Stops++;
        }
    }

    private static void GoOn(Paced paced)
    {
        if (!paced.Stopped) return;
        paced.Stopped = false;
        Signals.Send(paced.Pid, Signal.Continue);
    }

    /// <summary>CPU seconds of a process; null when it is gone.</summary>
    private static double? UsedBy(int pid)
    {
        // MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of the kernel's posix-timers_types.h.
        var clock = (~pid << 3) | 2;
        return clock_gettime(clock, out var time) == 0 ? time.Seconds + (time.Nanoseconds / 1e9) : null;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Time
    {
        internal nint Seconds;
        internal nint Nanoseconds;
    }

#pragma warning disable IDE1006 // the C library's name
    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int clock_gettime(int clock, out Time time);
#pragma warning restore IDE1006
}
