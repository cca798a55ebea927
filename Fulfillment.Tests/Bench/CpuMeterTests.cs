using System.Diagnostics;
using Fulfillment.Bench;
using Xunit;

namespace Fulfillment.Tests.Bench;

public class CpuMeterTests
{
    // A tree of its own: what other tests start and orphan leaves this process's, and takes its CPU along.
    private const string ChildAfterChild =
        "while :; do sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; done";

    [Fact]
    public async Task What_a_child_used_is_not_lost_while_it_ends()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("CPU is read from /proc");
        using var parent = Process.Start("sh", ["-c", ChildAfterChild]);
        try
        {
            var begun = CpuMeter.Read(parent.Id).OwnSeconds;
            var last = begun;
            for (var i = 0; i < 1_000; i++)
            {
                var now = CpuMeter.Read(parent.Id).OwnSeconds;
                Assert.True(now >= last, $"{last - now:0.00} s are lost at look {i}");
                last = now;
            }

            Assert.True(last > begun);
        }
        finally
        {
            parent.Kill(entireProcessTree: true);
            await parent.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }
}
