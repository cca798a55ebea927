using System.Net;
using Fulfillment.Hosting;
using Fulfillment.Surge.Wire;

namespace Fulfillment.Surge.Live;

/// <summary>Sets the optimized plan for all clients, as an operator would before a run.</summary>
internal static class Toggle
{
    internal const string Path = "/toggles/optimized-picking";

    /// <summary>A build without the toggle knows the baseline only, so that "off" is how it is.</summary>
    /// <exception cref="HostingException">The plan that is to be on is not in this build of Picking.</exception>
    internal static async Task PutAsync(ServiceApi picking, string operatorKey, bool on, CancellationToken cancellation)
    {
        var body = new PutToggle(on, 100, new Dictionary<string, bool>(), Shadow: false, "surge run");
        using var answer = await picking.SendAsync(HttpMethod.Put, Path, operatorKey, body, cancellation);
        if (answer.StatusCode == HttpStatusCode.NotFound && !on) return;
        if (answer.StatusCode == HttpStatusCode.NotFound)
            throw new HostingException(
                $"this build of Picking has no PUT {Path}", "leave --toggle out, or build a newer one");
        if (!answer.IsSuccessStatusCode)
            throw new ServiceRefusedException(
                $"PUT {Path}", answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellation));
    }
}
