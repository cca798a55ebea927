using Fulfillment.Surge.Report;

namespace Fulfillment.Surge.Live;

/// <summary>
/// Collapse is a backlog that still grows when the surge has lasted: the slope of its last third, by least squares, is
/// positive. A queue in balance wanders, so that a slope of less than a share of the arrivals counts as none.
/// </summary>
internal static class Collapse
{
    /// <summary>Growth of less than one arrival in twenty is the noise of a queue in balance.</summary>
    internal const double NoiseShare = 0.05;

    /// <summary>Orders a second that the backlog grew by over the surge's last third; null without looks.</summary>
    internal static double? Slope(IReadOnlyList<BacklogAt> backlog, double surgeFrom, double surgeTo)
    {
        var from = surgeTo - ((surgeTo - surgeFrom) / 3);
        var last = backlog.Where(at => at.T >= from && at.T <= surgeTo).ToList();
        if (last.Count < 2) return null;
        var (meanT, meanB) = (last.Average(at => at.T), last.Average(at => at.Total));
        var across = last.Sum(at => (at.T - meanT) * (at.T - meanT));
        return across <= 0 ? null : last.Sum(at => (at.T - meanT) * (at.Total - meanB)) / across;
    }

    internal static bool? Of(
        IReadOnlyList<BacklogAt> backlog, double surgeFrom, double surgeTo, double arrivalsPerSecond) =>
        Slope(backlog, surgeFrom, surgeTo) is { } slope ? slope > NoiseShare * arrivalsPerSecond : null;
}
