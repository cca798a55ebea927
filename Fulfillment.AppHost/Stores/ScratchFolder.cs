using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Hosting;

namespace Fulfillment.AppHost.Stores;

/// <summary>
/// The stores' files, deleted once every process that has them open has stopped. What an AppHost that was killed has
/// left is deleted by the next one that starts: the folder bears its owner's number.
/// </summary>
internal sealed class ScratchFolder : IHostedLifecycleService
{
    private const string Prefix = "fulfillment-apphost-";

    private ScratchFolder(string path) => Path = path;

    internal string Path { get; }

    /// <summary>Makes one, and clears away those whose owner is gone.</summary>
    internal static ScratchFolder Create(string parent)
    {
        foreach (var old in Directory.GetDirectories(parent, Prefix + "*").Where(OwnerIsGone)) Delete(old);
        var name = string.Create(
            CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}");
        return new(Directory.CreateDirectory(System.IO.Path.Combine(parent, name)).FullName);
    }

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        Delete(Path);
        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static bool OwnerIsGone(string folder)
    {
        var owner = System.IO.Path.GetFileName(folder)[Prefix.Length..].Split('-')[0];
        if (!int.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out var pid)) return true;
        try
        {
            using var process = Process.GetProcessById(pid);
            return process.HasExited;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }

    private static void Delete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception busy) when (busy is IOException or UnauthorizedAccessException)
        {
            // A server that had to be killed may still write, or the folder is somebody else's: the next start tries.
        }
    }
}
