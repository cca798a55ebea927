using System.Net;
using System.Net.Sockets;

namespace Fulfillment.Surge.Hosting;

internal static class Ports
{
    /// <summary>Loopback ports that nobody listens on; held together while chosen, so that they differ.</summary>
    internal static int[] Free(int count)
    {
        var holders = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        try
        {
            foreach (var holder in holders) holder.Start();
            return [.. holders.Select(holder => ((IPEndPoint)holder.LocalEndpoint).Port)];
        }
        finally
        {
            foreach (var holder in holders) holder.Dispose();
        }
    }
}
