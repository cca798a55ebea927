using System.Globalization;
using Fulfillment.AppHost.Stores;
using Xunit;

namespace Fulfillment.Tests.AppHost;

public sealed class ScratchFolderTests : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("fulfillment-scratch-").FullName;

    [Fact]
    public async Task It_is_gone_when_everything_has_stopped()
    {
        var folder = ScratchFolder.Create(_parent);
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "a file"), "", TestContext.Current.CancellationToken);

        await folder.StoppedAsync(TestContext.Current.CancellationToken);

        Assert.False(Directory.Exists(folder.Path));
    }

    [Fact]
    public void What_a_killed_one_left_goes_at_the_next_start_and_what_lives_stays()
    {
        const int Nobody = int.MaxValue; // no system counts its processes so far
        var left = Directory.CreateDirectory(Path.Combine(_parent, $"fulfillment-apphost-{Nobody}-0")).FullName;
        var other = Directory.CreateDirectory(Path.Combine(_parent, "somebody-else's")).FullName;
        var living = ScratchFolder.Create(_parent).Path;

        var next = ScratchFolder.Create(_parent).Path;

        Assert.False(Directory.Exists(left));
        Assert.All([other, living, next], folder => Assert.True(Directory.Exists(folder), folder));
        Assert.Contains(
            Environment.ProcessId.ToString(CultureInfo.InvariantCulture), Path.GetFileName(next),
            StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_parent, recursive: true);
}
