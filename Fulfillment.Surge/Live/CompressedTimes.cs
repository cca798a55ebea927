using System.Globalization;
using Fulfillment.Hosting;
using Fulfillment.Surge.Embedded;

namespace Fulfillment.Surge.Live;

/// <summary>Picking's times in a run that is compressed K times, as environment variables.</summary>
internal static class CompressedTimes
{
    /// <summary>Orders of one pool, stated so that the report and the scale rule can be held against it.</summary>
    internal const int PoolOrdersMax = 100;

    internal static readonly TimeSpan PoolWait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Claim = TimeSpan.FromSeconds(30);

    // Planning does not shrink, so what must outlast it five times over may not shrink below it.
    internal static readonly TimeSpan ClaimMin = TimeSpan.FromSeconds(10);

    // The ages at which the effort ladder changes its rung: an order that has waited for a minute of the day has.
    private static readonly (string Setting, TimeSpan Age)[] Ladder =
    [
        ("Effort__QuickFromMilliseconds", TimeSpan.FromSeconds(2)),
        ("Effort__FullBelowMilliseconds", TimeSpan.FromSeconds(1)),
        ("Effort__ConstructiveFromMilliseconds", TimeSpan.FromSeconds(10)),
        ("Effort__QuickBelowMilliseconds", TimeSpan.FromSeconds(5)),
    ];

    internal static IReadOnlyDictionary<string, string> Of(double k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        var (least, settings) = (TimeSpan.FromMilliseconds(1), new Dictionary<string, string>());
        settings["Pool__OrdersMax"] = PoolOrdersMax.ToString(CultureInfo.InvariantCulture);
        settings["Pool__WaitMilliseconds"] = Milliseconds(PoolWait / k, least);
        settings["Lease__Milliseconds"] = Milliseconds(Lease / k, TimeSpan.FromSeconds(1));
        settings["Claim__AfterMilliseconds"] = Milliseconds(Claim / k, ClaimMin);
        foreach (var (setting, age) in Ladder) settings[setting] = Milliseconds(age / k, least);
        return settings;
    }

    /// <summary>The system to start, with these times beneath what was asked for by name.</summary>
    internal static EmbeddedOptions Under(EmbeddedOptions asked, double k)
    {
        var settings = new Dictionary<string, string>(Of(k));
        foreach (var (setting, value) in asked.Settings) settings[setting] = value;
        return asked with { Settings = settings };
    }

    /// <summary>Orders of one pool in the system that was asked for.</summary>
    internal static int PoolOrdersOf(EmbeddedOptions asked) => Whole(asked, 1, "Pool__OrdersMax");

    /// <summary>How long a thin pool waits in it, of the run.</summary>
    internal static TimeSpan PoolWaitOf(EmbeddedOptions asked, double k) =>
        TimeSpan.FromMilliseconds(Whole(asked, k, "Pool__WaitMilliseconds"));

    private static int Whole(EmbeddedOptions asked, double k, string setting) =>
        int.TryParse(
            Under(asked, k).Settings[setting], NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new HostingException($"{setting.Replace("__", ":", StringComparison.Ordinal)} is no whole number");

    private static string Milliseconds(TimeSpan time, TimeSpan least) =>
        Math.Round((time > least ? time : least).TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
