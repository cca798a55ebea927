using System.Globalization;
using Fulfillment.Picking.Intake;
using Fulfillment.ServiceDefaults.DataStores;

namespace Fulfillment.Picking;

/// <summary>
/// Every number an operator may turn, read once at start. One process serves one warehouse. All times are settings, so
/// that a run can be time-compressed.
/// </summary>
internal sealed record PickingSettings
{
    internal const int NameLengthMax = 64;

    /// <summary><c>Warehouse:Id</c>.</summary>
    internal string WarehouseId { get; init; } = "main";

    /// <summary><c>Cart:Lines</c>: lines that one cart takes.</summary>
    internal int CartLines { get; init; } = 45;

    /// <summary>
    /// <c>Pool:OrdersMax</c>: releases planned together. The scale rule's streamLength must not be below it.
    /// </summary>
    internal int PoolOrdersMax { get; init; } = 100;

    /// <summary><c>Pool:WaitMilliseconds</c>: how long a pool that is not full waits for more.</summary>
    internal TimeSpan PoolWait { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary><c>Queue:IdleMilliseconds</c>: between two reads of an empty queue.</summary>
    internal TimeSpan QueueIdle { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// <c>Claim:AfterMilliseconds</c>: a delivery idle for so long is taken over. At least five times the longest pool;
    /// a living worker renews its own five times as often.
    /// </summary>
    internal TimeSpan ClaimAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary><c>Claim:EveryMilliseconds</c>: how often a worker looks for deliveries to take over.</summary>
    internal TimeSpan ClaimEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary><c>Queue:SweepMilliseconds</c>: how often orphans and dead consumers are looked for.</summary>
    internal TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// <c>Worker:Enabled</c>: false serves the floor and the feed only, so that planning can be scaled apart.
    /// </summary>
    internal bool WorkerEnabled { get; init; } = true;

    /// <summary><c>Worker:HeartbeatMilliseconds</c>.</summary>
    internal TimeSpan HeartbeatEvery { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary><c>Lease:Milliseconds</c>: how long a picker may be silent before his tour goes to another.</summary>
    internal TimeSpan Lease { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary><c>Lease:SweepMilliseconds</c>.</summary>
    internal TimeSpan LeaseSweepEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary><c>Feed:PollMilliseconds</c>: how often a waiting reader of the feed looks again.</summary>
    internal TimeSpan FeedPoll { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// <c>OptimizedPicking</c>: how the toggle begins in a database that has none yet. From then on it is what was put.
    /// </summary>
    internal bool OptimizedPicking { get; init; }

    /// <summary><c>Toggle:PollMilliseconds</c>: a change is in effect on every replica within this time.</summary>
    internal TimeSpan TogglePoll { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary><c>Floor:Pickers</c>: who take a pool's tours side by side; tells which orders would be late.</summary>
    internal int FloorPickers { get; init; } = 10;

    /// <summary><c>Verify:OneIn</c>: every so many plans one is checked before it is committed; 1 is each.</summary>
    internal int VerifyOneIn { get; init; } = 64;

    internal EffortSettings Effort { get; init; } = new();

    internal TimeSpan RenewEvery => ClaimAfter / 5;

    /// <exception cref="WrongSettingException">A setting is no number or out of its range.</exception>
    internal static PickingSettings Read(IConfiguration configuration)
    {
        var defaults = new PickingSettings();
        var settings = new PickingSettings
        {
            WarehouseId = configuration["Warehouse:Id"] ?? defaults.WarehouseId,
            CartLines = Whole(configuration, "Cart:Lines", defaults.CartLines, 1, 1_000),
            PoolOrdersMax = Whole(configuration, "Pool:OrdersMax", defaults.PoolOrdersMax, 1, 1_000),
            PoolWait = Time(configuration, "Pool:WaitMilliseconds", defaults.PoolWait, 0, 60_000),
            QueueIdle = Time(configuration, "Queue:IdleMilliseconds", defaults.QueueIdle, 1, 10_000),
            ClaimAfter = Time(configuration, "Claim:AfterMilliseconds", defaults.ClaimAfter, 100, 3_600_000),
            ClaimEvery = Time(configuration, "Claim:EveryMilliseconds", defaults.ClaimEvery, 10, 600_000),
            SweepEvery = Time(configuration, "Queue:SweepMilliseconds", defaults.SweepEvery, 10, 3_600_000),
            WorkerEnabled = YesOrNo(configuration, "Worker:Enabled", defaults.WorkerEnabled),
            HeartbeatEvery = Time(configuration, "Worker:HeartbeatMilliseconds", defaults.HeartbeatEvery, 10, 10_000),
            Lease = Time(configuration, "Lease:Milliseconds", defaults.Lease, 100, 86_400_000),
            LeaseSweepEvery = Time(configuration, "Lease:SweepMilliseconds", defaults.LeaseSweepEvery, 10, 600_000),
            FeedPoll = Time(configuration, "Feed:PollMilliseconds", defaults.FeedPoll, 1, 10_000),
            OptimizedPicking = YesOrNo(configuration, "OptimizedPicking", defaults.OptimizedPicking),
            TogglePoll = Time(configuration, "Toggle:PollMilliseconds", defaults.TogglePoll, 10, 1_000),
            FloorPickers = Whole(configuration, "Floor:Pickers", defaults.FloorPickers, 1, 10_000),
            VerifyOneIn = Whole(configuration, "Verify:OneIn", defaults.VerifyOneIn, 1, 1_000_000),
        };
        if (settings.WarehouseId.Length is < 1 or > NameLengthMax || settings.WarehouseId.Any(char.IsControl))
            throw new WrongSettingException("Warehouse:Id", $"must be 1 to {NameLengthMax} characters");
        if (settings.ClaimAfter < 5 * settings.PoolWait)
            throw new WrongSettingException("Claim:AfterMilliseconds",
                "must be at least five times Pool:WaitMilliseconds");
        return settings with { Effort = EffortSettings.Read(configuration, settings.ClaimAfter) };
    }

    /// <summary>
    /// <c>Postgres:PoolMax</c>: connections of this process, counted against the server's max_connections.
    /// </summary>
    internal static int PostgresPoolMax(IConfiguration configuration) =>
        Whole(configuration, "Postgres:PoolMax", 2, 2, 100);

    internal static int Whole(IConfiguration configuration, string setting, int fallback, int min, int max)
    {
        var text = configuration[setting];
        if (string.IsNullOrWhiteSpace(text)) return fallback;
        return int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value)
            && value >= min && value <= max
            ? value
            : throw new WrongSettingException(setting, $"must be a whole number from {min} to {max}");
    }

    internal static TimeSpan Time(IConfiguration configuration, string setting, TimeSpan fallback, int min, int max) =>
        TimeSpan.FromMilliseconds(Whole(configuration, setting, (int)fallback.TotalMilliseconds, min, max));

    private static bool YesOrNo(IConfiguration configuration, string setting, bool fallback)
    {
        var text = configuration[setting];
        if (string.IsNullOrWhiteSpace(text)) return fallback;
        return bool.TryParse(text, out var value)
            ? value
            : throw new WrongSettingException(setting, "must be true or false");
    }
}
