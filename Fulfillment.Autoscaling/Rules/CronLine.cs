using System.Globalization;

namespace Fulfillment.Autoscaling.Rules;

/// <summary>
/// One line of robfig/cron 3.0.1 (parser.go and spec.go) as KEDA sets it up: minute, hour, day of month, month, day of
/// week; no seconds, no <c>@daily</c>. What it takes is taken, and its next match is found by its own steps: an hour
/// that the clock skips is passed over, and one that exists twice matches twice.
/// </summary>
internal sealed class CronLine
{
    private const int YearsAhead = 5;

    private static readonly string[] Months =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    private static readonly (string Name, int Min, int Max, string[] Names)[] Fields =
    [
        ("minute", 0, 59, []), ("hour", 0, 23, []), ("day of month", 1, 31, []), ("month", 1, 12, Months),
        ("day of week", 0, 6, Days),
    ];

    private readonly CronField minute, hour, dayOfMonth, month, dayOfWeek;
    private readonly ZoneOfGo? own;

    private CronLine(CronField[] fields, ZoneOfGo? own)
    {
        (minute, hour, dayOfMonth, month, dayOfWeek) = (fields[0], fields[1], fields[2], fields[3], fields[4]);
        this.own = own;
    }

    /// <summary>Both days are limited: robfig takes either, where most readers expect both.</summary>
    internal bool TakesEitherDay => !dayOfMonth.Star && !dayOfWeek.Star;

    /// <summary>Null, and a fault, for what KEDA refuses.</summary>
    internal static CronLine? Read(string line, Action<string> fault)
    {
        ZoneOfGo? own = null;
        if (line.StartsWith("TZ=", StringComparison.Ordinal) || line.StartsWith("CRON_TZ=", StringComparison.Ordinal))
        {
            var (named, space) = (line.IndexOf('=') + 1, line.IndexOf(' '));
            own = space < 0 ? null : ZoneOfGo.Find(line[named..space]);
            if (own is null)
            {
                fault($"'{line}': its own time zone is not known.");
                return null;
            }
            line = line[space..].Trim();
        }
        var texts = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (texts.Length != Fields.Length || line.StartsWith('@'))
        {
            fault($"'{line}': five fields are needed (minute hour day-of-month month day-of-week), "
                + $"there are {texts.Length}.");
            return null;
        }
        var read = new CronField[Fields.Length];
        for (var index = 0; index < read.Length; index++)
        {
            var (name, min, max, names) = Fields[index];
            if (CronField.TryRead(texts[index], min, max, names, out read[index], out var why)) continue;
            fault($"'{line}': {why} in {name}.");
            return null;
        }
        return new(read, own);
    }

