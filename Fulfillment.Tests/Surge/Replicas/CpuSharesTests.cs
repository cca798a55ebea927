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
    public void Where_no_cgroup_can_be_written_a_process_is_stopped_when_it_is_over_its_share_and_never_stays_so()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "goes by the CPU clock that Linux keeps for a process");
        using var busy = Busy();
        try
        {
            using (var paced = CpuShares.Open(TimeProvider.System, Path.Combine(Path.GetTempPath(), "no-cgroup-here")))
            {
                Assert.True(paced.Enforced);
                Assert.StartsWith("pacing", paced.Means, StringComparison.Ordinal);
                paced.Join("busy", busy.Id);
                paced.Limit("busy", 0.1);
                // State T is stopped by a signal; one that is not paced is R for ever.
                Assert.True(SpinWait.SpinUntil(() => StateOf(busy) == "T", TimeSpan.FromSeconds(60)));
                Assert.True(SpinWait.SpinUntil(() => StateOf(busy) == "R", TimeSpan.FromSeconds(60)));
                Assert.True(SpinWait.SpinUntil(() => StateOf(busy) == "T", TimeSpan.FromSeconds(60)));
            }

            Assert.True(SpinWait.SpinUntil(() => StateOf(busy) == "R", TimeSpan.FromSeconds(60)));
        }
        finally
        {
            busy.Kill();
            busy.WaitForExit();
        }
    }

    [Fact]
    public void A_paced_process_uses_no_more_than_its_share_of_what_it_would_use()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "goes by the CPU clock that Linux keeps for a process");
        using var free = Busy();
        using var held = Busy();
        try
        {
            using var pacer = new CpuPacer(TimeProvider.System);
            pacer.Join("held", held.Id);
            pacer.Limit("held", 0.05);
            // Both began together and want all they can get; the ratio of two counts, whatever the machine does.
            Assert.True(SpinWait.SpinUntil(() => CpuClock.SecondsOf(free.Id) >= 1.5, TimeSpan.FromSeconds(120)));
            Assert.True(CpuClock.SecondsOf(held.Id) < CpuClock.SecondsOf(free.Id) / 2);
            Assert.True(pacer.Stops > 3);
        }
        finally
        {
            free.Kill();
            held.Kill();
        }
    }

    private static Process Busy() =>
        Process.Start(new ProcessStartInfo("/bin/sh") { ArgumentList = { "-c", "while :; do :; done" } })!;

    private static string? StateOf(Process process) => CpuClock.StatOf(process.Id)?[0];

    [Fact]
    public void A_process_is_held_to_its_share_by_the_kernels_own_count_and_no_folder_is_left()
    {
        string folder;
        using (var busy = Busy())
        {
            using var shares = CpuShares.Open(TimeProvider.System);
            try
            {
                Assert.SkipUnless(shares.Means.StartsWith("cgroup", StringComparison.Ordinal), shares.Means);
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
