using System.Diagnostics;
using System.Globalization;
using Fulfillment.Hosting;
using Fulfillment.Surge.Embedded;
using Xunit;

namespace Fulfillment.Tests.Hosting;

public sealed class NothingIsLeftBehindTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly CancellationToken Cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_system_that_is_disposed_leaves_no_process_and_no_cluster()
    {
        List<int> pids;
        string folder;
        await using (var system = await StartAsync())
        {
            folder = system.Folder;
            pids = [.. system.Children.Select(child => child.Pid!.Value)];
            Assert.Equal(4, pids.Count);
            Assert.All(system.Children, child => Assert.True(child.Running, child.Name));
        }

        Assert.All(pids, pid => Assert.False(IsAlive(pid)));
        Assert.Contains("picking-1.log", Directory.GetFiles(folder).Select(Path.GetFileName));
        Assert.Empty(Directory.GetDirectories(folder));
    }

    [Fact]
    public async Task A_child_can_be_killed_and_started_again_under_its_address()
    {
        await using var system = await StartAsync();
        var orders = system.Orders.Single();
        var first = orders.Pid;

        await orders.KillAsync(Cancellation);
        Assert.False(orders.Running);
        await orders.StartAsync();
        await system.WaitUntilHealthyAsync(orders, Cancellation);

        Assert.True(orders.Running);
        Assert.NotEqual(first, orders.Pid);
    }

    [Fact]
    public async Task A_system_that_cannot_start_says_why_and_leaves_nothing()
    {
        // A runs folder of its own tells this system's processes from those of tests beside it.
        var runs = Path.Combine(BuildOutput.RunsFolder, "cannot-start");
        var options = new EmbeddedOptions
        {
            RunsFolder = runs,
            Settings = new Dictionary<string, string> { ["Operator__Key"] = "not-a-key" },
        };

        var failed = await Assert.ThrowsAsync<HostingException>(() =>
            EmbeddedSystem.StartAsync(options, TimeProvider.System, _ => { }, Cancellation));

        Assert.Contains("Operator:Key", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(
            DescendantsOf(Environment.ProcessId),
            pid => CommandOf(pid).Contains(runs, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_harness_killed_with_9_takes_everything_with_it()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the kernel ends the children on Linux only");
        using var harness = Process.Start(new ProcessStartInfo(BuildOutput.Executable("Fulfillment.Surge"))
        {
            ArgumentList = { "up" },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

        // PostgreSQL's own children, Redis, Orders and Picking: all of them must be there before the blow.
        List<int> pids = [];
        string[] programs = ["postgres", "redis-server", "Fulfillment.Orders", "Fulfillment.Picking"];
        await UntilAsync(() =>
        {
            pids = [.. DescendantsOf(harness.Id)];
            var commands = pids.Select(CommandOf).ToList();
            return programs.All(program => commands.Exists(command => command.Contains(program, StringComparison.Ordinal)));
        });
        Signals.Send(harness, Signal.Kill);

        await UntilAsync(() => !pids.Exists(IsAlive));
    }

    private static Task<EmbeddedSystem> StartAsync() =>
        EmbeddedSystem.StartAsync(new EmbeddedOptions(), TimeProvider.System, _ => { }, Cancellation);

    private static async Task UntilAsync(Func<bool> condition)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < Patience, $"not within {Patience.TotalSeconds} s");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancellation);
        }
    }

    private static List<int> DescendantsOf(int root)
    {
        var parents = Directory.GetDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0).Select(pid => (Pid: pid, Parent: ParentOf(pid))).ToLookup(row => row.Parent, row => row.Pid);
        var found = new List<int>(parents[root]);
        for (var next = 0; next < found.Count; next++) found.AddRange(parents[found[next]]);
        return found;
    }

    // A zombie has ended; only its parent has not asked yet.
    private static bool IsAlive(int pid) => StatOf(pid) is { } stat && stat[0] is not ("Z" or "X");

    private static int ParentOf(int pid) => StatOf(pid) is { } stat ? int.Parse(stat[1], CultureInfo.InvariantCulture) : 0;

    // "pid (name) state parent ...": the name may hold anything, so what counts stands behind the last bracket.
    private static string[]? StatOf(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string CommandOf(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}
