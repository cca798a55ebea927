using System.Net;
using System.Net.Sockets;
using System.Text;
using HdrHistogram;

namespace Fulfillment.Bench;

/// <summary>Writes the next request of a connection into the buffer, whole, and returns its length.</summary>
internal delegate int WriteRequest(int connection, Span<byte> buffer);

/// <summary>How a run went. Only what was answered inside the measured window is in the histogram.</summary>
internal sealed class LoadFigures
{
    internal LongHistogram Micros { get; } = new(1, 120_000_000, 3);
    internal Dictionary<int, long> Statuses { get; } = [];
    internal TimeSpan Window { get; set; }

    /// <summary>Open loop: request k was due (k - 1) / rate after this timestamp.</summary>
    internal long Begun { get; set; }
    internal (double Own, double Others) Cpu { get; set; }

    /// <summary>Open loop: the longest time in which this thread sent nothing, because it had no core.</summary>
    internal TimeSpan LongestPause { get; set; }

    /// <summary>Something that was not asked for, to show.</summary>
    internal string? Oddity { get; set; }

    internal long Measured => Micros.TotalCount;

    internal double PerSecond => Window > TimeSpan.Zero ? Measured / Window.TotalSeconds : 0;

    internal double Ms(double percentile) => Measured == 0 ? 0 : Micros.GetValueAtPercentile(percentile) / 1000.0;

    /// <summary>Answers of this status over the whole run, warm-up included.</summary>
    internal long Count(int status) => Statuses.GetValueOrDefault(status);

    /// <summary>Answers of any other status.</summary>
    internal long Others(int status) => Statuses.Where(other => other.Key != status).Sum(other => other.Value);
}

/// <summary>
/// One thread that drives many kept connections over HTTP/1.1, one request at a time on each. Closed loop: the next
/// request follows its answer. Open loop: requests come at a rate whether or not there are answers, and latency counts
/// from the intended time.
/// </summary>
internal sealed class HttpLoad : IDisposable
{
    private const int BufferBytes = 4096;
    private static readonly TimeSpan DrainMax = TimeSpan.FromSeconds(30);

    private readonly Epoll _epoll = new();
    private readonly Connection[] _connections;
    private readonly WriteRequest _write;
    private readonly TimeProvider _clock;
    private readonly byte[] _out = new byte[BufferBytes];

    internal HttpLoad(Uri address, int connections, WriteRequest write, TimeProvider clock)
    {
        (_write, _clock) = (write, clock);
        _connections = new Connection[connections];
        var endpoint = new IPEndPoint(IPAddress.Parse(address.Host), address.Port);
        for (var i = 0; i < connections; i++)
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Connect(endpoint);
            socket.Blocking = false;
            _connections[i] = new Connection(socket);
            _epoll.Watch(socket, i);
        }
    }

    /// <summary>
    /// Sends for warm-up and window, then waits for what is under way, so that every request has its answer.
    /// Blocks its thread. <paramref name="perSecond"/> null: closed loop.
    /// </summary>
    internal LoadFigures Run(TimeSpan warmUp, TimeSpan window, double? perSecond, CancellationToken cancellation)
    {
        var figures = new LoadFigures();
        var (ready, idle, late) = (new int[_connections.Length], new Queue<int>(), new Queue<long>());
        var begun = figures.Begun = _clock.GetTimestamp();
        var (from, until) = (begun + Ticks(warmUp), begun + Ticks(warmUp + window));
        var (gap, due) = (perSecond is { } rate ? _clock.TimestampFrequency / rate : 0, (double)begun);
        for (var i = 0; i < _connections.Length; i++)
        {
            if (perSecond is null) Send(i, begun);
            else idle.Enqueue(i);
        }

        var (busy, last) = (_connections.Length - idle.Count, from);
        // Reading all of /proc takes milliseconds, in which this thread would send nothing.
        Task<CpuMeter>? before = null;
        for (var sending = true; sending || busy > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            var found = _epoll.Wait(ready, perSecond is null || !sending ? 100 : 1);
            var now = _clock.GetTimestamp();
            if (gap > 0 && sending && now - last > _clock.TimestampFrequency * figures.LongestPause.TotalSeconds)
                figures.LongestPause = _clock.GetElapsedTime(last, now);
            last = Math.Max(last, now);
            if (before is null && now >= from) before = Task.Run(CpuMeter.Read, CancellationToken.None);
            if (sending && now >= until)
            {
                (sending, figures.Cpu) = (false, CpuMeter.Read().Since(before!.Result));
            }

            for (; gap > 0 && sending && due <= now; due += gap) late.Enqueue((long)due);
            for (var i = 0; i < found; i++)
            {
                if (!Receive(ready[i], now, from, until, figures)) continue;
                if (sending && perSecond is null)
                {
                    Send(ready[i], now);
                    continue;
                }

                busy--;
                idle.Enqueue(ready[i]);
            }

            for (; late.Count > 0 && idle.Count > 0; busy++) Send(idle.Dequeue(), late.Dequeue());
            if (!sending && now > until + Ticks(DrainMax))
                throw new TimeoutException($"{busy} requests have no answer.");
        }

        figures.Window = window;
        return figures;
    }

    public void Dispose()
    {
        foreach (var connection in _connections) connection.Socket.Dispose();
        _epoll.Dispose();
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * _clock.TimestampFrequency);

    private void Send(int index, long intended)
    {
        var connection = _connections[index];
        (connection.Intended, connection.Received) = (intended, 0);
        var length = _write(index, _out);
        // A request is far smaller than an empty send buffer, so it goes out whole.
        var sent = connection.Socket.Send(_out.AsSpan(0, length), SocketFlags.None, out var error);
        if (sent != length) throw new SocketException((int)error, $"sent {sent} of {length} bytes");
    }

    /// <summary>True when the answer is complete.</summary>
    private bool Receive(int index, long now, long from, long until, LoadFigures figures)
    {
        var connection = _connections[index];
        var read = connection.Socket.Receive(
            connection.Buffer.AsSpan(connection.Received), SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock) return false;
        if (error != SocketError.Success || read == 0)
            throw new SocketException((int)error, "The service closed a connection.");
        connection.Received += read;
        var answer = connection.Buffer.AsSpan(0, connection.Received);
        if (!HttpAnswer.IsComplete(answer))
        {
            if (connection.Received == connection.Buffer.Length)
                throw new InvalidDataException("An answer over 4 KiB.");
            return false;
        }

        var status = HttpAnswer.Status(answer);
        figures.Statuses[status] = figures.Count(status) + 1;
        if (status is < 200 or > 299) figures.Oddity ??= Encoding.UTF8.GetString(answer);
        if (now >= from && now < until && status is >= 200 and <= 299)
        {
            var micros = (now - connection.Intended) * 1_000_000 / _clock.TimestampFrequency;
            figures.Micros.RecordValue(Math.Clamp(micros, 1, 120_000_000));
        }

        return true;
    }

    private sealed class Connection(Socket socket)
    {
        internal Socket Socket => socket;
        internal byte[] Buffer { get; } = new byte[BufferBytes];
        internal int Received { get; set; }
        internal long Intended { get; set; }
    }
}
