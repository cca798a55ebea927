using Microsoft.Extensions.Configuration;

namespace Fulfillment.ServiceDefaults.DataStores;

/// <summary>Section <c>Migrations</c>.</summary>
public sealed record MigrationOptions
{
    /// <summary>
    /// <c>Migrations:AtStart</c>: false when a job runs <c>migrate</c> before the replicas, which then wait for it.
    /// </summary>
    public bool AtStart { get; init; } = true;

    /// <summary>
    /// <c>Migrations:LockTimeoutMilliseconds</c>: how long a migration may queue for a lock. Whoever asks for a lock
    /// queues everybody else behind it, so it gives way and tries again.
    /// </summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary><c>Migrations:LockedSecondsMax</c>: for how long a script that finds no gap is tried again.</summary>
    public TimeSpan LockedMax { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary><c>Migrations:ExecutionSecondsMax</c>: of one script, such as an index over a large table.</summary>
    public TimeSpan ExecutionMax { get; init; } = TimeSpan.FromHours(2);

    /// <summary><c>Migrations:WaitSecondsMax</c>: how long the command waits for a Postgres that is away.</summary>
    public TimeSpan WaitMax { get; init; } = TimeSpan.FromMinutes(2);

    /// <exception cref="WrongSettingException">A value cannot be read or is out of its range.</exception>
    public static MigrationOptions Read(IConfiguration configuration)
    {
        var defaults = new MigrationOptions();
        return new MigrationOptions
        {
            AtStart = Settings.YesOrNo(configuration, "Migrations:AtStart", defaults.AtStart),
            LockTimeout = TimeSpan.FromMilliseconds(Settings.Whole(
                configuration, "Migrations:LockTimeoutMilliseconds", (int)defaults.LockTimeout.TotalMilliseconds,
                10, 60_000)),
            LockedMax = Seconds("Migrations:LockedSecondsMax", defaults.LockedMax, 86_400),
            ExecutionMax = Seconds("Migrations:ExecutionSecondsMax", defaults.ExecutionMax, 604_800),
            WaitMax = Seconds("Migrations:WaitSecondsMax", defaults.WaitMax, 3_600),
        };

        TimeSpan Seconds(string setting, TimeSpan fallback, int max) =>
            TimeSpan.FromSeconds(Settings.Whole(configuration, setting, (int)fallback.TotalSeconds, 1, max));
    }
}
