using Fulfillment.Surge.Load;

namespace Fulfillment.Surge.Target;

/// <summary>What `target` was asked for: a system that runs already, and what to send to it.</summary>
internal sealed record TargetOptions
{
    /// <summary>The address of Orders.</summary>
    public required Uri Url { get; init; }

    /// <summary>The address of Picking; without it nothing is slotted and nobody picks.</summary>
    public Uri? PickingUrl { get; init; }

    public required string OperatorKey { get; init; }

    /// <summary>Without it nobody picks.</summary>
    public string? FloorKey { get; init; }

    public required string WarehouseId { get; init; }

    /// <summary>holiday | viral.</summary>
    public string Profile { get; init; } = "holiday";

    public required double Scale { get; init; }

    /// <summary>Orders a second on a normal day.</summary>
    public required double Rate { get; init; }

    /// <summary>How long orders are sent.</summary>
    public required double Seconds { get; init; }

    public required double Speedup { get; init; }
    public required int Pickers { get; init; }
    public required long Seed { get; init; }
    public string? Report { get; init; }

    /// <summary>How long anything may stand still after the last order before the run gives up on it.</summary>
    public TimeSpan StandstillMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>What is sent: a day's curve of a holiday, or one brand that surges among others' normal day.</summary>
    internal Workload Workload() => Profile == "viral"
        ? PhasedProfile.Build(
            Profile, PhasedProfile.Phases(Profile, 0, Seconds, 0, Rate, Scale), Scale, Seed)
        : HolidayProfile.Build((int)Math.Max(1, Math.Round(Rate * Scale * Seconds)), Rate * Scale, Seed);
}
