using System.Globalization;
using Fulfillment.Hosting;
using Xunit;

namespace Fulfillment.Tests.Hosting;

public sealed class RunFolderTests : IDisposable
{
    private readonly string _runs = Directory.CreateTempSubdirectory("fulfillment-runs-").FullName;

    [Fact]
    public void Runs_that_begin_at_once_do_not_trip_over_what_the_dead_have_left()
    {
        for (var round = 0; round < 10; round++)
        {
            for (var dead = 0; dead < 60; dead++) MakeDead($"19700101-{round:D3}-{dead:D3}");

            var made = new RunFolder[16];
            Parallel.For(0, made.Length, new ParallelOptions { MaxDegreeOfParallelism = made.Length }, one =>
                made[one] = RunFolder.Create(_runs, TimeProvider.System));

            Assert.Equal(made.Length, made.Select(run => run.Path).Distinct().Count());
            Assert.All(made, run => Assert.Equal(
                Environment.ProcessId.ToString(CultureInfo.InvariantCulture),
                File.ReadAllText(Path.Combine(run.Path, "owner.pid"))));
        }

        // The last one to look leaves as many of the dead as are kept beside its own.
        RunFolder.Create(_runs, TimeProvider.System);
        Assert.Equal(RunFolder.RunsKept - 1, Directory.GetDirectories(_runs, "1970*").Length);
    }

    public void Dispose() => Directory.Delete(_runs, recursive: true);

    private void MakeDead(string name)
    {
        var cluster = Directory.CreateDirectory(Path.Combine(_runs, name, "postgres", "base")).FullName;
        for (var file = 0; file < 5; file++) File.WriteAllText(Path.Combine(cluster, $"{file}"), "");
        File.WriteAllText(Path.Combine(_runs, name, "owner.pid"), $"{int.MaxValue}");
    }
}
