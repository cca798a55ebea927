namespace Fulfillment.Surge.Load;

/// <summary>
/// How a day's orders arrive: 144 slots of ten minutes, mean 1, quiet at night, and one slot at
/// <see cref="Peak"/> times the mean (the evening a campaign goes out).
/// </summary>
internal static class DayCurve
{
    internal const double Peak = 4.4;
    private const int Slots = 144;
    private const int PeakSlot = 20 * 6;

    // Relative weight of each hour of the day.
    private static readonly double[] Hours =
        [2, 1, 1, 1, 1, 2, 4, 6, 8, 10, 12, 12, 12, 12, 12, 11, 10, 10, 11, 12, 12, 9, 6, 4];

    /// <summary>Rate of each slot over the mean.</summary>
    internal static readonly double[] Rates = Build();

    private static readonly double[] Cumulative = Accumulate(Rates);

    /// <summary>
    /// The share of the day that has passed when this share of the day's orders has arrived, both 0..1.
    /// </summary>
    internal static double TimeOf(double share)
    {
        var target = share * Slots;
        if (target >= Slots) return share;
        var slot = Array.BinarySearch(Cumulative, target);
        slot = slot < 0 ? ~slot : slot + 1;
        var before = slot == 0 ? 0 : Cumulative[slot - 1];
        return (slot + (target - before) / Rates[slot]) / Slots;
    }

    private static double[] Build()
    {
        var hours = Hours.Select((weight, hour) => hour == PeakSlot / 6 ? weight * 5 / 6 : weight).Sum();
        var rest = (Slots - Peak) / (hours * 6);
        var rates = new double[Slots];
        for (var slot = 0; slot < Slots; slot++) rates[slot] = slot == PeakSlot ? Peak : Hours[slot / 6] * rest;
        return rates;
    }

    private static double[] Accumulate(double[] rates)
    {
        var sums = new double[rates.Length];
        var sum = 0.0;
        for (var slot = 0; slot < rates.Length; slot++) sums[slot] = sum += rates[slot];
        sums[^1] = rates.Length;
        return sums;
    }
}
