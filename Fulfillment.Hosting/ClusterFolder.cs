namespace Fulfillment.Hosting;

/// <summary>
/// Where a run's database cluster lies: in the run's folder. Where root runs us PostgreSQL is another user, who may not
/// be able to reach that (a clone in root's home, a CI's private folder); then it lies in a temporary folder that bears
/// the run's name, so that a later run finds and clears it.
/// </summary>
internal static class ClusterFolder
{
    private const string Name = "postgres";

    /// <summary>Makes the folder that the cluster will stand in, and returns the cluster's own path.</summary>
    /// <exception cref="HostingException">The other user reaches none of the places.</exception>
    internal static string Make(string run, bool forAnotherUser)
    {
        var places = Places(run).ToList();
        var place = places.Find(place => !forAnotherUser || IsReachable(Path.GetDirectoryName(place)!))
            ?? throw new HostingException(
                $"PostgreSQL's user can reach none of {string.Join(", ", places)}",
                "set TMPDIR to a folder open to all");
        Directory.CreateDirectory(place);
        if (forAnotherUser && !OperatingSystem.IsWindows()) // whatever our umask left of it
            File.SetUnixFileMode(place, File.GetUnixFileMode(place) | UnixFileMode.OtherExecute);
        return Path.Combine(place, Name);
    }

    internal static void Delete(string run)
    {
        foreach (var place in Places(run))
        {
            var folder = place == run ? Path.Combine(run, Name) : place;
            ClusterDisk.Leave(Path.Combine(place, Name));
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Whether everybody may pass through the folder and all above it.</summary>
    internal static bool IsReachable(string folder)
    {
        if (OperatingSystem.IsWindows()) return true;
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
            if (!at.Exists || !at.UnixFileMode.HasFlag(UnixFileMode.OtherExecute)) return false;
        return true;
    }

    private static IEnumerable<string> Places(string run)
    {
        var elsewhere = $"fulfillment-{Path.GetFileName(run)}";
        yield return run;
        yield return Path.Combine(Path.GetTempPath(), elsewhere);
        if (OperatingSystem.IsLinux()) yield return Path.Combine("/var/tmp", elsewhere);
    }
}
