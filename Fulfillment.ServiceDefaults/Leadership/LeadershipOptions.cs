using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Fulfillment.ServiceDefaults.Leadership;

/// <summary>
/// Section <c>Leadership</c>. A holder beats by the database's clock, and is judged by the same clock.
/// </summary>
public sealed class LeadershipOptions
{
    /// <summary>How often a holder beats, and how often one who stands by looks.</summary>
    [TimeRange("00:00:00.010", "00:01:00")]
    public TimeSpan BeatEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A holder without a beat for so long is ended and replaced. At least three beats: a pause of a collector or a
    /// busy processor is no reason.
    /// </summary>
    [TimeRange("00:00:00.030", "00:10:00")]
    public TimeSpan LateAfter { get; set; } = TimeSpan.FromSeconds(6);

    /// <summary>A leader who finishes no turn for so long lets go by itself.</summary>
    [TimeRange("00:00:01", "1.00:00:00")]
    public TimeSpan TurnMax { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a leader that failed stands back, so that another replica may try.</summary>
    [TimeRange("00:00:00.001", "01:00:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>A holder who is gone is missed after two beats.</summary>
    internal TimeSpan MissedAfter => 2 * BeatEvery;

    /// <exception cref="WrongSettingException">A value cannot be read or is out of its range.</exception>
    public static LeadershipOptions From(IConfiguration configuration)
    {
        var options = CheckedOptions.Read(
            configuration, "Leadership", new LeadershipOptions(), (from, to) => from.Bind(to),
            new LeadershipOptionsValidator());
        return options.LateAfter >= 3 * options.BeatEvery
            ? options
            : throw new WrongSettingException("Leadership:LateAfter", "must be at least three times BeatEvery");
    }
}

[OptionsValidator]
internal sealed partial class LeadershipOptionsValidator : IValidateOptions<LeadershipOptions>;
