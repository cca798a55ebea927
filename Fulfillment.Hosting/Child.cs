using System.Diagnostics;

namespace Fulfillment.Hosting;

/// <summary>
/// One process of a run: can be started again, stopped, killed and paused, and writes to one capped log.
/// </summary>
public sealed class Child : IAsyncDisposable
{
    private readonly Func<ProcessStartInfo> _command;
    private readonly CappedLog _log;
    private readonly Signal _stop;
    private readonly TimeProvider _clock;
    private Process? _process;
    private Task _copying = Task.CompletedTask;

    public Child(
        string name, string? url, Func<ProcessStartInfo> command, CappedLog log, Signal stop, TimeProvider clock)
    {
        (Name, Url, _command, _log, _stop, _clock) = (name, url, command, log, stop, clock);
    }

    /// <summary>As in the name of its log: orders-1, picking-2, postgres, redis.</summary>
    public string Name { get; }

    /// <summary>Where it serves HTTP; null for the stores.</summary>
    public string? Url { get; }

    public bool Running => _process is { HasExited: false };

    public int? Pid => _process?.Id;

    /// <summary>Of the process that ended last; null while it runs or when it never did.</summary>
    public int? ExitCode => _process is { HasExited: true } ended ? ended.ExitCode : null;

    public string LogPath => _log.Path;

    /// <summary>All bytes it printed; what is over the log's cap was dropped.</summary>
    public long LogBytes => _log.BytesOffered;

    public bool LogOverflowed => _log.Overflowed;

    /// <summary>Starts it, or starts it again under the same address.</summary>
    /// <exception cref="HostingException">The program cannot be run, or it runs already.</exception>
    public async Task StartAsync()
    {
        if (Running) throw new HostingException($"{Name} runs already");
        await ForgetAsync();
        var process = await Nursery.StartAsync(_command());
        process.StandardInput.Close();
        _process = process;
        _copying = Task.WhenAll(
            _log.CopyAsync(process.StandardOutput.BaseStream), _log.CopyAsync(process.StandardError.BaseStream));
    }

    /// <summary>SIGKILL; returns when it is gone.</summary>
    public async Task KillAsync(CancellationToken cancellation = default)
    {
        if (_process is not { } process) return;
        Signals.Send(process, Signal.Kill);
        await process.WaitForExitAsync(cancellation);
    }

    /// <summary>SIGKILL, and no waiting.</summary>
    public bool Kill() => _process is { } process && Signals.Send(process, Signal.Kill);

    /// <summary>The exit code, once it has ended by itself and its log has all that it printed.</summary>
    public async Task<int> WaitForExitAsync(CancellationToken cancellation)
    {
        if (_process is not { } process) throw new InvalidOperationException($"{Name} was never started");
        await process.WaitForExitAsync(cancellation);
        await _copying.WaitAsync(cancellation);
        return process.ExitCode;
    }

    /// <summary>SIGQUIT; returns when it is gone. PostgreSQL ends at once and recovers at its next start.</summary>
    public async Task QuitAsync(CancellationToken cancellation)
    {
        if (_process is not { } process) return;
        Signals.Send(process, Signal.Quit);
        await process.WaitForExitAsync(cancellation);
    }

    /// <summary>SIGSTOP to it and to the processes it has started.</summary>
    public void PauseAll() => SignalAll(Signal.Stop);

    public void ResumeAll() => SignalAll(Signal.Continue);

    /// <summary>SIGSTOP: it is there and does not answer, as in a long pause of a collector or a hypervisor.</summary>
    public bool Pause() => _process is { } process && Signals.Send(process, Signal.Stop);

    public bool Resume() => _process is { } process && Signals.Send(process, Signal.Continue);

    /// <summary>SIGTERM, and no waiting for what it does then; a paused one hears it when it goes on.</summary>
    public bool Terminate() => _process is { } process && Signals.Send(process, Signal.Terminate);

    /// <summary>
    /// Asks it to stop, and kills it when it has not after <paramref name="grace"/>. True when it obeyed.
    /// </summary>
    public async Task<bool> StopAsync(TimeSpan grace)
    {
        if (_process is not { } process) return true;
        Signals.Send(process, Signal.Continue); // a paused one would not hear
        Signals.Send(process, _stop);
        using var patience = new CancellationTokenSource(grace, _clock);
        try
        {
            await process.WaitForExitAsync(patience.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            await KillAsync(CancellationToken.None);
            return false;
        }
    }

    /// <summary>Its last words, for an error message.</summary>
    public async Task<string> LastLinesAsync(int lines)
    {
        if (!Running) await _copying;
        return string.Join('\n', (await File.ReadAllLinesAsync(_log.Path)).TakeLast(lines));
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await ForgetAsync();
        await _log.DisposeAsync();
    }

    private void SignalAll(Signal signal)
    {
        if (Pid is not { } pid) return;
        Signals.Send(pid, signal);
        var children = $"/proc/{pid}/task/{pid}/children";
        if (!File.Exists(children)) return;
        foreach (var child in File.ReadAllText(children).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            Signals.Send(int.Parse(child, System.Globalization.CultureInfo.InvariantCulture), signal);
    }

    private async Task ForgetAsync()
    {
        await _copying;
        _process?.Dispose();
        _process = null;
    }
}
