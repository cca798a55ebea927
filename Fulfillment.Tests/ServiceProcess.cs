using System.Text.Json.Nodes;
using Fulfillment.Hosting;
using Fulfillment.ServiceDefaults;

namespace Fulfillment.Tests;

/// <summary>A built service as a process of its own, for what only a real process can show (kill -9, start, stop).</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly Lock Writing = new();
    private readonly Child _child;

    private ServiceProcess(Child child) => _child = child;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_child.Url!);

    /// <summary>Everything it has printed.</summary>
    public string Output
    {
        get
        {
            using var log = new StreamReader(
                new FileStream(_child.LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return log.ReadToEnd();
        }
    }

    /// <summary>Starts Fulfillment.Orders or Fulfillment.Picking on a free port and waits until it is alive.</summary>
    public static async Task<ServiceProcess> StartAsync(
        string project, IReadOnlyDictionary<string, string> settings, bool waitUntilAlive = true)
    {
        var child = TestServers.Run.AddService(project, BuildOutput.Executable(project), settings.Select(setting =>
            KeyValuePair.Create(setting.Key.Replace(":", "__", StringComparison.Ordinal), setting.Value)),
            runtimeConfig: settings.Keys.Any(name => name.StartsWith("Fault:", StringComparison.Ordinal))
                ? WithFaults(project)
                : null);
        if (waitUntilAlive) await TestServers.Run.StartAsync(child, CancellationToken.None, "/alive");
        else await child.StartAsync();
        return new ServiceProcess(child);
    }

    /// <summary>Its process id.</summary>
    public int Id => _child.Pid!.Value;

    /// <summary>SIGSTOP: every thread of it stands still, and its sockets stay open.</summary>
    public void Freeze() => _child.Pause();

    /// <summary>SIGCONT: it goes on where it was.</summary>
    public void Wake() => _child.Resume();

    /// <summary>SIGKILL: nothing is cleaned up.</summary>
    public void Kill() => _child.Kill();

    /// <summary>The exit code, once it has ended by itself.</summary>
    public Task<int> WaitForExitAsync(CancellationToken cancellation) => _child.WaitForExitAsync(cancellation);

    public ValueTask DisposeAsync() => _child.DisposeAsync();

    // What is built does not heed the settings of faults.
    private static string WithFaults(string project)
    {
        var name = $"{project}.runtimeconfig.json";
        var configuration = JsonNode.Parse(File.ReadAllText(Path.Combine(BuildOutput.Folder(project), name)))!;
        configuration["runtimeOptions"]!["configProperties"]![FaultSwitches.Name] = true;
        var changed = Path.Combine(AppContext.BaseDirectory, $"faults.{name}");
        var text = configuration.ToJsonString();
        lock (Writing)
        {
            if (!File.Exists(changed) || File.ReadAllText(changed) != text) File.WriteAllText(changed, text);
        }

        return changed;
    }
}
