using Fulfillment.ServiceDefaults.DataStores;

namespace Fulfillment.Orders.Progress;

/// <summary>Section <c>Progress</c>, and the settings <c>Picking:Url</c> and <c>Service:Key</c>.</summary>
internal sealed class ProgressOptions
{
    /// <summary>Events asked for at once. 1 to 1,000.</summary>
    public int PageMax { get; set; } = 1000;

    /// <summary>Events applied in one transaction. 1 to 1,000.</summary>
    public int ApplyMax { get; set; } = 256;

    /// <summary>
    /// How long Picking may hold a request when it has nothing to tell; whole seconds, 0 to 8: below the ten seconds
    /// after which an attempt is given up.
    /// </summary>
    public TimeSpan Wait { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How soon to ask again after an empty answer that was not held, or a failed one.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a stopped feed is tried again, in case somebody repaired what stopped it.</summary>
    public TimeSpan StoppedDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <exception cref="WrongSettingException">A value cannot be read or is out of its range.</exception>
    internal static ProgressOptions From(IConfiguration configuration)
    {
        ProgressOptions options;
        try
        {
            options = configuration.GetSection("Progress").Get<ProgressOptions>() ?? new ProgressOptions();
        }
        catch (InvalidOperationException unreadable)
        {
            throw new WrongSettingException("Progress", $"cannot be read: {unreadable.Message}");
        }

        if (options.PageMax is < 1 or > 1000) throw new WrongSettingException("Progress:PageMax", "must be 1 to 1,000");
        if (options.ApplyMax is < 1 or > 1000)
            throw new WrongSettingException("Progress:ApplyMax", "must be 1 to 1,000");
        if (options.Wait < TimeSpan.Zero || options.Wait > TimeSpan.FromSeconds(8))
            throw new WrongSettingException("Progress:Wait", "must be 0 to 8 seconds");
        if (options.RetryDelay <= TimeSpan.Zero)
            throw new WrongSettingException("Progress:RetryDelay", "must be more than zero");
        if (options.StoppedDelay <= TimeSpan.Zero)
            throw new WrongSettingException("Progress:StoppedDelay", "must be more than zero");
        return options;
    }
}
