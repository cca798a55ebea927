using System.ComponentModel.DataAnnotations;
using Fulfillment.Planning;
using Fulfillment.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Fulfillment.Picking.Intake;

/// <summary>
/// What each rung of the ladder may spend, and at which age of the backlog it is left. A unit of work is about ten
/// nanoseconds of a whole core (<see cref="Budget"/>), so on a quarter of a core the defaults take about 1 s and 0.1 s
/// a pool; docs/PLANNING.md has the sizing.
/// </summary>
internal sealed record EffortSettings : IValidatableObject
{
    private static readonly TimeSpan PlanMaxDefault = TimeSpan.FromSeconds(2);

    /// <summary><c>Effort:FullUnits</c>: of one pool at the rung Full.</summary>
    [Range(1, 1_000_000_000)]
    public long FullUnits { get; set; } = 20_000_000;

    /// <summary><c>Effort:QuickUnits</c>: of one pool at the rung Quick.</summary>
    [Range(1, 1_000_000_000)]
    public long QuickUnits { get; set; } = Budget.Quick.Units;

    /// <summary>
    /// <c>Effort:UnitsPerRelease</c>: a small pool is searched through long before a large one, so a pool spends at
    /// most so much for each release in it, whatever its rung.
    /// </summary>
    [Range(1, 1_000_000_000)]
    public long UnitsPerRelease { get; set; } = 200_000;

    /// <summary><c>Effort:QuickFromMilliseconds</c>: as old as this or older, and Full is left for Quick.</summary>
    [ConfigurationKeyName("QuickFromMilliseconds"), Range(1, 86_400_000)]
    public int QuickFromMs { get; set; } = 2_000;

    internal TimeSpan QuickFrom { get => Times.Of(QuickFromMs); init => QuickFromMs = Times.In(value); }

    /// <summary><c>Effort:FullBelowMilliseconds</c>: younger than this, and Quick is left for Full.</summary>
    [ConfigurationKeyName("FullBelowMilliseconds"), Range(1, 86_400_000)]
    public int FullBelowMs { get; set; } = 1_000;

    internal TimeSpan FullBelow { get => Times.Of(FullBelowMs); init => FullBelowMs = Times.In(value); }

    /// <summary><c>Effort:ConstructiveFromMilliseconds</c>: no search from this age on.</summary>
    [ConfigurationKeyName("ConstructiveFromMilliseconds"), Range(1, 86_400_000)]
    public int ConstructiveFromMs { get; set; } = 10_000;

    internal TimeSpan ConstructiveFrom
    {
        get => Times.Of(ConstructiveFromMs);
        init => ConstructiveFromMs = Times.In(value);
    }

    /// <summary><c>Effort:QuickBelowMilliseconds</c>: younger than this, and it is searched again.</summary>
    [ConfigurationKeyName("QuickBelowMilliseconds"), Range(1, 86_400_000)]
    public int QuickBelowMs { get; set; } = 5_000;

    internal TimeSpan QuickBelow { get => Times.Of(QuickBelowMs); init => QuickBelowMs = Times.In(value); }

    /// <summary>
    /// <c>Effort:PlanMillisecondsMax</c>: the clock guard. A pool's search stops at the next unit when it has taken so
    /// long, whatever its units; at most a fifth of the claim time, so that no other worker takes the pool meanwhile.
    /// Two seconds where nothing is said.
    /// </summary>
    [ConfigurationKeyName("PlanMillisecondsMax"), Range(1, 3_600_000)]
    public int? PlanMaxMs { get; set; }

    internal TimeSpan PlanMax
    {
        get => PlanMaxMs is { } set ? Times.Of(set) : new[] { PlanMaxDefault, ClaimAfter / 5 }.Min();
        init => PlanMaxMs = Times.In(value);
    }

    /// <summary>After which another worker takes the pool over; the clock guard goes with it.</summary>
    internal TimeSpan ClaimAfter { get; init; } = TimeSpan.MaxValue;


    internal static EffortSettings Read(IConfiguration configuration, TimeSpan claimAfter) => CheckedOptions.Read(
        configuration, "Effort", new EffortSettings { ClaimAfter = claimAfter }, (from, to) => from.Bind(to),
        new EffortSettingsValidator());

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        ValidationResult? At(bool wrong, string member, string problem) =>
            wrong ? new ValidationResult(problem, [member]) : null;

        return ((ValidationResult?[])
        [
            At(QuickUnits > FullUnits, nameof(QuickUnits), "must not be above Effort:FullUnits"),
            At(FullBelow > QuickFrom, nameof(FullBelowMs), "must not be above Effort:QuickFromMilliseconds"),
            At(QuickBelow > ConstructiveFrom, nameof(QuickBelowMs),
                "must not be above Effort:ConstructiveFromMilliseconds"),
            At(ConstructiveFrom < QuickFrom, nameof(ConstructiveFromMs),
                "must not be below Effort:QuickFromMilliseconds"),
            At(QuickBelow < FullBelow, nameof(QuickBelowMs),
                "must not be below Effort:FullBelowMilliseconds"),
            At(PlanMax > ClaimAfter / 5, nameof(PlanMaxMs),
                "must be at most a fifth of Claim:AfterMilliseconds"),
        ]).OfType<ValidationResult>();
    }
}

[OptionsValidator]
internal sealed partial class EffortSettingsValidator : IValidateOptions<EffortSettings>;
