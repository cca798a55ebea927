using System.Net;
using System.Net.Sockets;

namespace Fulfillment.Hosting;

public static class Ports
{
    private static readonly HashSet<int> Given = [];
    private static readonly Lock Gate = new();

    /// <summary>A loopback port that nobody listens on and that this process was not given before.</summary>
    public static int Free()
    {
        lock (Gate)
        {
            while (true)
            {
                using var holder = new TcpListener(IPAddress.Loopback, 0);
                holder.Start();
                var port = ((IPEndPoint)holder.LocalEndpoint).Port;
                if (Given.Add(port)) return port;
            }
        }
    }
}
