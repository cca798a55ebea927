using System.ComponentModel.DataAnnotations;
using Fulfillment.Picking.Intake;
using Fulfillment.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Fulfillment.Picking;

/// <summary>
/// Every number an operator may turn, read once at start. One process serves one warehouse. All times are settings, so
/// that a run can be time-compressed.
/// </summary>
internal sealed record PickingSettings : IValidatableObject
{
    internal const int NameLengthMax = 64;

    /// <summary><c>Warehouse:Id</c>.</summary>
    [ConfigurationKeyName("Warehouse:Id")]
    public string WarehouseId { get; set; } = "main";

    /// <summary><c>Cart:Lines</c>: lines that one cart takes.</summary>
    [ConfigurationKeyName("Cart:Lines"), Range(1, 1_000)]
    public int CartLines { get; set; } = 45;

    /// <summary>
    /// <c>Pool:OrdersMax</c>: releases planned together. The scale rule's streamLength must not be below it.
    /// </summary>
    [ConfigurationKeyName("Pool:OrdersMax"), Range(1, 1_000)]
    public int PoolOrdersMax { get; set; } = 100;

    /// <summary><c>Pool:WaitMilliseconds</c>: how long a pool that is not full waits for more.</summary>
    [ConfigurationKeyName("Pool:WaitMilliseconds"), Range(0, 60_000)]
    public int PoolWaitMs { get; set; } = 500;

    internal TimeSpan PoolWait { get => Times.Of(PoolWaitMs); init => PoolWaitMs = Times.In(value); }

    /// <summary><c>Queue:IdleMilliseconds</c>: between two reads of an empty queue.</summary>
    [ConfigurationKeyName("Queue:IdleMilliseconds"), Range(1, 10_000)]
    public int QueueIdleMs { get; set; } = 50;

    internal TimeSpan QueueIdle { get => Times.Of(QueueIdleMs); init => QueueIdleMs = Times.In(value); }

    /// <summary>
    /// <c>Claim:AfterMilliseconds</c>: a delivery idle for so long is taken over. At least five times the longest pool;
    /// a living worker renews its own five times as often.
    /// </summary>
    [ConfigurationKeyName("Claim:AfterMilliseconds"), Range(100, 3_600_000)]
    public int ClaimAfterMs { get; set; } = 30_000;

    internal TimeSpan ClaimAfter { get => Times.Of(ClaimAfterMs); init => ClaimAfterMs = Times.In(value); }

    /// <summary><c>Claim:EveryMilliseconds</c>: how often a worker looks for deliveries to take over.</summary>
    [ConfigurationKeyName("Claim:EveryMilliseconds"), Range(10, 600_000)]
    public int ClaimEveryMs { get; set; } = 1_000;

    internal TimeSpan ClaimEvery { get => Times.Of(ClaimEveryMs); init => ClaimEveryMs = Times.In(value); }

    /// <summary><c>Queue:SweepMilliseconds</c>: how often orphans and dead consumers are looked for.</summary>
    [ConfigurationKeyName("Queue:SweepMilliseconds"), Range(10, 3_600_000)]
    public int SweepEveryMs { get; set; } = 30_000;

    internal TimeSpan SweepEvery { get => Times.Of(SweepEveryMs); init => SweepEveryMs = Times.In(value); }

    /// <summary>
    /// <c>Worker:Enabled</c>: false serves the floor and the feed only, so that planning can be scaled apart.
    /// </summary>
    [ConfigurationKeyName("Worker:Enabled")]
    public bool WorkerEnabled { get; set; } = true;

    /// <summary><c>Worker:HeartbeatMilliseconds</c>.</summary>
    [ConfigurationKeyName("Worker:HeartbeatMilliseconds"), Range(10, 10_000)]
    public int HeartbeatEveryMs { get; set; } = 2_000;

    internal TimeSpan HeartbeatEvery { get => Times.Of(HeartbeatEveryMs); init => HeartbeatEveryMs = Times.In(value); }

    /// <summary><c>Lease:Milliseconds</c>: how long a picker may be silent before his tour goes to another.</summary>
    [ConfigurationKeyName("Lease:Milliseconds"), Range(100, 86_400_000)]
    public int LeaseMs { get; set; } = 600_000;

    internal TimeSpan Lease { get => Times.Of(LeaseMs); init => LeaseMs = Times.In(value); }

    /// <summary><c>Lease:SweepMilliseconds</c>.</summary>
    [ConfigurationKeyName("Lease:SweepMilliseconds"), Range(10, 600_000)]
    public int LeaseSweepEveryMs { get; set; } = 1_000;

    internal TimeSpan LeaseSweepEvery
    {
        get => Times.Of(LeaseSweepEveryMs);
        init => LeaseSweepEveryMs = Times.In(value);
    }

    /// <summary><c>Feed:PollMilliseconds</c>: how often a waiting reader of the feed looks again.</summary>
    [ConfigurationKeyName("Feed:PollMilliseconds"), Range(1, 10_000)]
    public int FeedPollMs { get; set; } = 100;

