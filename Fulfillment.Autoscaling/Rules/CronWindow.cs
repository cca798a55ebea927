namespace Fulfillment.Autoscaling.Rules;

/// <summary>
/// From each match of one cron line to the next match of another, in a time zone, as KEDA decides it.
/// </summary>
public sealed record CronWindow
{
    private readonly CronLine start;
    private readonly CronLine end;
    private readonly ZoneOfGo zone;

    private CronWindow((string Zone, string Start, string End) texts, CronLine start, CronLine end, ZoneOfGo zone)
    {
        (TimeZone, Start, End) = texts;
        (this.start, this.end, this.zone) = (start, end, zone);
    }

    public string Start { get; }
    public string End { get; }
    public string TimeZone { get; }

    /// <summary>
    /// Reads what KEDA takes; adds a fault, led by the key it concerns, for everything that it refuses.
    /// </summary>
    public static CronWindow? Read(string timeZone, string start, string end, Action<string, string> fault)
    {
        var zone = ZoneOfGo.Find(timeZone);
        if (zone is null)
            fault("timezone", $"'{timeZone}' is no IANA time zone known here, such as Europe/Berlin; its case counts.");
        var starts = CronLine.Read(start, text => fault("start", text));
        var ends = CronLine.Read(end, text => fault("end", text));
        if (start == end)
        {
            fault("end", "the same as start: the window would have no length.");
            return null;
        }
        return zone is null || starts is null || ends is null
            ? null
            : new((timeZone, start, end), starts, ends, zone);
    }

    /// <summary>
    /// Inside exactly when KEDA's comparison of the next start and the next end, both after now, says so. A match that
    /// never comes is Go's year 1 there: a start that never comes is inside for ever, an end that never comes outside.
    /// </summary>
    public bool Contains(DateTimeOffset now)
    {
        var starts = start.Next(now, zone) ?? DateTimeOffset.MinValue;
        var ends = end.Next(now, zone) ?? DateTimeOffset.MinValue;
        return starts < ends ? now > starts && now < ends : now > starts || now < ends;
    }

    /// <summary>
    /// The first moment after <paramref name="now"/> at which a line matches; the last of all where none does.
    /// </summary>
    public DateTimeOffset NextChange(DateTimeOffset now)
    {
        var starts = start.Next(now, zone) ?? DateTimeOffset.MaxValue;
        var ends = end.Next(now, zone) ?? DateTimeOffset.MaxValue;
        return starts < ends ? starts : ends;
    }

    /// <summary>What KEDA takes and nobody can mean; empty for a window that is what it looks like.</summary>
    internal IEnumerable<(string Key, string Text)> Traps()
    {
        // Any leap year before the project: 29 February and every weekday are reachable from it.
        var from = new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);
        foreach (var (key, text, line) in new[] { ("start", Start, start), ("end", End, end) })
        {
            if (line.Next(from, zone) is null) yield return (key, $"'{text}' never matches: there is no such day.");
            if (line.TakesEitherDay)
                yield return (key, $"'{text}': day of month and day of week are both limited; KEDA would take either. "
                    + "Write two rules.");
        }
    }

    /// <summary>False near a change of the zone's clock, where a match depends on the minute it is asked at.</summary>
    internal bool IsClockSteady(DateTimeOffset now) =>
        zone.OffsetAt(now.AddDays(-2)) == zone.OffsetAt(now) && zone.OffsetAt(now.AddDays(2)) == zone.OffsetAt(now);
}
