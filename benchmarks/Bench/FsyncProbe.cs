namespace Fulfillment.Bench;

/// <summary>
/// Writes a page and waits for the disk, again and again, beside the database: the longest wait is what the disk alone
/// adds to a commit in that time.
/// </summary>
internal sealed class FsyncProbe : IAsyncDisposable
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _probing;
    private readonly TimeProvider _clock;
    private readonly string _file;

    internal FsyncProbe(string folder, TimeProvider clock)
    {
        (_clock, _file) = (clock, Path.Combine(folder, "fsync.probe"));
        _probing = Task.Run(ProbeAsync);
    }

    internal TimeSpan Longest { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _probing;
        File.Delete(_file);
        _stop.Dispose();
    }

    private async Task ProbeAsync()
    {
        using var file = File.OpenHandle(_file, FileMode.Create, FileAccess.Write);
        var page = new byte[8192];
        while (!_stop.IsCancellationRequested)
        {
            var begun = _clock.GetTimestamp();
            RandomAccess.Write(file, page, 0);
            RandomAccess.FlushToDisk(file);
            var took = _clock.GetElapsedTime(begun);
            if (took > Longest) Longest = took;
            await Task.Delay(Between, _clock, CancellationToken.None);
        }
    }
}