    internal TimeSpan FeedPoll { get => Times.Of(FeedPollMs); init => FeedPollMs = Times.In(value); }

    /// <summary>
    /// <c>OptimizedPicking</c>: how the toggle begins in a database that has none yet. From then on it is what was put.
    /// </summary>
    public bool OptimizedPicking { get; set; }

    /// <summary><c>Toggle:PollMilliseconds</c>: a change is in effect on every replica within this time.</summary>
    [ConfigurationKeyName("Toggle:PollMilliseconds"), Range(10, 1_000)]
    public int TogglePollMs { get; set; } = 500;

    internal TimeSpan TogglePoll { get => Times.Of(TogglePollMs); init => TogglePollMs = Times.In(value); }

    /// <summary><c>Floor:Pickers</c>: who take a pool's tours side by side; tells which orders would be late.</summary>
    [ConfigurationKeyName("Floor:Pickers"), Range(1, 10_000)]
    public int FloorPickers { get; set; } = 10;

    /// <summary><c>Verify:OneIn</c>: every so many plans one is checked before it is committed; 1 is each.</summary>
    [ConfigurationKeyName("Verify:OneIn"), Range(1, 1_000_000)]
    public int VerifyOneIn { get; set; } = 64;

    /// <summary>
    /// <c>Feed:RestoreWindow</c>: how far back ordersdb may be restored. Events are kept for so long, and for as long
    /// as a reader has not come past them.
    /// </summary>
    [ConfigurationKeyName("Feed:RestoreWindow"), TimeRange("00:00:00", "365.00:00:00")]
    public TimeSpan RestoreWindow { get; set; } = TimeSpan.FromDays(7);

    /// <summary><c>Retention:TourDays</c>: for how long done tours are kept, with tasks, scans, plans.</summary>
    [ConfigurationKeyName("Retention:TourDays"), Range(1, 3650)]
    public int TourDays { get; set; } = 30;

    /// <summary>
    /// <c>Retention:InboxDays</c>: how long it is known which releases there were, with the dead letters. A release
    /// that was dispatched a day less ago, or earlier, is refused: nobody can tell whether it was planned before.
    /// </summary>
    [ConfigurationKeyName("Retention:InboxDays"), Range(2, 3650)]
    public int InboxDays { get; set; } = 90;

    /// <summary><c>Retention:EverySeconds</c>: how often a replica looks for what is too old.</summary>
    [ConfigurationKeyName("Retention:EverySeconds"), Range(1, 86_400)]
    public int RetentionEverySeconds { get; set; } = 60;

    /// <summary><c>Retention:BatchMax</c>: tours, events, ... deleted in one transaction.</summary>
    [ConfigurationKeyName("Retention:BatchMax"), Range(1, 10_000)]
    public int RetentionBatchMax { get; set; } = 500;

    internal TimeSpan ToursKept => TimeSpan.FromDays(TourDays);

    internal TimeSpan InboxKept => TimeSpan.FromDays(InboxDays);

    /// <summary>A release must have been dispatched within this time.</summary>
    internal TimeSpan ReleaseAgeMax => InboxKept - TimeSpan.FromDays(1);

    /// <summary>
    /// <c>Postgres:PoolMax</c>: connections of this process, counted against the server's max_connections.
    /// </summary>
    [ConfigurationKeyName("Postgres:PoolMax"), Range(2, 100)]
    public int PostgresPoolMax { get; set; } = 2;

#pragma warning disable SYSLIB1212 // It is read and checked by itself, once the claim time is known.
    internal EffortSettings Effort { get; init; } = new();
#pragma warning restore SYSLIB1212

    internal TimeSpan RenewEvery => ClaimAfter / 5;

    internal static PickingSettings Read(IConfiguration configuration)
    {
        var settings = CheckedOptions.Read(
            configuration, "", new PickingSettings(), (from, to) => from.Bind(to), new PickingSettingsValidator());
        return settings with { Effort = EffortSettings.Read(configuration, settings.ClaimAfter) };
    }

    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (!Names.IsName(WarehouseId))
        {
            yield return new ValidationResult(
                $"must be 1 to {NameLengthMax} characters of text", [nameof(WarehouseId)]);
        }

        if (InboxKept < ToursKept || InboxKept < RestoreWindow)
        {
            yield return new ValidationResult(
                "must not be less than Retention:TourDays and Feed:RestoreWindow", [nameof(InboxDays)]);
        }

        if (ClaimAfter < 5 * PoolWait)
        {
            yield return new ValidationResult(
                "must be at least five times Pool:WaitMilliseconds", [nameof(ClaimAfterMs)]);
        }
    }
}

[OptionsValidator]
internal sealed partial class PickingSettingsValidator : IValidateOptions<PickingSettings>;

/// <summary>Settings in whole milliseconds, as times.</summary>
internal static class Times
{
    internal static TimeSpan Of(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    internal static int In(TimeSpan time) => checked((int)time.TotalMilliseconds);
}
