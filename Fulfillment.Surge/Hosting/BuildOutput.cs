namespace Fulfillment.Surge.Hosting;

/// <summary>Finds the services beside this program: artifacts/bin/{project}/{configuration}/.</summary>
internal static class BuildOutput
{
    private static readonly string Here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);

    /// <summary>artifacts/runs.</summary>
    internal static string RunsFolder => Path.GetFullPath(Path.Combine(Here, "..", "..", "..", "runs"));

    internal static string Folder(string project) =>
        Path.GetFullPath(Path.Combine(Here, "..", "..", project, Path.GetFileName(Here)));

    /// <exception cref="HostingException">It has not been built.</exception>
    internal static string Executable(string project)
    {
        var path = Path.Combine(Folder(project), OperatingSystem.IsWindows() ? $"{project}.exe" : project);
        return File.Exists(path) ? path : throw new HostingException($"{path} is not there", "build the solution: dotnet build");
    }
}
