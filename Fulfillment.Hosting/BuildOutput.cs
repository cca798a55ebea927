namespace Fulfillment.Hosting;

/// <summary>Finds the services beside this program: artifacts/bin/{project}/{configuration}/.</summary>
public static class BuildOutput
{
    private static readonly string Here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);

    /// <summary>The folder of the solution.</summary>
    public static string Root => Path.GetFullPath(Path.Combine(Here, "..", "..", "..", ".."));

    /// <summary>artifacts/runs.</summary>
    public static string RunsFolder => Path.Combine(Root, "artifacts", "runs");

    public static string Folder(string project) =>
        Path.GetFullPath(Path.Combine(Here, "..", "..", project, Path.GetFileName(Here)));

    /// <summary>infra/bicep/NAME of the tree that this was built in.</summary>
    public static string Bicep(string name) =>
        Path.GetFullPath(Path.Combine(Here, "..", "..", "..", "..", "infra", "bicep", name));

    /// <summary>
    /// The project's published program, if it is there and not older than the built one: without a compiler inside it
    /// starts in a fraction of a second, as in the container.
    /// </summary>
    public static string? Published(string project)
    {
        var name = OperatingSystem.IsWindows() ? $"{project}.exe" : project;
        var folder = Path.GetFullPath(Path.Combine(Here, "..", "..", "..", "publish", project));
        if (!Directory.Exists(folder)) return null;
        var built = File.GetLastWriteTimeUtc(Path.Combine(Folder(project), $"{project}.dll"));
        return Directory.GetDirectories(folder).Select(kind => Path.Combine(kind, name))
            .FirstOrDefault(path => File.Exists(path) && File.GetLastWriteTimeUtc(path) >= built);
    }

    /// <exception cref="HostingException">It has not been built.</exception>
    public static string Executable(string project)
    {
        var path = Path.Combine(Folder(project), OperatingSystem.IsWindows() ? $"{project}.exe" : project);
        return File.Exists(path)
            ? path
            : throw new HostingException($"{path} is not there", "build the solution: dotnet build");
    }
}
