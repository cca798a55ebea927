namespace Fulfillment.Planning;

/// <summary>One block: the stretch of every aisle between two cross-aisles.</summary>
public sealed record BlockDefinition
{
    /// <summary>Bays of one aisle in this block.</summary>
    public int Bays { get; init; } = 45;

    /// <summary>From the block's front cross-aisle to its first bay.</summary>
    public long FrontToFirstBayMm { get; init; } = 1_500;

    public long BayPitchMm { get; init; } = 1_000;

    /// <summary>From the block's last bay to its back cross-aisle.</summary>
    public long LastBayToBackMm { get; init; } = 1_500;
}

/// <summary>A warehouse as plain data (a JSON file, a row); <see cref="WarehouseLayout.From"/> checks it.</summary>
public sealed record LayoutDefinition
{
    public int Aisles { get; init; } = 10;

    /// <summary>From the middle of one aisle to the middle of the next.</summary>
    public long AislePitchMm { get; init; } = 5_000;

    /// <summary>1 for shelves on the left only, 2 for both sides.</summary>
    public int Sides { get; init; } = 2;

    /// <summary>The blocks from the front to the back.</summary>
    public IReadOnlyList<BlockDefinition> Blocks { get; init; } = [new BlockDefinition()];

    /// <summary>The aisle at whose front end the depot lies, unless <see cref="DepotArcsMm"/> is given.</summary>
    public int DepotAisle { get; init; }

    /// <summary>From the depot to the front end of its aisle.</summary>
    public long DepotToFrontMm { get; init; }

    /// <summary>A depot with a way to several front ends: the length to each aisle's, null where there is
    /// none.</summary>
    public IReadOnlyList<long?>? DepotArcsMm { get; init; }

    /// <summary>10 aisles of 45 bays on both sides, the depot at the front left: the picking literature's
    /// standard.</summary>
    public static LayoutDefinition Default { get; } = new();
}
