using System.Globalization;

namespace Fulfillment.Surge.Chaos;

/// <summary>A storm: what is drawn from the seed, how long it blows, and the limits it is judged by.</summary>
internal sealed record ChaosSettings
{
    /// <summary>Draws the faults, their places and lengths, and the load.</summary>
    internal required long Seed { get; init; }

    /// <summary>No fault begins after so long.</summary>
    internal required TimeSpan Length { get; init; }

    /// <summary>Faults at most.</summary>
    internal required int Faults { get; init; }

    /// <summary>Only these kinds; empty for all.</summary>
    internal IReadOnlyList<string> Kinds { get; init; } = [];

    internal int OrdersReplicas { get; init; } = 2;
    internal int PickingReplicas { get; init; } = 3;

    /// <summary>Orders a second beside the probes.</summary>
    internal double Rate { get; init; } = 8;

    internal int Pickers { get; init; } = 12;

    /// <summary>The page of figures; null for none.</summary>
    internal string? Report { get; init; }

    /// <summary>
    /// Faults that stand in it are not repeated, and what happens is added to it: a storm can be cut and go on.
    /// </summary>
    internal string? Resume { get; init; }

    // The settings that rule how soon a fault can be over. Shorter than by default, so that a storm has many faults.
    internal TimeSpan ClaimAfter { get; init; } = TimeSpan.FromSeconds(6);
    internal TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(5);
    internal TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Recovery may take this long beside the setting that rules the kind.</summary>
    internal static readonly TimeSpan RecoveryMax = TimeSpan.FromSeconds(15);

    /// <summary>A cold start of everything.</summary>
    internal static readonly TimeSpan ColdStartMax = TimeSpan.FromSeconds(30);

    /// <summary>A wait that is longer than this is given up: the system did not recover.</summary>
    internal static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(120);

    /// <summary>What one process may print in any minute, bytes.</summary>
    internal const long LogBytesPerMinuteMax = 20 << 10;

    /// <summary>What one service may hold in memory, bytes (resident).</summary>
    internal const long MemoryBytesMax = 700L << 20;

    /// <summary>The services' settings that the limits follow from.</summary>
    internal Dictionary<string, string> ServiceSettings() => new()
    {
        ["Claim__AfterMilliseconds"] = Milliseconds(ClaimAfter),
        ["Queue__SweepMilliseconds"] = Milliseconds(SweepEvery),
        ["Lease__Milliseconds"] = Milliseconds(Lease),
    };

    private static string Milliseconds(TimeSpan time) =>
        ((long)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
