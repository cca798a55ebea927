using System.Collections.Concurrent;
using Fulfillment.Hosting;
using Fulfillment.Surge.Embedded;

namespace Fulfillment.Surge.Chaos;

/// <summary>
/// Starts again what has ended, in the same environment, as a platform would; an end that no fault explains is a
/// failure. Measures what each process prints and holds.
/// </summary>
internal sealed class Watch(EmbeddedSystem system, TimeProvider clock)
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, byte> _expected = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> _kept = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _complaints = new();
    private readonly Dictionary<string, Queue<(long At, long Bytes)>> _printed = new(StringComparer.Ordinal);
    private int _unexplained;

    internal int UnexplainedExits => Volatile.Read(ref _unexplained);

    /// <summary>The most that one process printed within a minute.</summary>
    internal long LogBytesMax { get; private set; }

    /// <summary>The most that one service held.</summary>
    internal long MemoryBytesMax { get; private set; }

    internal IReadOnlyCollection<string> Complaints => _complaints;

    internal void Complain(string words) => _complaints.Enqueue(words);

    /// <summary>The next end of this process is a fault's doing.</summary>
    internal void Expect(Child child) => _expected[child.Name] = 0;

    /// <summary>Ends of this process are a fault's doing, and it is not started again, until disposed.</summary>
    internal IDisposable Keep(Child child)
    {
        _kept[child.Name] = 0;
        Expect(child);
        return new Kept(this, child);
    }

    /// <summary>A fault is over: what it did not end is not expected to end any more.</summary>
    internal void ExpectNothing() => _expected.Clear();

    internal async Task UntilRunningAsync(Child child, CancellationToken cancellation)
    {
        while (!child.Running) await Task.Delay(Between, clock, cancellation);
    }

    /// <summary>Watches until cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                foreach (var child in system.Children) await LookAsync(child);
                await Task.Delay(Between, clock, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The storm is over.
        }
    }

    private async Task LookAsync(Child child)
    {
        Measure(child);
        if (child.Running || _kept.ContainsKey(child.Name)) return;
        if (!_expected.ContainsKey(child.Name))
        {
            Interlocked.Increment(ref _unexplained);
            Complain($"{child.Name} ended by itself with {child.ExitCode}: {await child.LastLinesAsync(3)}");
        }

        await child.StartAsync();
    }

    private void Measure(Child child)
    {
        if (child.Url is null) return; // the stores' own words are theirs
        if (child.Pid is { } pid && MemoryOf(pid) is { } bytes) MemoryBytesMax = Math.Max(MemoryBytesMax, bytes);
        if (!_printed.TryGetValue(child.Name, out var readings)) _printed.Add(child.Name, readings = []);
        readings.Enqueue((clock.GetTimestamp(), child.LogBytes));
        while (clock.GetElapsedTime(readings.Peek().At) > Minute) readings.Dequeue();
        var inAMinute = child.LogBytes - readings.Peek().Bytes;
        if (inAMinute > LogBytesMax) LogBytesMax = inAMinute;
    }

    private static long? MemoryOf(int pid)
    {
        try
        {
            var line = File.ReadLines($"/proc/{pid}/status")
                .FirstOrDefault(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
            var kilobytes = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
            return kilobytes is null ? null : long.Parse(kilobytes, null) << 10;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private sealed class Kept(Watch watch, Child child) : IDisposable
    {
        public void Dispose() => watch._kept.TryRemove(child.Name, out _);
    }
}
