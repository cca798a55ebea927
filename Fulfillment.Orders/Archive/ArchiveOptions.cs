using Fulfillment.ServiceDefaults.DataStores;

namespace Fulfillment.Orders.Archive;

/// <summary>Section <c>Archive</c>.</summary>
internal sealed class ArchiveOptions
{
    /// <summary>
    /// How long an order that was shipped or cancelled rests before it is moved. It answers the same before and after;
    /// the tables of work hold this many days of finished orders. 0 to 3,650.
    /// </summary>
    public int AfterDays { get; set; } = 7;

    /// <summary>Orders moved in one transaction. 1 to 5,000.</summary>
    public int BatchMax { get; set; } = 500;

    /// <summary>Between two batches while there is more to move: the disk is the intake's first.</summary>
    public TimeSpan Pause { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How often to look when there was nothing more to move. More than zero.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(1);

    /// <exception cref="WrongSettingException">A value cannot be read or is out of its range.</exception>
    internal static ArchiveOptions From(IConfiguration configuration)
    {
        ArchiveOptions options;
        try
        {
            options = configuration.GetSection("Archive").Get<ArchiveOptions>() ?? new ArchiveOptions();
        }
        catch (InvalidOperationException unreadable)
        {
            throw new WrongSettingException("Archive", $"cannot be read: {unreadable.Message}");
        }

        if (options.AfterDays is < 0 or > 3650)
            throw new WrongSettingException("Archive:AfterDays", "must be 0 to 3,650");
        if (options.BatchMax is < 1 or > 5000)
            throw new WrongSettingException("Archive:BatchMax", "must be 1 to 5,000");
        if (options.Pause < TimeSpan.Zero)
            throw new WrongSettingException("Archive:Pause", "must not be negative");
        if (options.Interval <= TimeSpan.Zero)
            throw new WrongSettingException("Archive:Interval", "must be more than zero");
        return options;
    }
}
