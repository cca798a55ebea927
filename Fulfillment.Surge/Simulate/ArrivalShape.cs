namespace Fulfillment.Surge.Simulate;

/// <summary>
/// When orders come, derived from 20,538 real ones: D. Chen, "Online Retail", UCI Machine Learning Repository, 2015,
/// doi:10.24432/C5BW33, CC BY 4.0. Counted by hour of the day and by day from 24 October to 9 December 2011, each day
/// as a multiple of the median day of February to August; the shop was closed on Saturdays, which are left out.
/// </summary>
internal static class ArrivalShape
{
    private static readonly double[] HourShare =
    [
        0, 0, 0, 0, 0, 0, 0.00005, 0.00141,
        0.02761, 0.07411, 0.11705, 0.11939, 0.16097, 0.13614, 0.12280, 0.11919,
        0.06748, 0.03569, 0.01018, 0.00706, 0.00088, 0, 0, 0,
    ];

    /// <summary>Day by day; the median normal day is 1.</summary>
    internal static readonly IReadOnlyList<double> SeasonMultipliers =
    [
        1.41, 1.5, 1.62, 1.81, 1.41, 1.66, 1.24, 1.45, 1.72, 1.79, 1.64, 1.76,
        1.6, 1.86, 2.05, 2.24, 1.76, 1.5, 1.95, 2.03, 2.36, 2.4, 2.02, 1.72,
        1.78, 2.59, 2.24, 2.1, 1.52, 1.0, 1.97, 2.38, 1.95, 2.09, 2.12, 1.17,
        2.26, 1.98, 1.91, 2.12, 0.76,
    ];

    private static readonly double Total = HourShare.Sum();

    /// <summary>
    /// Share of the day's orders that comes in the second at <paramref name="second"/>, straight between the middles
    /// of the hours; it adds up to 1 over the day.
    /// </summary>
    internal static double DayDensity(double second)
    {
        var middle = (second / 3_600) - 0.5;
        var hour = (int)Math.Floor(middle);
        var part = middle - hour;
        var share = (HourShare[(hour + 24) % 24] * (1 - part)) + (HourShare[(hour + 25) % 24] * part);
        return share / Total / 3_600;
    }
}
