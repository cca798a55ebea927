using Fulfillment.Surge.Load;

namespace Fulfillment.Surge.Live;

/// <summary>
/// What a replica can plan, from what replicas were seen to plan: the most orders a second and ready replica over any
/// stretch of the surge long enough to even out the pools. It is what was done, so that it can be done; where no
/// stretch was busy it is too low, and the demand that is reckoned from it too high.
/// </summary>
internal static class SeenRate
{
    /// <summary>A stretch is this part of the surge; a replica plans a dozen pools in it and more.</summary>
    internal const double StretchOfSurge = 1.0 / 6;

    /// <summary>Null where nothing was planned in the surge.</summary>
    internal static double? Of(
        IReadOnlyList<Look> looks, IReadOnlyList<(double At, int Orders)> pools, RunPhases phases)
    {
        var stretch = phases.Surge * StretchOfSurge;
        double? best = null;
        var begins = looks.Select(look => look.T).Where(t => t >= phases.Normal && t + stretch <= phases.SurgeEnd);
        foreach (var from in begins)
        {
            var within = looks.Where(look => look.T >= from && look.T < from + stretch).ToList();
            var ready = within.Average(look => look.Ready);
            var planned = pools.Where(pool => pool.At >= from && pool.At < from + stretch)
                .Sum(pool => (long)pool.Orders);
            if (ready > 0 && planned > 0) best = Math.Max(best ?? 0, planned / (ready * stretch));
        }

        return best;
    }
}
