using Fulfillment.Surge.Report;

namespace Fulfillment.Surge.Simulate;

/// <summary>Orders a second over the run, before noise.</summary>
/// <param name="Name">For the report.</param>
/// <param name="Seconds">Length of the run.</param>
/// <param name="RateAt">Mean orders a second at a second of the run.</param>
public sealed record Arrivals(string Name, double Seconds, Func<double, double> RateAt)
{
    private const double DaySeconds = 86_400;

    /// <summary>Phases for the report's shading.</summary>
    public IReadOnlyList<Phase> Phases { get; init; } = [];

    /// <summary>False where the rates are counts that were seen: they carry their noise already.</summary>
    public bool Noisy { get; init; } = true;

    /// <summary>One day in the shape of the real shop's.</summary>
    public static Arrivals Day(double orders) =>
        new("day", DaySeconds, second => orders * ArrivalShape.DayDensity(second));

    /// <summary>From late October on, each day a multiple of a normal one; the busiest has the given orders.</summary>
    public static Arrivals Season(double ordersOfPeakDay)
    {
        var multipliers = ArrivalShape.SeasonMultipliers;
        var normal = ordersOfPeakDay / multipliers.Max();
        return new("season", multipliers.Count * DaySeconds, second =>
        {
            var day = Math.Min((int)(second / DaySeconds), multipliers.Count - 1);
            return normal * multipliers[day] * ArrivalShape.DayDensity(second % DaySeconds);
        });
    }

    /// <summary>A rate, its multiple for a while, and the rate again: the shape of a live run.</summary>
    public static Arrivals Step(double rate, double scale, double before, double surge, double after) =>
        new("step", before + surge + after, second => second >= before && second < before + surge ? rate * scale : rate)
        {
            Phases = [new("normal", 0, before), new("surge", before, before + surge),
                      new("after", before + surge, before + surge + after)],
        };

    /// <summary>The arrivals that a live run saw, interval by interval; null if its report holds none.</summary>
    public static Arrivals? Of(SurgeReport live)
    {
        if (live.Arrivals.Count == 0) return null;
        double[] ends = [.. live.Arrivals.Select(at => at.T)];
        return new("live " + live.Profile, ends[^1], second =>
        {
            // A row's rate holds for the interval that ends at its time.
            var index = Array.BinarySearch(ends, second);
            index = index >= 0 ? index + 1 : ~index;
            return index < ends.Length ? live.Arrivals[index].PerSecond : 0;
        })
        { Phases = live.Phases, Noisy = false };
    }
}
