using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Fulfillment.Bench;

/// <summary>
/// Which of many sockets can be read, in one system call (epoll(7)): a load generator on the machine it loads must cost
/// next to nothing, and the same for a fast service as for a slow one. Linux only.
/// </summary>
internal sealed class Epoll : IDisposable
{
    private const int EventsMax = 512;
    private const int Add = 1;
    private const uint In = 1;

    private readonly int _epoll;
    private readonly byte[] _events = new byte[EventsMax * EventBytes];

    internal Epoll()
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("The load generator needs Linux (epoll).");
        _epoll = Checked(epoll_create1(0));
    }

    // struct epoll_event { uint32_t events; uint64_t data; }, packed on x64 only.
    private static int EventBytes => RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private static int DataOffset => EventBytes - sizeof(ulong);

    /// <summary>Watches the socket; <see cref="Wait"/> gives it back as <paramref name="tag"/>.</summary>
    internal void Watch(Socket socket, int tag)
    {
        var one = new byte[EventBytes];
        BitConverter.TryWriteBytes(one, In);
        BitConverter.TryWriteBytes(one.AsSpan(DataOffset), (ulong)tag);
        Checked(epoll_ctl(_epoll, Add, (int)socket.Handle, one));
    }

    /// <summary>The tags of what can be read, into <paramref name="ready"/>; none after the timeout.</summary>
    internal int Wait(Span<int> ready, int timeoutMs)
    {
        var found = epoll_wait(_epoll, _events, Math.Min(EventsMax, ready.Length), timeoutMs);
        if (found < 0 && Marshal.GetLastPInvokeError() == 4) return 0; // EINTR
        Checked(found);
        for (var i = 0; i < found; i++) ready[i] = (int)BitConverter.ToUInt64(_events, i * EventBytes + DataOffset);
        return found;
    }

    public void Dispose() => _ = close(_epoll);

    private static int Checked(int result) =>
        result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

#pragma warning disable IDE1006 // the C library's names
    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int epoll_create1(int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int epoll_ctl(int epoll, int operation, int descriptor, byte[] one);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int epoll_wait(int epoll, byte[] events, int eventsMax, int timeoutMs);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int close(int descriptor);
#pragma warning restore IDE1006
}
