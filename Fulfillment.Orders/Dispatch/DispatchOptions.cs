using System.ComponentModel.DataAnnotations;
using Fulfillment.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Fulfillment.Orders.Dispatch;

/// <summary>Section <c>Dispatch</c>. The times can be shortened together for a time-compressed run.</summary>
internal sealed class DispatchOptions
{
    /// <summary>
    /// Releases per worker that the scale rule aims at; must equal its <c>streamLength</c>.
    /// </summary>
    [Range(1, 100_000)]
    public int StreamLength { get; set; } = 120;

    /// <summary>Releases marked in one transaction and published in one pipeline.</summary>
    [Range(1, 4096)]
    public int BatchMax { get; set; } = 512;

    /// <summary>How soon a standby, or a replica whose intake took nothing, looks for new work.</summary>
    [TimeRange("00:00:00.001", "1.00:00:00")]
    public TimeSpan IdleDelay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How soon a full stream is looked at again.</summary>
    [TimeRange("00:00:00.001", "1.00:00:00")]
    public TimeSpan FullDelay { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>How often new warehouses are looked for, and Redis is tried when it is away.</summary>
    [TimeRange("00:00:00.001", "1.00:00:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>A dispatched release without a stream entry for this long is published (again).</summary>
    [TimeRange("00:00:00.001", "1.00:00:00")]
    public TimeSpan RepublishAfter { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the unreported releases are compared with the stream.</summary>
    [TimeRange("00:00:00.001", "1.00:00:00")]
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the backlog in Postgres is counted for the metrics.</summary>
    [TimeRange("00:00:00.001", "1.00:00:00")]
    public TimeSpan BacklogInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>What planning and picking take at least: a ship-by nearer than this can no longer be met.</summary>
    [TimeRange("00:00:00", "30.00:00:00")]
    public TimeSpan LeadTime { get; set; } = TimeSpan.Zero;

    /// <summary>
    /// Entries that the stream may hold, in flight included: what the autoscaler's doubling can use. One worker may
    /// become four in one sync, each of them wants <see cref="StreamLength"/>: a stream cut to fewer would hide from
    /// the rule the very backlog that it scales on.
    /// </summary>
    internal long DepthMax(long liveWorkers) => StreamLength * Math.Max(4, 2 * liveWorkers);

    internal static DispatchOptions From(IConfiguration configuration) => CheckedOptions.Read(
        configuration, "Dispatch", new DispatchOptions(), (from, to) => from.Bind(to), new DispatchOptionsValidator());
}

[OptionsValidator]
internal sealed partial class DispatchOptionsValidator : IValidateOptions<DispatchOptions>;
