using System.Diagnostics;

namespace Fulfillment.Hosting;

/// <summary>
/// Processes of one run on this machine, with a folder for their logs. They end together when this is disposed, and
/// also when the process that holds it is killed (see <see cref="Nursery"/>); nothing of them but logs is left.
/// </summary>
/// <param name="runs">The folder of all runs; the run's own is made in it.</param>
/// <param name="clock">For deadlines, and the folder's name.</param>
/// <param name="logBytesMax">Of each process; what it prints beyond is dropped and counted.</param>
public sealed class LocalRun(string runs, TimeProvider clock, long logBytesMax = LocalRun.LogBytesMax)
    : IAsyncDisposable
{
    public const long LogBytesMax = 16 << 20;
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);

    private readonly RunFolder _folder = RunFolder.Create(runs, clock);
    private readonly List<Child> _children = [];
    private readonly Lock _gate = new(); // processes come and go while others look
    private readonly HttpClient _probe = new() { Timeout = TimeSpan.FromSeconds(2) };

    public string Folder => _folder.Path;

    public TimeProvider Clock => clock;

    /// <summary>All of them, those that ended too.</summary>
    public IReadOnlyList<Child> Children
    {
        get { lock (_gate) return [.. _children]; }
    }

    /// <summary>One more process, not started yet. A name that is taken gets a number.</summary>
    public Child Adopt(string name, string? url, Signal stop, Func<ProcessStartInfo> command)
    {
        lock (_gate)
        {
            var unique = name;
            for (var twin = 2; _children.Exists(child => child.Name == unique); twin++) unique = $"{name}-{twin}";
            var child = new Child(unique, url, command, new CappedLog(_folder.Log(unique), logBytesMax), stop, clock);
            _children.Add(child);
            return child;
        }
    }

    /// <summary>A program that serves HTTP on a free loopback port, not started yet.</summary>
    /// <param name="name">As in the name of its log.</param>
    /// <param name="program">Its path.</param>
    /// <param name="settings">Environment variables.</param>
    /// <param name="core">The one processor it may use; any where null.</param>
    /// <param name="runtimeConfig">A runtimeconfig.json that stands for the one beside the program.</param>
    /// <exception cref="HostingException">The program is not there.</exception>
    public Child AddService(
        string name, string program, IEnumerable<KeyValuePair<string, string>> settings, int? core = null,
        string? runtimeConfig = null)
    {
        if (!File.Exists(program)) throw new HostingException($"{program} is not there");
        var url = $"http://127.0.0.1:{Ports.Free()}";
        return Adopt(name, url, Signal.Terminate, () =>
        {
            string[] command = runtimeConfig is null
                ? [program]
                : ["dotnet", "exec", "--runtimeconfig", runtimeConfig, $"{program}.dll"];
            if (core is { } number) command = ["taskset", "-c", $"{number}", .. command];
            var start = Nursery.Bound(command[0], command[1..]);
            start.WorkingDirectory = Path.GetDirectoryName(program);
            start.Environment["ASPNETCORE_URLS"] = url;
            foreach (var (key, value) in settings) start.Environment[key] = value;
            return start;
        });
    }

    /// <summary>Starts a service, or starts it again, and returns when it answers.</summary>
    public async Task StartAsync(Child service, CancellationToken cancellation, string probed = "/health")
    {
        ArgumentNullException.ThrowIfNull(service);
        await service.StartAsync();
        await WaitUntilHealthyAsync(service, cancellation, probed);
    }

    /// <summary>Returns when the service's <paramref name="probed"/> page says so.</summary>
    /// <exception cref="HostingException">It ended, or took too long.</exception>
    public Task WaitUntilHealthyAsync(Child service, CancellationToken cancellation, string probed = "/health") =>
        Readiness.WaitAsync(service, token => AnswersAsync($"{service.Url}{probed}", token), clock, cancellation);

    public async ValueTask DisposeAsync()
    {
        _probe.Dispose();
        // Services first, so that none of them mourns its stores in its log.
        await StopAllAsync(child => child.Url is not null);
        await StopAllAsync(child => child.Url is null);
        foreach (var child in Children) await child.DisposeAsync();
        ClusterFolder.Delete(Folder);
    }

    private async Task StopAllAsync(Func<Child, bool> which) =>
        await Task.WhenAll(Children.Where(which).Select(child => child.StopAsync(StopGrace)));

    private async Task<bool> AnswersAsync(string page, CancellationToken cancellation)
    {
        try
        {
            using var answer = await _probe.GetAsync(new Uri(page), cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception notYet) when (notYet is HttpRequestException or TaskCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return false;
        }
    }
}
