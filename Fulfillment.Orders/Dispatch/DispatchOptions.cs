using Fulfillment.ServiceDefaults.DataStores;

namespace Fulfillment.Orders.Dispatch;

/// <summary>Section <c>Dispatch</c>. The times can be shortened together for a time-compressed run.</summary>
internal sealed class DispatchOptions
{
    /// <summary>
    /// Releases per worker that the scale rule aims at; must equal its <c>streamLength</c>. 1 to 100,000.
    /// </summary>
    public int StreamLength { get; set; } = 120;

    /// <summary>Releases marked in one transaction and published in one pipeline. 1 to 4,096.</summary>
    public int BatchMax { get; set; } = 512;

    /// <summary>How soon a standby, or a replica whose intake took nothing, looks for new work.</summary>
    public TimeSpan IdleDelay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How soon a full stream is looked at again.</summary>
    public TimeSpan FullDelay { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>How often a standby tries to become the active relay, and Redis is tried when it is away.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>A dispatched release without a stream entry for this long is published (again).</summary>
    public TimeSpan RepublishAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the unreported releases are compared with the stream.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the backlog in Postgres is counted for the metrics.</summary>
    public TimeSpan BacklogInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>What planning and picking take at least: a ship-by nearer than this can no longer be met.</summary>
    public TimeSpan LeadTime { get; set; } = TimeSpan.Zero;

    /// <summary>
    /// Entries that the stream may hold, in flight included: what the autoscaler's doubling can use. One worker may
    /// become four in one sync, each of them wants <see cref="StreamLength"/>: a stream cut to fewer would hide from
    /// the rule the very backlog that it scales on.
    /// </summary>
    internal long DepthMax(long liveWorkers) => StreamLength * Math.Max(4, 2 * liveWorkers);

    /// <exception cref="WrongSettingException">A value cannot be read or is out of its range.</exception>
    internal static DispatchOptions From(IConfiguration configuration)
    {
        DispatchOptions options;
        try
        {
            options = configuration.GetSection("Dispatch").Get<DispatchOptions>() ?? new DispatchOptions();
        }
        catch (InvalidOperationException unreadable)
        {
            throw new WrongSettingException("Dispatch", $"cannot be read: {unreadable.Message}");
        }

        if (options.StreamLength is < 1 or > 100_000)
            throw new WrongSettingException("Dispatch:StreamLength", "must be 1 to 100,000");
        if (options.BatchMax is < 1 or > 4096)
            throw new WrongSettingException("Dispatch:BatchMax", "must be 1 to 4,096");
        if (options.LeadTime < TimeSpan.Zero)
            throw new WrongSettingException("Dispatch:LeadTime", "must not be negative");
        foreach (var (name, value) in options.Delays)
            if (value <= TimeSpan.Zero) throw new WrongSettingException($"Dispatch:{name}", "must be more than zero");
        return options;
    }

    private IEnumerable<(string Name, TimeSpan Value)> Delays =>
    [
        (nameof(IdleDelay), IdleDelay), (nameof(FullDelay), FullDelay), (nameof(RetryDelay), RetryDelay),
        (nameof(RepublishAfter), RepublishAfter), (nameof(SweepInterval), SweepInterval),
        (nameof(BacklogInterval), BacklogInterval),
    ];
}
