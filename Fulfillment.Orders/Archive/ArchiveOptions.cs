using System.ComponentModel.DataAnnotations;
using Fulfillment.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Fulfillment.Orders.Archive;

/// <summary>Section <c>Archive</c>.</summary>
internal sealed class ArchiveOptions
{
    /// <summary>
    /// How long an order that was shipped or cancelled rests before it is moved. It answers the same before and after;
    /// the tables of work hold this many days of finished orders.
    /// </summary>
    [Range(0, 3650)]
    public int AfterDays { get; set; } = 7;

    /// <summary>Orders moved in one transaction.</summary>
    [Range(1, 5000)]
    public int BatchMax { get; set; } = 500;

    /// <summary>Between two batches while there is more to move: the disk is the intake's first.</summary>
    [TimeRange("00:00:00", "01:00:00")]
    public TimeSpan Pause { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How often to look when there was nothing more to move.</summary>
    [TimeRange("00:00:00.001", "1.00:00:00")]
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(1);

    internal static ArchiveOptions From(IConfiguration configuration) => CheckedOptions.Read(
        configuration, "Archive", new ArchiveOptions(), (from, to) => from.Bind(to), new ArchiveOptionsValidator());
}

[OptionsValidator]
internal sealed partial class ArchiveOptionsValidator : IValidateOptions<ArchiveOptions>;
