namespace Fulfillment.Surge.Hosting;

/// <summary>Finds the services beside this program: artifacts/bin/{project}/{configuration}/.</summary>
internal static class BuildOutput
{
    private static readonly string Here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);

    /// <summary>The folder of the solution.</summary>
    internal static string Root => Path.GetFullPath(Path.Combine(Here, "..", "..", "..", ".."));

    /// <summary>artifacts/runs.</summary>
    internal static string RunsFolder => Path.Combine(Root, "artifacts", "runs");

    internal static string Folder(string project) =>
        Path.GetFullPath(Path.Combine(Here, "..", "..", project, Path.GetFileName(Here)));

    /// <exception cref="HostingException">It has not been built.</exception>
    internal static string Executable(string project)
    {
        var path = Path.Combine(Folder(project), OperatingSystem.IsWindows() ? $"{project}.exe" : project);
        return File.Exists(path)
            ? path
            : throw new HostingException($"{path} is not there", "build the solution: dotnet build");
    }
}
