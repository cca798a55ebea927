using System.Diagnostics;
using Fulfillment.Bench;
using Xunit;

namespace Fulfillment.Tests.Bench;

/// <summary>Alone: what another test starts and orphans leaves this process's tree, and takes its CPU along.</summary>
[CollectionDefinition(nameof(CpuMeterTests), DisableParallelization = true)]
[Collection(nameof(CpuMeterTests))]
public class CpuMeterTests
{
    [Fact]
    public async Task What_a_child_used_is_not_lost_while_it_ends()
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("CPU is read from /proc");
        var cancellation = TestContext.Current.CancellationToken;
        var begun = CpuMeter.Read();
        using var children = new CancellationTokenSource();
        var coming = Task.Run(
            async () =>
            {
                while (!children.IsCancellationRequested)
                {
                    using var child = Process.Start("sh", ["-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"]);
                    await child.WaitForExitAsync(cancellation);
                }
            }, cancellation);
        var last = begun.OwnSeconds;
        try
        {
            for (var i = 0; i < 1_000; i++)
            {
                var now = CpuMeter.Read().OwnSeconds;
                Assert.True(now >= last, $"{last - now:0.00} s are lost at look {i}");
                last = now;
            }
        }
        finally
        {
            await children.CancelAsync();
            await coming;
        }

        Assert.True(last > begun.OwnSeconds);
    }
}
