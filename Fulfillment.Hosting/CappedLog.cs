namespace Fulfillment.Hosting;

/// <summary>
/// A file that takes what a child prints, up to a number of bytes: a child in a loop of errors must not fill the disk.
/// What is over the cap is counted and dropped, and the child is never held up.
/// </summary>
public sealed class CappedLog(string path, long bytesMax) : IAsyncDisposable
{
    private readonly FileStream _file =
        new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0, useAsync: true);
    private readonly SemaphoreSlim _turn = new(1);
    private long _offered;

    public string Path => path;

    /// <summary>All bytes the child printed, kept or dropped.</summary>
    public long BytesOffered => Volatile.Read(ref _offered);

    public bool Overflowed => BytesOffered > bytesMax;

    /// <summary>Copies until the stream ends.</summary>
    public async Task CopyAsync(Stream output)
    {
        var buffer = new byte[8192];
        int read;
        while ((read = await output.ReadAsync(buffer)) > 0) await WriteAsync(buffer.AsMemory(0, read));
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        await _turn.WaitAsync();
        try
        {
            var room = Math.Max(0, bytesMax - _offered);
            _offered += bytes.Length;
            if (room > 0) await _file.WriteAsync(bytes[..(int)Math.Min(room, bytes.Length)]);
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _file.DisposeAsync();
        _turn.Dispose();
    }
}
