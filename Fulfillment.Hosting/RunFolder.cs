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
    private const string Unborn = "unborn-";
    private static int _made;

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
        var owner = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var name = $"{stamp}-{owner}-{Interlocked.Increment(ref _made)}";
        var path = System.IO.Path.Combine(runs, name);
        // It appears with its owner inside: a run that begins beside it would take one without for a dead run's.
        var unborn = System.IO.Path.Combine(runs, Unborn + name);
        Directory.CreateDirectory(unborn);
        File.WriteAllText(System.IO.Path.Combine(unborn, OwnerFile), owner);
        Directory.Move(unborn, path);
        return new RunFolder(path);
    }

    private static void Prune(string runs)
    {
        var dead = Directory.GetDirectories(runs)
            .Where(run => !System.IO.Path.GetFileName(run).StartsWith(Unborn, StringComparison.Ordinal))
            .Where(OwnerIsGone).OrderDescending(StringComparer.Ordinal).ToList();
        foreach (var run in dead) ClearedByAnybody(() => ClusterFolder.Delete(run));
        foreach (var run in dead.Skip(RunsKept - 1)) ClearedByAnybody(() => Directory.Delete(run, recursive: true));
    }

    // Runs that begin at the same time clear the same leftovers; what one does not find, another has taken.
    private static void ClearedByAnybody(Action clear)
    {
        try
        {
            clear();
        }
        catch (IOException)
        {
            // The next run looks again.
        }
    }

    private static bool OwnerIsGone(string run)
    {
        if (!int.TryParse(OwnerOf(run), CultureInfo.InvariantCulture, out var pid)) return true;
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

    private static string OwnerOf(string run)
    {
        try
        {
            return File.ReadAllText(System.IO.Path.Combine(run, OwnerFile));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
