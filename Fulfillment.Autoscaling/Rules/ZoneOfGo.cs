namespace Fulfillment.Autoscaling.Rules;

/// <summary>Time zones by the names that Go's <c>time.LoadLocation</c> takes, which is what KEDA calls.</summary>
internal sealed class ZoneOfGo
{
    private const string ZoneInfo = "/usr/share/zoneinfo";
    private readonly TimeZoneInfo zone;

    private ZoneOfGo(TimeZoneInfo zone) => this.zone = zone;

    /// <summary>
    /// Null where Go finds none. Names are files below zoneinfo, so their case counts and Windows' names are unknown;
    /// <c>Local</c> and the file <c>localtime</c> are the operator's own clock, which is UTC in its container.
    /// </summary>
    internal static ZoneOfGo? Find(string name)
    {
        if (name is "" or "UTC" or "Local" or "localtime") return new(TimeZoneInfo.Utc);
        if (name[0] is '/' or '\\' || name.Contains("..", StringComparison.Ordinal)) return null;
        return TimeZoneInfo.TryFindSystemTimeZoneById(name, out var found) && found.HasIanaId && IsSpelt(name)
            ? new(found)
            : null;
    }

    internal TimeSpan OffsetAt(DateTimeOffset instant) => zone.GetUtcOffset(instant);

    /// <summary>The instant on this zone's clock.</summary>
    internal DateTime Clock(DateTimeOffset instant) => (instant.UtcDateTime + OffsetAt(instant)).Unspecified();

    /// <summary>
    /// Go's <c>time.Date</c>: the instant at which the clock shows this. It asks for the offset as if the clock were
    /// UTC, and once more with that offset taken off; so an hour that does not exist, or exists twice, is one of the
    /// two.
    /// </summary>
    internal DateTimeOffset Date(DateTime clock)
    {
        var utc = new DateTimeOffset(clock, TimeSpan.Zero);
        return utc - OffsetAt(utc - OffsetAt(utc));
    }

    // .NET finds a zone by any spelling, Go only the file of that very name. Windows has no such files to ask.
    private static bool IsSpelt(string name)
    {
        if (!Directory.Exists(ZoneInfo)) return true;
        var folder = ZoneInfo;
        foreach (var part in name.Split('/'))
        {
            folder = Path.Combine(folder, part);
            if (!Path.Exists(folder) || Directory.GetFileSystemEntries(Path.GetDirectoryName(folder)!, part)
                .All(entry => Path.GetFileName(entry) != part))
                return false;
        }
        return true;
    }
}

internal static class ClockKind
{
    internal static DateTime Unspecified(this DateTime clock) => DateTime.SpecifyKind(clock, DateTimeKind.Unspecified);
}
