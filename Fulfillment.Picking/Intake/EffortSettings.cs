using Fulfillment.Planning;
using Fulfillment.ServiceDefaults.DataStores;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// What each rung of the ladder may spend, and at which age of the backlog it is left. A unit of work is about ten
/// nanoseconds of a whole core (<see cref="Budget"/>), so on a quarter of a core the defaults take about 1 s and 0.1 s
/// a pool; docs/PLANNING.md has the sizing.
/// </summary>
internal sealed record EffortSettings
{
    /// <summary><c>Effort:FullUnits</c>: of one pool at the rung Full.</summary>
    internal long FullUnits { get; init; } = 20_000_000;

    /// <summary><c>Effort:QuickUnits</c>: of one pool at the rung Quick.</summary>
    internal long QuickUnits { get; init; } = Budget.Quick.Units;

    /// <summary>
    /// <c>Effort:UnitsPerRelease</c>: a small pool is searched through long before a large one, so a pool spends at
    /// most so much for each release in it, whatever its rung.
    /// </summary>
    internal long UnitsPerRelease { get; init; } = 200_000;

    /// <summary><c>Effort:QuickFromMilliseconds</c>: as old as this or older, and Full is left for Quick.</summary>
    internal TimeSpan QuickFrom { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary><c>Effort:FullBelowMilliseconds</c>: younger than this, and Quick is left for Full.</summary>
    internal TimeSpan FullBelow { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary><c>Effort:ConstructiveFromMilliseconds</c>: no search from this age on.</summary>
    internal TimeSpan ConstructiveFrom { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary><c>Effort:QuickBelowMilliseconds</c>: younger than this, and it is searched again.</summary>
    internal TimeSpan QuickBelow { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// <c>Effort:PlanMillisecondsMax</c>: the clock guard. A pool's search stops at the next unit when it has taken so
    /// long, whatever its units; at most a fifth of the claim time, so that no other worker takes the pool meanwhile.
    /// </summary>
    internal TimeSpan PlanMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <exception cref="WrongSettingException">A setting is out of its range, or the two of a pair cross.</exception>
    internal static EffortSettings Read(IConfiguration configuration, TimeSpan claimAfter)
    {
        var defaults = new EffortSettings();
        var planMax = (int)Math.Min((claimAfter / 5).TotalMilliseconds, defaults.PlanMax.TotalMilliseconds);
        var settings = new EffortSettings
        {
            FullUnits = Units(configuration, "Effort:FullUnits", defaults.FullUnits),
            QuickUnits = Units(configuration, "Effort:QuickUnits", defaults.QuickUnits),
            UnitsPerRelease = Units(configuration, "Effort:UnitsPerRelease", defaults.UnitsPerRelease),
            QuickFrom = Age(configuration, "Effort:QuickFromMilliseconds", defaults.QuickFrom),
            FullBelow = Age(configuration, "Effort:FullBelowMilliseconds", defaults.FullBelow),
            ConstructiveFrom = Age(configuration, "Effort:ConstructiveFromMilliseconds", defaults.ConstructiveFrom),
            QuickBelow = Age(configuration, "Effort:QuickBelowMilliseconds", defaults.QuickBelow),
            PlanMax = PickingSettings.Time(
                configuration, "Effort:PlanMillisecondsMax", TimeSpan.FromMilliseconds(planMax), 1, 3_600_000),
        };
        return settings.Fault(claimAfter) is var (setting, problem)
            ? throw new WrongSettingException(setting, problem)
            : settings;
    }

    /// <summary>The first setting that does not go with another one, and why. Pure.</summary>
    internal (string Setting, string Problem)? Fault(TimeSpan claimAfter) =>
        QuickUnits > FullUnits ? ("Effort:QuickUnits", "must not be above Effort:FullUnits")
        : FullBelow > QuickFrom
            ? ("Effort:FullBelowMilliseconds", "must not be above Effort:QuickFromMilliseconds")
        : QuickBelow > ConstructiveFrom
            ? ("Effort:QuickBelowMilliseconds", "must not be above Effort:ConstructiveFromMilliseconds")
        : ConstructiveFrom < QuickFrom
            ? ("Effort:ConstructiveFromMilliseconds", "must not be below Effort:QuickFromMilliseconds")
        : QuickBelow < FullBelow
            ? ("Effort:QuickBelowMilliseconds", "must not be below Effort:FullBelowMilliseconds")
        : PlanMax > claimAfter / 5
            ? ("Effort:PlanMillisecondsMax", "must be at most a fifth of Claim:AfterMilliseconds")
        : null;

    private static long Units(IConfiguration configuration, string setting, long fallback) =>
        PickingSettings.Whole(configuration, setting, (int)fallback, 1, 1_000_000_000);

    private static TimeSpan Age(IConfiguration configuration, string setting, TimeSpan fallback) =>
        PickingSettings.Time(configuration, setting, fallback, 1, 86_400_000);
}
