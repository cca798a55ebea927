namespace Fulfillment.Hosting;

/// <summary>The system could not be started, in one line, and what to do about it where that is known.</summary>
public sealed class HostingException(string problem, string? remedy = null)
    : Exception(remedy is null ? problem : $"{problem} ({remedy})");
