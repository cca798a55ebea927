namespace Fulfillment.Tests.Architecture;

/// <summary>The folder that holds Fulfillment.sln, found upwards from the test's own binary.</summary>
internal static class RepositoryRoot
{
    internal static readonly string Path = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Fulfillment.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException($"No Fulfillment.sln above {AppContext.BaseDirectory}");
    }
}
