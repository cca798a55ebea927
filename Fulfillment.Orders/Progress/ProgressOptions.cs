using System.ComponentModel.DataAnnotations;
using Fulfillment.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// Section <c>Progress</c>, and the settings <c>Picking:{warehouse}:Url</c> (else <c>Picking:Url</c>) and
/// <c>Service:Key</c>.
/// </summary>
internal sealed class ProgressOptions
{
    /// <summary>Events asked for at once.</summary>
    [Range(1, 1000)]
    public int PageMax { get; set; } = 1000;

    /// <summary>Events applied in one transaction.</summary>
    [Range(1, 1000)]
    public int ApplyMax { get; set; } = 256;

    /// <summary>
    /// How long Picking may hold a request when it has nothing to tell; whole seconds, below the ten after which an
    /// attempt is given up.
    /// </summary>
    [TimeRange("00:00:00", "00:00:08")]
    public TimeSpan Wait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How soon to ask again after an empty answer that was not held, or a failed one.</summary>
    [TimeRange("00:00:00.001", "1.00:00:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a stopped feed is tried again, in case somebody repaired what stopped it.</summary>
    [TimeRange("00:00:00.001", "1.00:00:00")]
    public TimeSpan StoppedDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Releases that may be parked within a minute; one more stops the feed, for then it is not they who are at fault.
    /// </summary>
    [Range(1, 10_000)]
    public int ParkPerMinuteMax { get; set; } = 20;

    /// <summary>How often parked releases whose cause may be gone are tried again, without being asked to.</summary>
    [TimeRange("00:00:00.001", "1.00:00:00")]
    public TimeSpan ParkedDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Events that wait behind a transaction open for longer than this are told as held back. Shorter ones are always
    /// there.
    /// </summary>
    [TimeRange("00:00:00", "1.00:00:00")]
    public TimeSpan HeldBackAfter { get; set; } = TimeSpan.FromSeconds(2);

    internal static ProgressOptions From(IConfiguration configuration) => CheckedOptions.Read(
        configuration, "Progress", new ProgressOptions(), (from, to) => from.Bind(to), new ProgressOptionsValidator());
}

[OptionsValidator]
internal sealed partial class ProgressOptionsValidator : IValidateOptions<ProgressOptions>;
