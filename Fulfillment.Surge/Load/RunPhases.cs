using Fulfillment.Surge.Report;

namespace Fulfillment.Surge.Load;

/// <summary>
/// The three phases of a run: normal, surge, after. Lengths are seconds of the run, compressed already; the rates are
/// not compressed.
/// </summary>
/// <param name="Normal">Seconds before the surge.</param>
/// <param name="Surge">Seconds of it.</param>
/// <param name="After">Seconds after it.</param>
/// <param name="NormalRate">Orders a second before.</param>
/// <param name="SurgeRate">Orders a second within.</param>
/// <param name="AfterRate">Orders a second after.</param>
internal sealed record RunPhases(
    double Normal, double Surge, double After, double NormalRate, double SurgeRate, double AfterRate)
{
    internal const string SurgeName = "surge";

    internal double Total => Normal + Surge + After;
    internal double SurgeEnd => Normal + Surge;

    internal IReadOnlyList<Phase> Named =>
        [new("normal", 0, Normal), new(SurgeName, Normal, SurgeEnd), new("after", SurgeEnd, Total)];

    /// <summary>Mean orders a second at a second of the run; 0 outside of it.</summary>
    internal double RateAt(double second) => second switch
    {
        < 0 => 0,
        _ when second < Normal => NormalRate,
        _ when second < SurgeEnd => SurgeRate,
        _ when second < Total => AfterRate,
        _ => 0,
    };

    /// <summary>Rates at the middles of steps, for the oracles.</summary>
    internal double[] Rates(double stepSeconds) =>
        [.. Enumerable.Range(0, (int)Math.Ceiling(Total / stepSeconds))
            .Select(step => RateAt((step + 0.5) * stepSeconds))];

    /// <summary>A Poisson process of these rates times <paramref name="share"/>: each gap is spent at the rate of its
    /// time.</summary>
    internal IEnumerable<double> Arrivals(SplitMix random, Func<double, double>? share = null)
    {
        var edges = new[] { Normal, SurgeEnd, Total };
        var (at, phase) = (0.0, 0);
        var left = random.Gap();
        while (phase < edges.Length)
        {
            var rate = RateAt(at) * (share?.Invoke(at) ?? 1);
            var room = (edges[phase] - at) * rate;
            if (left < room)
            {
                at += left / rate;
                left = random.Gap();
                yield return at;
                continue;
            }

            left -= room;
            at = edges[phase++];
        }
    }
}
