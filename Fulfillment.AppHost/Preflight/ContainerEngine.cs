using System.ComponentModel;
using System.Diagnostics;
using Microsoft.Extensions.Configuration;

namespace Fulfillment.AppHost.Preflight;

/// <summary>A client on the path is not enough: the engine behind it must answer.</summary>
internal static class ContainerEngine
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(10);

    /// <summary>The first engine that answers, in the order in which Aspire prefers them; null for none.</summary>
    internal static async Task<string?> FindAsync(IConfiguration settings, CancellationToken cancellation)
    {
        var told = settings["ASPIRE_CONTAINER_RUNTIME"] ?? settings["DOTNET_ASPIRE_CONTAINER_RUNTIME"];
        foreach (var client in string.IsNullOrEmpty(told) ? ["docker", "podman"] : new[] { told })
        {
            if (await AnswersAsync(client, cancellation)) return client;
        }

        return null;
    }

    private static async Task<bool> AnswersAsync(string client, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(AnswerWithin);
        try
        {
            using var process = Process.Start(new ProcessStartInfo(client, ["container", "ls", "-n", "1"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
            try
            {
                await process.WaitForExitAsync(limit.Token);
                return process.ExitCode == 0;
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                process.Kill(entireProcessTree: true);
                return false; // a client that hangs has no engine
            }
        }
        catch (Win32Exception)
        {
            return false; // no such client
        }
    }
}
