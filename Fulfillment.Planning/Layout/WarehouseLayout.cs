namespace Fulfillment.Planning;

/// <summary>What is wrong with a <see cref="LayoutDefinition"/>.</summary>
public enum LayoutFault
{
    AislesOutOfRange,
    SidesOutOfRange,
    BlocksOutOfRange,
    BaysOutOfRange,
    LengthOutOfRange,
    DepotOffTheLayout,
    DepotArcsNotOnePerAisle,
    DepotUnreachable,
}

/// <summary>A checked layout, or every fault of its definition.</summary>
public abstract record LayoutOutcome
{
    private LayoutOutcome() { }

    public sealed record Laid(WarehouseLayout Layout) : LayoutOutcome;

    public sealed record Faulty(IReadOnlyList<LayoutFault> Faults) : LayoutOutcome;
}

/// <summary>
/// Parallel aisles crossed by B + 1 cross-aisles, the depot before the front one. Immutable. Aisles have no width to
/// cross, so both sides of a bay are one point. Cross-aisle 0 is the front, cross-aisle B the back.
/// </summary>
public sealed class WarehouseLayout
{
    public const int AislesMax = 500;
    public const int BlocksMax = 4;
    public const int BaysPerBlockMax = 2_000;

    /// <summary>Every tour stays far below 2^31 mm, so the planner may add in 32 bits: 100 km for the whole
    /// grid.</summary>
    public const long GridLengthMmMax = 100_000_000;

    private readonly int[] _bayPositionMm;
    private readonly int[] _blockOfBay;
    private readonly int[] _crossAisleMm;
    private readonly long?[] _depotArcMm;

    private WarehouseLayout(LayoutDefinition definition)
    {
        Definition = definition;
        var positions = new List<int>();
        var blocks = new List<int>();
        _crossAisleMm = new int[definition.Blocks.Count + 1];
        for (var b = 0; b < definition.Blocks.Count; b++)
        {
            var block = definition.Blocks[b];
            for (var i = 0; i < block.Bays; i++)
            {
                positions.Add((int)(_crossAisleMm[b] + block.FrontToFirstBayMm + i * block.BayPitchMm));
                blocks.Add(b);
            }

            _crossAisleMm[b + 1] = _crossAisleMm[b] + (int)LengthOf(block);
        }

        _bayPositionMm = [.. positions];
        _blockOfBay = [.. blocks];
        _depotArcMm = definition.DepotArcsMm is { } arcs ? [.. arcs] : new long?[definition.Aisles];
        if (definition.DepotArcsMm is null) _depotArcMm[definition.DepotAisle] = definition.DepotToFrontMm;
    }

    public LayoutDefinition Definition { get; }

    public int Aisles => Definition.Aisles;

    public int Blocks => Definition.Blocks.Count;

    /// <summary>Bays of one aisle through all blocks.</summary>
    public int Bays => _bayPositionMm.Length;

    public long AislePitchMm => Definition.AislePitchMm;

    /// <summary>True when the depot has exactly one way in, the usual case.</summary>
    public bool DepotIsAtOneAisle => Definition.DepotArcsMm is null;

    /// <summary>The distance of a bay from the front cross-aisle.</summary>
    public int BayPositionMm(int bay) => _bayPositionMm[bay];

    public int BlockOfBay(int bay) => _blockOfBay[bay];

    /// <summary>The distance of a cross-aisle from the front one.</summary>
    public int CrossAisleMm(int crossAisle) => _crossAisleMm[crossAisle];

    /// <summary>From the depot straight to an aisle's front end; null where there is no such way.</summary>
    public long? DepotArcMm(int aisle) => _depotArcMm[aisle];

    /// <summary>The shortest way from the depot to an aisle's front end, and the aisle where it meets the
    /// front.</summary>
    public (long Mm, int ViaAisle) EntryOf(int aisle)
    {
        var best = (Mm: long.MaxValue, ViaAisle: -1);
        for (var via = 0; via < Aisles; via++)
        {
            if (_depotArcMm[via] is not { } arc) continue;
            var mm = arc + Math.Abs(aisle - via) * AislePitchMm;
            if (mm < best.Mm) best = (mm, via);
        }

        return best;
    }

    public bool Holds(Location location) =>
        (uint)location.Aisle < (uint)Aisles && (uint)location.Bay < (uint)Bays
        && (location.Side == Side.Left || (location.Side == Side.Right && Definition.Sides == 2));

    /// <summary>Checks a definition and lays it out. Pure.</summary>
    public static LayoutOutcome From(LayoutDefinition definition)
    {
        var faults = FaultsIn(definition);
        return faults.Count == 0
            ? new LayoutOutcome.Laid(new WarehouseLayout(definition))
            : new LayoutOutcome.Faulty(faults);
    }

    /// <summary>10 aisles x 45 bays, two-sided.</summary>
    public static WarehouseLayout Default { get; } = new(LayoutDefinition.Default);

    private static long LengthOf(BlockDefinition b) =>
        b.FrontToFirstBayMm + (b.Bays - 1) * b.BayPitchMm + b.LastBayToBackMm;

    private static List<LayoutFault> FaultsIn(LayoutDefinition d)
    {
        var faults = new List<LayoutFault>();
        if (d.Aisles is < 1 or > AislesMax) faults.Add(LayoutFault.AislesOutOfRange);
        if (d.Sides is < 1 or > 2) faults.Add(LayoutFault.SidesOutOfRange);
        if (d.Blocks is null || d.Blocks.Count is < 1 or > BlocksMax) faults.Add(LayoutFault.BlocksOutOfRange);
        else if (d.Blocks.Any(b => b is null || b.Bays is < 1 or > BaysPerBlockMax))
            faults.Add(LayoutFault.BaysOutOfRange);
        if (faults.Count > 0) return faults;

        if (!LengthsFit(d)) faults.Add(LayoutFault.LengthOutOfRange);
        if (d.DepotArcsMm is not { } arcs)
        {
            if (d.DepotAisle < 0 || d.DepotAisle >= d.Aisles) faults.Add(LayoutFault.DepotOffTheLayout);
            if (d.DepotToFrontMm is < 0 or > GridLengthMmMax) faults.Add(LayoutFault.LengthOutOfRange);
        }
        else if (arcs.Count != d.Aisles) faults.Add(LayoutFault.DepotArcsNotOnePerAisle);
        else if (arcs.All(a => a is null)) faults.Add(LayoutFault.DepotUnreachable);
        else if (arcs.Any(a => a is < 0 or > GridLengthMmMax)) faults.Add(LayoutFault.LengthOutOfRange);
        return faults;
    }

    private static bool LengthsFit(LayoutDefinition d)
    {
        // A bay in the middle of a crossing, or two bays in one spot, would make a walk ambiguous: nothing may be zero.
        static bool Sane(long mm) => mm is > 0 and <= GridLengthMmMax;
        if (!Sane(d.AislePitchMm)) return false;
        if (d.Blocks.Any(b => !Sane(b.FrontToFirstBayMm) || !Sane(b.BayPitchMm)
            || !Sane(b.LastBayToBackMm))) return false;
        var depth = d.Blocks.Sum(LengthOf);
        var width = d.AislePitchMm * (d.Aisles - 1);
        return depth <= GridLengthMmMax && width <= GridLengthMmMax
            && depth * d.Aisles + width * (d.Blocks.Count + 1) <= GridLengthMmMax;
    }
}
