using System.Diagnostics;
using System.Globalization;

namespace Fulfillment.Hosting;

/// <summary>
/// artifacts/runs/ID/: logs and the run's own database cluster. The cluster goes when the run stops; the logs of the
/// last <see cref="RunsKept"/> runs stay.
/// </summary>
internal sealed class RunFolder
{
    internal const int RunsKept = 20;
    private const string OwnerFile = "owner.pid";

    private RunFolder(string path) => Path = path;

    internal string Path { get; }

    internal string Id => System.IO.Path.GetFileName(Path);

    internal string Log(string child) => System.IO.Path.Combine(Path, $"{child}.log");

    /// <summary>Makes a new folder, and clears up after older runs whose process is gone.</summary>
    internal static RunFolder Create(string runs, TimeProvider clock)
    {
        Directory.CreateDirectory(runs);
        Prune(runs);
        var stamp = clock.GetUtcNow().ToString("yyyyMMdd-HHmmss-fff", CultureInfo.InvariantCulture);
        var path = System.IO.Path.Combine(runs, $"{stamp}-{Environment.ProcessId}");
        for (var twin = 2; Directory.Exists(path); twin++)
            path = System.IO.Path.Combine(runs, $"{stamp}-{Environment.ProcessId}-{twin}");
        Directory.CreateDirectory(path);
        File.WriteAllText(
            System.IO.Path.Combine(path, OwnerFile), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        return new RunFolder(path);
    }

    private static void Prune(string runs)
    {
        var dead = Directory.GetDirectories(runs).Where(OwnerIsGone).OrderDescending(StringComparer.Ordinal).ToList();
        foreach (var run in dead) ClusterFolder.Delete(run);
        foreach (var run in dead.Skip(RunsKept - 1)) Directory.Delete(run, recursive: true);
    }

    private static bool OwnerIsGone(string run)
    {
        var file = System.IO.Path.Combine(run, OwnerFile);
        if (!File.Exists(file) || !int.TryParse(File.ReadAllText(file), CultureInfo.InvariantCulture, out var pid))
            return true;
        if (pid == Environment.ProcessId) return false;
        try
        {
            using var owner = Process.GetProcessById(pid);
            return owner.HasExited;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }
}
