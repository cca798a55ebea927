using System.Collections.Concurrent;
using System.Diagnostics;

namespace Fulfillment.Hosting;

/// <summary>
/// Starts processes that die with this one, even when it is killed with -9. On Linux the kernel does it
/// (PR_SET_PDEATHSIG through setpriv); elsewhere a clean stop still stops them, a kill -9 does not.
/// </summary>
public static class Nursery
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
    public static ProcessStartInfo Bound(
        string program, IEnumerable<string> arguments, string? user = null, Signal onOurDeath = Signal.Kill)
    {
        IEnumerable<string> bond = OperatingSystem.IsLinux() && File.Exists(SetPriv)
            ? ["--pdeathsig", onOurDeath == Signal.Kill ? "KILL" : "INT"]
            : [];
        var (first, rest) = AsUser(program, arguments, user, bond);
        return new ProcessStartInfo(first, rest)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = user is null ? "" : "/", // he may not be able to enter ours
        };
    }

    /// <summary>The command as another user; as it is where null.</summary>
    /// <exception cref="HostingException">This machine cannot.</exception>
    internal static (string Program, IReadOnlyList<string> Arguments) AsUser(
        string program, IEnumerable<string> arguments, string? user, IEnumerable<string>? more = null)
    {
        IEnumerable<string> identity =
            user is null ? [] : [$"--reuid={user}", $"--regid={user}", "--clear-groups"];
        string[] options = [.. more ?? [], .. identity];
        if (options.Length == 0) return (program, [.. arguments]);
        return File.Exists(SetPriv)
            ? (SetPriv, [.. options, program, .. arguments])
            : throw new HostingException("setpriv is needed to run PostgreSQL as root", "apt-get install util-linux");
    }

    /// <summary>Runs it to its end, and returns what it said.</summary>
    /// <exception cref="HostingException">It does not start, or fails; its words are in the message.</exception>
    public static async Task<string> RunAsync(ProcessStartInfo start, string input, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(start);
        using var process = await StartAsync(start);
        await process.StandardInput.WriteAsync(input.AsMemory(), cancellation);
        process.StandardInput.Close();
        var said = process.StandardOutput.ReadToEndAsync(cancellation);
        var complained = await process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode == 0
            ? await said
            : throw new HostingException(
                $"{start.FileName} {string.Join(' ', start.ArgumentList)} failed: {await said}{complained}".Trim());
    }

    /// <summary>Starts it on the thread that never ends.</summary>
    public static Task<Process> StartAsync(ProcessStartInfo start)
    {
        ArgumentNullException.ThrowIfNull(start);
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
}