    /// <summary>
    /// The first match after <paramref name="now"/>; null, which is Go's year 1, where none comes within five years.
    /// </summary>
    internal DateTimeOffset? Next(DateTimeOffset now, ZoneOfGo ofRule)
    {
        var zone = own ?? ofRule;
        var whole = now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerSecond);
        var at = new DateTimeOffset(whole, TimeSpan.Zero).AddSeconds(1);
        var last = zone.Clock(at).Year + YearsAhead;
        var cut = false;
        while (zone.Clock(at).Year <= last)
        {
            if (ToMonth(zone, ref at, ref cut) && ToDay(zone, ref at, ref cut) && ToHour(zone, ref at, ref cut)
                && ToMinute(zone, ref at, ref cut) && ToSecond(zone, ref at, ref cut))
                return at;
        }
        return null;
    }

    // Each goes forward until its field matches; false where it came round, so that the fields above are asked again.
    // The first that moves cuts off what is below it: the present time of day no longer matters.
    private bool ToMonth(ZoneOfGo zone, ref DateTimeOffset at, ref bool cut)
    {
        while (!month.Has(zone.Clock(at).Month))
        {
            var clock = zone.Clock(at);
            if (!cut) clock = new(clock.Year, clock.Month, 1);
            cut = true;
            at = zone.Date(clock.AddMonths(1));
            if (zone.Clock(at).Month == 1) return false;
        }
        return true;
    }

    private bool ToDay(ZoneOfGo zone, ref DateTimeOffset at, ref bool cut)
    {
        while (!MatchesDay(zone.Clock(at)))
        {
            if (!cut) at = zone.Date(zone.Clock(at).Date);
            cut = true;
            at = zone.Date(zone.Clock(at).AddDays(1));
            // Midnight may not exist, or be an hour late.
            var off = zone.Clock(at).Hour;
            if (off != 0) at = at.AddHours(off > 12 ? 24 - off : -off);
            if (zone.Clock(at).Day == 1) return false;
        }
        return true;
    }

    private bool ToHour(ZoneOfGo zone, ref DateTimeOffset at, ref bool cut)
    {
        while (!hour.Has(zone.Clock(at).Hour))
        {
            var clock = zone.Clock(at);
            if (!cut) at = zone.Date(clock.Date.AddHours(clock.Hour));
            cut = true;
            at = at.AddHours(1);
            if (zone.Clock(at).Hour == 0) return false;
        }
        return true;
    }

    private bool ToMinute(ZoneOfGo zone, ref DateTimeOffset at, ref bool cut)
    {
        while (!minute.Has(zone.Clock(at).Minute))
        {
            if (!cut) at = at.AddTicks(-(at.UtcTicks % TimeSpan.TicksPerMinute));
            cut = true;
            at = at.AddMinutes(1);
            if (zone.Clock(at).Minute == 0) return false;
        }
        return true;
    }

    // The second is 0 on every line.
    private static bool ToSecond(ZoneOfGo zone, ref DateTimeOffset at, ref bool cut)
    {
        var second = zone.Clock(at).Second;
        if (second == 0) return true;
        at = at.AddSeconds(60 - second);
        cut = true;
        return false;
    }

    private bool MatchesDay(DateTime clock)
    {
        var (date, weekday) = (dayOfMonth.Has(clock.Day), dayOfWeek.Has((int)clock.DayOfWeek));
        return TakesEitherDay ? date || weekday : date && weekday;
    }
}

/// <summary>The values of one field, and whether a star was among what they were written with.</summary>
internal readonly record struct CronField(ulong Values, bool Star)
{
    internal bool Has(int value) => (Values >> value & 1) != 0;

    /// <summary>A list of ranges; empty places in it are passed over, as there.</summary>
    internal static bool TryRead(string text, int min, int max, string[] names, out CronField field, out string why)
    {
        var (values, star) = (0UL, false);
        foreach (var range in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            if (Range(range, min, max, names, ref star) is not { } bits)
            {
                (field, why) = (default, $"'{range}' is no number, name, rising range or step between {min} and {max}");
                return false;
            }
            values |= bits;
        }
        (field, why) = (new(values, star), "");
        return true;
    }

    private static ulong? Range(string text, int min, int max, string[] names, ref bool star)
    {
        var steps = text.Split('/');
        var ends = steps[0].Split('-');
        var any = ends[0] is "*" or "?";
        if (steps.Length > 2 || (!any && ends.Length > 2)) return null;
        // What follows the hyphen of a star is not looked at.
        var (low, high) = any ? (min, max) : (Number(ends[0], min, names), Number(ends[^1], min, names));
        var step = steps.Length == 2 ? Whole(steps[1]) : 1;
        if (steps.Length == 2 && ends.Length == 1) high = max; // N/step goes on to the end
        if (low is not { } from || high is not { } to || step is not { } by) return null;
        if (from < min || to > max || from > to || by < 1) return null;
        star |= any && by == 1;
        var bits = 0UL;
        for (long value = from; value <= to; value += by) bits |= 1UL << (int)value;
        return bits;
    }

    private static int? Number(string text, int min, string[] names)
    {
        var named = Array.IndexOf(names, text.ToLowerInvariant());
        return named >= 0 ? named + min : Whole(text);
    }

    // Go's Atoi: a sign is allowed, spaces are not.
    private static int? Whole(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= 0
            ? number
            : null;
}
