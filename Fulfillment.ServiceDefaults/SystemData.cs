using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;

namespace Fulfillment.ServiceDefaults;

/// <summary>Something that the machine or the image must have; its message is one line.</summary>
public sealed class MissingSystemDataException(string message) : Exception(message);

/// <summary>
/// What a service takes from the machine it runs on, beside its own binary. A chiseled image has only what was asked
/// for, and what it lacks would be found by the first request that needs it; the start finds it before.
/// </summary>
public static class SystemData
{
    // Neither is built in, and no tzdata is without them.
    private static readonly string[] Zones = ["Etc/UTC", "Europe/Berlin", "America/New_York"];

    // On Windows names like these come from a library of its own, with zones that Windows keeps itself.
    /// <exception cref="MissingSystemDataException">The time zones are not there.</exception>
    public static void RequireTimeZones()
    {
        if (OperatingSystem.IsWindows()) return;
        if (Array.Find(Zones, zone => !TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _)) is not { } missing) return;
        var folder = Environment.GetEnvironmentVariable("TZDIR") is { Length: > 0 } told ? told : "/usr/share/zoneinfo";
        throw new MissingSystemDataException(
            $"The time zones of this machine are missing ({missing} is not in {folder}): " +
            "install tzdata, or take an image that has it (runtime-deps ...-chiseled-extra)");
    }

    /// <summary>Where a certificate will have to be checked, there must be roots to check it against.</summary>
    /// <exception cref="MissingSystemDataException">The certificates of authorities are not there.</exception>
    public static void RequireCertificates(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (OperatingSystem.IsWindows() || FirstThatChecks(configuration) is not { } setting) return;
        using var roots = new X509Store(StoreName.Root, StoreLocation.LocalMachine);
        roots.Open(OpenFlags.ReadOnly);
        if (roots.Certificates.Count > 0) return;
        throw new MissingSystemDataException(
            $"The certificates of this machine's authorities are missing, and {setting} needs them: " +
            "install ca-certificates, or name their file in SSL_CERT_FILE");
    }

    private static string? FirstThatChecks(IConfiguration configuration) =>
        configuration.AsEnumerable().FirstOrDefault(setting => setting.Value is { } value && (
            value.StartsWith("https://", StringComparison.OrdinalIgnoreCase)
            || value.Contains("ssl=true", StringComparison.OrdinalIgnoreCase)
            || (value.Contains("SSL Mode=Verify", StringComparison.OrdinalIgnoreCase)
                && !value.Contains("Root Certificate", StringComparison.OrdinalIgnoreCase)))).Key;
}
