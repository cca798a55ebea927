using System.Globalization;

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

    internal static IReadOnlyDictionary<string, string> Of(double k)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        return new Dictionary<string, string>
        {
            ["Pool__OrdersMax"] = PoolOrdersMax.ToString(CultureInfo.InvariantCulture),
            ["Pool__WaitMilliseconds"] = Milliseconds(PoolWait / k, TimeSpan.FromMilliseconds(1)),
            ["Lease__Milliseconds"] = Milliseconds(Lease / k, TimeSpan.FromSeconds(1)),
            ["Claim__AfterMilliseconds"] = Milliseconds(Claim / k, ClaimMin),
        };
    }

    private static string Milliseconds(TimeSpan time, TimeSpan least) =>
        Math.Round((time > least ? time : least).TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
