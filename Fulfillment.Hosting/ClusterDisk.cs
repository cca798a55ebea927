using System.Diagnostics;

namespace Fulfillment.Hosting;

/// <summary>
/// A small disk of its own for the database cluster, so that it can be full without anything else being so: a tmpfs,
/// where we may mount one.
/// </summary>
public sealed class ClusterDisk : IDisposable
{
    private const string Size = "1536m";

    private ClusterDisk(string folder) => Folder = folder;

    /// <summary>Where it is mounted.</summary>
    public string Folder { get; }

    /// <summary>Null where nothing can be mounted.</summary>
    internal static ClusterDisk? TryMount(string folder)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess) return null;
        Directory.CreateDirectory(folder);
        if (Run("mount", "-t", "tmpfs", "-o", $"size={Size},mode=0755", "tmpfs", folder))
            return new ClusterDisk(folder);
        Directory.Delete(folder);
        return null;
    }

    /// <summary>No byte is left, until disposed.</summary>
    public IDisposable Fill()
    {
        var ballast = Path.Combine(Folder, "ballast");
        using (var file = new FileStream(ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            var block = new byte[1 << 20];
            try
            {
                while (true) file.Write(block);
            }
            catch (IOException)
            {
                // Full.
            }
        }

        return new Ballast(ballast);
    }

    public void Dispose() => Leave(Folder);

    /// <summary>Takes away what is mounted there, by us or by a run that was killed.</summary>
    internal static void Leave(string folder)
    {
        if (OperatingSystem.IsLinux() && File.ReadLines("/proc/mounts").Any(mount => mount.Split(' ')[1] == folder))
            Run("umount", "-l", folder);
    }

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private sealed class Ballast(string file) : IDisposable
    {
        public void Dispose() => File.Delete(file);
    }
}
