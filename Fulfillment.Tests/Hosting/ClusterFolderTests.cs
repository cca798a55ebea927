using Fulfillment.Hosting;
using Xunit;

namespace Fulfillment.Tests.Hosting;

public sealed class ClusterFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fulfillment-cluster-").FullName; // mode 700

    [Fact]
    public void A_private_clone_puts_the_cluster_where_the_servers_user_can_reach_it_and_it_is_cleared_from_there()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such modes");
        var run = Directory.CreateDirectory(Path.Combine(_folder, "artifacts", "runs", $"run-{Guid.NewGuid():N}")).FullName;
        Assert.False(ClusterFolder.IsReachable(run));

        Assert.StartsWith(run, ClusterFolder.Make(run, forAnotherUser: false), StringComparison.Ordinal);
        var cluster = ClusterFolder.Make(run, forAnotherUser: true);

        var place = Path.GetDirectoryName(cluster)!;
        Assert.Contains(Path.GetFileName(run), place, StringComparison.Ordinal);
        Assert.True(ClusterFolder.IsReachable(place));
        ClusterFolder.Delete(run);
        Assert.False(Directory.Exists(place));
        Assert.True(Directory.Exists(run)); // the logs stay
    }

    [Fact]
    public void An_open_clone_keeps_everything_of_a_run_in_one_place()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such modes");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_folder, File.GetUnixFileMode(_folder) | UnixFileMode.OtherExecute);
        Assert.SkipUnless(ClusterFolder.IsReachable(_folder), "the temporary folder of this machine is private");
        var run = Directory.CreateDirectory(Path.Combine(_folder, "run")).FullName;
        Assert.StartsWith(run, ClusterFolder.Make(run, forAnotherUser: true), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
