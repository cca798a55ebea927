using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Fulfillment.Hosting;

/// <summary>
/// A signal that a fault or a stop sends to a child. Numbers as on Linux; macOS differs in the last two.
/// </summary>
public enum Signal
{
    /// <summary>SIGINT: for PostgreSQL a fast shutdown, which does not wait for its clients.</summary>
    Interrupt = 2,
    Quit = 3,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

public static class Signals
{
    /// <summary>False when the process is gone. Elsewhere than on Unix everything but a kill is left out.</summary>
    public static bool Send(Process process, Signal signal)
    {
        try
        {
            if (process.HasExited) return false;
            if (!OperatingSystem.IsWindows()) return Send(process.Id, signal);
            if (signal is Signal.Continue or Signal.Stop) return false;
            process.Kill(entireProcessTree: true);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false; // it exited between the question and the signal
        }
    }

    /// <summary>False when there is no such process. Unix only.</summary>
    public static bool Send(int pid, Signal signal) => kill(pid, NumberHere(signal)) == 0;

    private static int NumberHere(Signal signal) => (signal, OperatingSystem.IsMacOS()) switch
    {
        (Signal.Continue, true) => 19,
        (Signal.Stop, true) => 17,
        _ => (int)signal,
    };

#pragma warning disable IDE1006 // the C library's name
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int pid, int signal);
#pragma warning restore IDE1006
}
