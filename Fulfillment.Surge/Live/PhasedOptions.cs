using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Labour;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Report;

namespace Fulfillment.Surge.Live;

/// <summary>Everything a run through the three phases depends on.</summary>
internal sealed record PhasedOptions
{
    public required string Profile { get; init; }
    public required double Scale { get; init; }

    /// <summary>Compressed already.</summary>
    public required RunPhases Phases { get; init; }

    public required long Seed { get; init; }
    public double Compression { get; init; } = 1;

    /// <summary>So many replicas from beginning to end; null is the rule.</summary>
    public int? FixedReplicas { get; init; }

    /// <summary>Replaces the rule's maximum.</summary>
    public int? MaxReplicas { get; init; }

    /// <summary>Leaves the rule's cron in, its window beginning ten minutes of the day before the surge.</summary>
    public bool Announced { get; init; }

    /// <summary>Cores of a replica; null for no limit.</summary>
    public double? Cores { get; init; }

    /// <summary>Orders a second that one replica plans; null is found out from the run itself.</summary>
    public double? ReplicaRate { get; init; }

    /// <summary>The optimized plan on or off before the load begins; null leaves it as it is.</summary>
    public bool? Toggle { get; init; }

    public required LabourPolicy Labour { get; init; }

    /// <summary>Hours of the day from the intended send to the ship-by.</summary>
    public double ShipWithinHours { get; init; } = 8;

    /// <summary>Promised 99th percentile of the confirmation, seconds of the day.</summary>
    public double PromiseSeconds { get; init; } = 600;

    public required CostPrices Prices { get; init; }
    public CellOfMatrix? Cell { get; init; }
    public required EmbeddedOptions System { get; init; }

    internal int PoolOrdersMax => CompressedTimes.PoolOrdersOf(System);
}

/// <summary>
/// Stated, not looked up: put in what your contracts say. A replica of one core and 2 GiB at Container Apps' list price
/// of 0.000024 a vCPU-second and 0.000003 a GiB-second, rounded; a picker with everything the employer pays.
/// </summary>
internal sealed record CostPrices(double ReplicaSecond = 0.00003, double PickerHour = 25, string Currency = "USD");
