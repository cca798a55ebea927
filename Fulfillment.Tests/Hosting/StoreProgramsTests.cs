using Fulfillment.Hosting;
using Xunit;

namespace Fulfillment.Tests.Hosting;

public sealed class StoreProgramsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fulfillment-programs-").FullName;

    [Fact]
    public void Programs_that_are_links_are_taken_from_where_they_lead_for_the_others_lie_there()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links need a privilege there");
        var real = Folder("real", "postgres", "initdb", "pgbench");
        var links = Folder("links");
        foreach (var program in (string[])["postgres", "initdb"])
            File.CreateSymbolicLink(Path.Combine(links, program), Path.Combine(real, program));

        Assert.Equal(real, StorePrograms.FindPostgres([Folder("half", "postgres"), links]));
        Assert.Null(StorePrograms.FindPostgres([Path.Combine(_folder, "half")]));
    }

    [Fact]
    public void What_was_told_goes_before_the_path_and_the_path_before_the_usual_places()
    {
        var places = StorePrograms.UsualPlaces("/told", $"/first{Path.PathSeparator}/second");

        Assert.Equal(["/told", "/first", "/second"], places.Take(3));
        Assert.True(places.Count > 3);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Folder(string name, params string[] programs)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        foreach (var program in programs) File.WriteAllText(Path.Combine(folder, program), "");
        return folder;
    }
}
