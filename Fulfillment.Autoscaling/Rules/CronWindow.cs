using Cronos;

namespace Fulfillment.Autoscaling.Rules;

/// <summary>From each match of one cron line to the next match of another, in a time zone.</summary>
public sealed record CronWindow
{
    // Any leap year before the project: 29 February and every weekday are reachable from it.
    private static readonly DateTimeOffset ReachableFrom = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string[] FieldNames = ["minute", "hour", "day of month", "month", "day of week"];
    private static readonly string[] Months =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    private static readonly string[] Days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    private readonly CronExpression start;
    private readonly CronExpression end;
    private readonly TimeZoneInfo zone;

    private CronWindow(string startLine, string endLine, CronExpression start, CronExpression end, TimeZoneInfo zone) =>
        (Start, End, this.start, this.end, this.zone) = (startLine, endLine, start, end, zone);

    public string Start { get; }
    public string End { get; }
    public string TimeZone => zone.Id;

    /// <summary>Reads a window; adds a fault, led by the key it concerns, for everything that is wrong.</summary>
    public static CronWindow? Read(string timeZone, string start, string end, Action<string, string> fault)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out var zone))
            fault("timezone", $"'{timeZone}' is no IANA time zone known here, such as Europe/Berlin.");
        var starts = ReadLine("start", start, zone, fault);
        var ends = ReadLine("end", end, zone, fault);
        if (start.Trim() == end.Trim())
        {
            fault("end", "the same as start: the window would have no length.");
            return null;
        }
        return zone is null || starts is null || ends is null ? null : new(start, end, starts, ends, zone);
    }

    /// <summary>
    /// Inside exactly when the next end comes no later than the next start, as KEDA decides it.
    /// </summary>
    public bool Contains(DateTimeOffset now) => !(NextStart(now) < NextEnd(now));

    /// <summary>The first moment after <paramref name="now"/> at which the answer can change.</summary>
    public DateTimeOffset NextChange(DateTimeOffset now)
    {
        var (starts, ends) = (NextStart(now), NextEnd(now));
        return starts < ends ? starts : ends;
    }

    private DateTimeOffset NextStart(DateTimeOffset now) =>
        start.GetNextOccurrence(now, zone) ?? DateTimeOffset.MaxValue;

    private DateTimeOffset NextEnd(DateTimeOffset now) => end.GetNextOccurrence(now, zone) ?? DateTimeOffset.MaxValue;

    private static CronExpression? ReadLine(string key, string line, TimeZoneInfo? zone, Action<string, string> fault)
    {
        if (UnlikeKeda(line) is { } difference)
        {
            fault(key, $"'{line}': {difference}");
            return null;
        }
        if (!CronExpression.TryParse(line, out var cron))
        {
            fault(key, $"'{line}' is no cron line of five fields (minute hour day-of-month month day-of-week).");
            return null;
        }
        if (cron.GetNextOccurrence(ReachableFrom, zone ?? TimeZoneInfo.Utc) is null)
        {
            fault(key, $"'{line}' never matches: there is no such day.");
            return null;
        }
        return cron;
    }

    /// <summary>
    /// What KEDA's parser (robfig/cron) reads differently from Cronos. A line that works here and not there, or means
    /// another day there, would be worse than an error.
    /// </summary>
    private static string? UnlikeKeda(string line)
    {
        var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != FieldNames.Length) return $"five fields are needed, there are {fields.Length}.";
        for (var index = 0; index < fields.Length; index++)
        {
            foreach (var item in fields[index].Split(','))
                if (!IsPlain(item, index))
                    return $"'{item}' in {FieldNames[index]}: KEDA takes numbers, names, rising ranges and steps only.";
        }
        return fields[2] is not ("*" or "?") && fields[4] is not ("*" or "?")
            ? "day of month and day of week are both limited; KEDA would take either. Write two rules."
            : null;
    }

    private static bool IsPlain(string item, int field)
    {
        var step = item.Split('/');
        if (step.Length > 2 || (step.Length == 2 && !int.TryParse(step[1], out _))) return false;
        if (step[0] is "*" or "?") return true;
        var bounds = step[0].Split('-');
        return bounds.Length switch
        {
            1 => Number(bounds[0], field) is not null,
            2 => Number(bounds[0], field) <= Number(bounds[1], field),
            _ => false,
        };
    }

    private static int? Number(string text, int field)
    {
        var named = field switch
        {
            3 => Array.IndexOf(Months, text.ToUpperInvariant()) + 1,
            4 => Array.IndexOf(Days, text.ToUpperInvariant()) + 1,
            _ => 0,
        };
        if (named > 0) return field == 3 ? named : named - 1;
        return int.TryParse(text, out var number) && !(field == 4 && number > 6) ? number : null;
    }
}
