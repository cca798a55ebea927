using Fulfillment.Planning;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// How hard the optimized planner tries. The lowest rung still batches by savings and routes exactly.
/// </summary>
internal enum Rung : short
{
    Full = 0,
    Quick = 1,
    Constructive = 2,
}

/// <summary>
/// The older the backlog, the shorter the search: what waits is not to wait for a walk that is a little shorter.
/// Between the age at which a rung is left downwards and the lower one at which it is left upwards it is kept, so that
/// a backlog that hovers about one age does not change the rung with each pool. Pure.
/// </summary>
internal static class EffortLadder
{
    /// <summary>The rung for a backlog of this age, coming from <paramref name="current"/>.</summary>
    internal static Rung Next(Rung current, TimeSpan age, EffortSettings settings)
    {
        var highest = RungAt(age, settings.QuickFrom, settings.ConstructiveFrom);
        var lowest = RungAt(age, settings.FullBelow, settings.QuickBelow);
        return current < highest ? highest : current > lowest ? lowest : current;
    }

    /// <summary>
    /// How long work has waited when a pool is taken up. A pool that is not full took all there was: nothing waits
    /// behind it, and the age is zero. Of a full one it is the age that half of its releases have reached, counted from
    /// the order's acceptance; not the oldest one's, which may be a backorder of last week that was dispatched just
    /// now.
    /// </summary>
    internal static TimeSpan AgeOf(IReadOnlyList<PooledRelease> pool, bool isFull, DateTimeOffset now)
    {
        if (!isFull || pool.Count == 0) return TimeSpan.Zero;
        var accepted = pool.Select(r => r.Message.AcceptedAt).Order().ToList();
        var age = now - accepted[(accepted.Count - 1) / 2];
        return age > TimeSpan.Zero ? age : TimeSpan.Zero; // clocks of two machines differ
    }

    /// <summary>What a pool of so many releases may spend on a rung.</summary>
    internal static Budget BudgetOf(Rung rung, int releases, EffortSettings settings)
    {
        var bySize = releases * settings.UnitsPerRelease;
        return rung switch
        {
            Rung.Full => new Budget(Math.Min(settings.FullUnits, bySize)),
            Rung.Quick => new Budget(Math.Min(settings.QuickUnits, bySize)),
            _ => Budget.Constructive,
        };
    }

    private static Rung RungAt(TimeSpan age, TimeSpan quick, TimeSpan constructive) =>
        age >= constructive ? Rung.Constructive : age >= quick ? Rung.Quick : Rung.Full;
}
