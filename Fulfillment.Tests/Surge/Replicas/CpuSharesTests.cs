using System.Diagnostics;
using Fulfillment.Surge.Replicas;
using Xunit;

namespace Fulfillment.Tests.Surge.Replicas;

public sealed class CpuSharesTests
{
    [Theory]
    [InlineData(0.5, 10_000, 20_000)]
    [InlineData(1.0, 20_000, 20_000)]
    [InlineData(0.05, 1_000, 20_000)]
    [InlineData(0.01, 1_000, 100_000)] // the kernel takes no quota under 1 ms, so the period grows
    [InlineData(0.0001, 1_000, 1_000_000)]
    public void A_share_is_a_quota_that_the_kernel_takes(double cores, int quota, int period) =>
        Assert.Equal((quota, period), CpuShares.Of(cores));

    [Fact]
    public void No_share_is_no_limit_and_none_at_all_is_refused()
    {
        Assert.Equal(-1, CpuShares.Of(null).Quota);
        Assert.Throws<ArgumentOutOfRangeException>(() => CpuShares.Of(0));
    }

    [Fact]
    public void Where_nothing_can_be_written_it_says_so_and_limits_nothing()
    {
        using var none = CpuShares.Open(Path.Combine(Path.GetTempPath(), "no-cgroup-here"));
        Assert.False(none.Enforced);
        Assert.StartsWith("none", none.Means, StringComparison.Ordinal);
        none.Join("one", Environment.ProcessId);
        none.Limit("one", 0.5);
    }

    [Fact]
    public void A_process_is_held_to_its_share_by_the_kernels_own_count_and_no_folder_is_left()
    {
        string folder;
        using (var busy = Process.Start(new ProcessStartInfo("/bin/sh") { ArgumentList = { "-c", "while :; do :; done" } })!)
        {
            using var shares = CpuShares.Open();
            try
            {
                Assert.SkipUnless(shares.Enforced, shares.Means);
                shares.Join("busy", busy.Id);
                shares.Limit("busy", 0.05);
                folder = Assert.Single(Directory.GetDirectories(
                    shares.Means.Contains("v1", StringComparison.Ordinal) ? "/sys/fs/cgroup/cpu" : "/sys/fs/cgroup",
                    $"fulfillment-surge-{Environment.ProcessId}-*").Select(run => Path.Combine(run, "busy")), Directory.Exists);
                // Held back again and again: a count that the kernel keeps, whatever else the machine does.
                SpinWait.SpinUntil(() => Throttled(folder) > 3, TimeSpan.FromSeconds(60));
                Assert.True(Throttled(folder) > 3);
            }
            finally
            {
                busy.Kill();
                busy.WaitForExit();
            }
        }

        Assert.False(Directory.Exists(folder), folder);
    }

    private static long Throttled(string folder) => long.Parse(
        File.ReadLines(Path.Combine(folder, "cpu.stat")).First(line => line.StartsWith("nr_throttled", StringComparison.Ordinal)).Split(' ')[1],
        System.Globalization.CultureInfo.InvariantCulture);
}
