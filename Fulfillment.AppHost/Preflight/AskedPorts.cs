using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;

namespace Fulfillment.AppHost.Preflight;

/// <summary>Ports that were asked for by number must be free; those that were not are chosen free.</summary>
internal static class AskedPorts
{
    internal const string Orders = "Orders:Port";
    internal const string Postgres = "Postgres:Port";
    internal const string Redis = "Redis:Port";

    // The dashboard's own addresses, from launchSettings.json.
    private static readonly string[] Addresses =
        ["ASPNETCORE_URLS", "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL"];

    /// <summary>The port that a setting asks for; null when any free one will do.</summary>
    internal static int? Of(IConfiguration settings, string name) =>
        int.TryParse(settings[name], NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : null;

    /// <summary>The first setting that is no port, or whose port somebody has, in one line; null for none.</summary>
    internal static string? FaultIn(IConfiguration settings)
    {
        // A test gives every endpoint a port of its own, whatever the settings say.
        if (settings["DcpPublisher:RandomizePorts"] is "true") return null;

        foreach (var name in new[] { Orders, Postgres, Redis })
        {
            if (settings[name] is not { } text) continue;
            if (Of(settings, name) is not (> 0 and <= IPEndPoint.MaxPort and var port))
                return $"{name}: '{text}' is no port.";
            if (IsTaken(port)) return Taken(port, name);
        }

        foreach (var name in Addresses)
        {
            foreach (var address in (settings[name] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
            {
                if (!Uri.TryCreate(address, UriKind.Absolute, out var url)) return $"{name}: '{address}' is no URL.";
                if (url.Port > 0 && IsTaken(url.Port)) return Taken(url.Port, name);
            }
        }

        return null;
    }

    private static string Taken(int port, string name) =>
        $"Port {port} ({name}) is in use: end who has it, or set another.";

    private static bool IsTaken(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return false;
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return true;
        }
    }
}
