namespace Fulfillment.Surge.Floor;

/// <summary>How long a picker takes, divided by the run's speed-up.</summary>
internal sealed record PickingTimes(double Speedup)
{
    internal const double MetresPerSecond = 0.8;
    internal const double SecondsPerLine = 10;
    internal const double SecondsPerTour = 180;

    /// <summary>Picker-seconds of the day for so many tours of so many lines and so long a walk together.</summary>
    internal static double DaySeconds(long tours, long lines, long distanceMm) =>
        (tours * SecondsPerTour) + (lines * SecondsPerLine) + (distanceMm / 1000.0 / MetresPerSecond);

    internal TimeSpan ToSetUp => TimeSpan.FromSeconds(SecondsPerTour / Speedup);

    /// <summary>The walk of the whole tour, shared among its lines, and the lines' own time.</summary>
    internal TimeSpan For(int lines, int linesOfTour, long distanceMm) => TimeSpan.FromSeconds(
        (lines * SecondsPerLine + distanceMm / 1000.0 / MetresPerSecond * lines / linesOfTour) / Speedup);
}
