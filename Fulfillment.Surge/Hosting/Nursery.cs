using System.Collections.Concurrent;
using System.Diagnostics;

namespace Fulfillment.Surge.Hosting;

/// <summary>
/// Starts processes that die with this one, even when it is killed with -9. On Linux the kernel does it
/// (PR_SET_PDEATHSIG through setpriv); elsewhere a clean stop still stops them, a kill -9 does not.
/// </summary>
internal static class Nursery
{
    private const string SetPriv = "/usr/bin/setpriv";

    // The kernel sends the parent-death signal when the THREAD that forked ends, not the process
    // (prctl(2), PR_SET_PDEATHSIG). A thread of the pool may end at any time, so one thread that never ends forks.
    private static readonly BlockingCollection<Action> Births = [];

    static Nursery() => new Thread(() =>
    {
        foreach (var birth in Births.GetConsumingEnumerable()) birth();
    })
    { IsBackground = true, Name = "nursery" }.Start();

    /// <summary>
    /// The command as it is to be started: as <paramref name="user"/> if given, and bound to our life.
    /// </summary>
    internal static ProcessStartInfo Bound(
        string program, IEnumerable<string> arguments, string? user, Signal onOurDeath)
    {
        var start = new ProcessStartInfo
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        if (File.Exists(SetPriv) && OperatingSystem.IsLinux())
        {
            start.FileName = SetPriv;
            start.ArgumentList.Add("--pdeathsig");
            start.ArgumentList.Add(onOurDeath == Signal.Kill ? "KILL" : "INT");
            foreach (var option in AsUser(user)) start.ArgumentList.Add(option);
            start.ArgumentList.Add(program);
        }
        else
        {
            if (user is not null)
                throw new HostingException("setpriv is needed to run PostgreSQL as root", "apt-get install util-linux");
            start.FileName = program;
        }

        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        if (user is not null) start.WorkingDirectory = "/"; // he may not be able to enter ours
        return start;
    }

    internal static Task<Process> StartAsync(ProcessStartInfo start)
    {
        var born = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Births.Add(() =>
        {
            try
            {
                born.SetResult(Process.Start(start)!);
            }
            catch (Exception failed) when (failed is System.ComponentModel.Win32Exception or InvalidOperationException)
            {
                born.SetException(new HostingException($"{start.FileName} does not start: {failed.Message}"));
            }
        });
        return born.Task;
    }

    private static IEnumerable<string> AsUser(string? user) =>
        user is null ? [] : [$"--reuid={user}", $"--regid={user}", "--clear-groups"];
}
