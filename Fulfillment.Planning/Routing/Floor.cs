using System.Numerics;

namespace Fulfillment.Planning.Routing;

/// <summary>What one block of one aisle asks for: millimetres from the block's front, and the longest stretch to
/// skip.</summary>
internal readonly record struct AisleNeed(int FirstMm, int LastMm, int GapFromMm, int GapMm)
{
    public static readonly AisleNeed None = new(-1, -1, -1, -1);

    public bool IsEmpty => FirstMm < 0;
}

/// <summary>
/// A layout compiled for the routers: 32-bit millimetres (the layout's limits see to it) and a mask of picked bays per
/// aisle, whole words per block. A tour's mask is the OR of its orders' masks.
/// </summary>
internal sealed class Floor
{
    private readonly int[] _wordOfBlock;
    private readonly int[] _firstBayOfBlock;
    private readonly int[] _bays;

    internal Floor(WarehouseLayout layout)
    {
        Layout = layout;
        Aisles = layout.Aisles;
        Blocks = layout.Blocks;
        PitchMm = (int)layout.AislePitchMm;
        _wordOfBlock = new int[Blocks + 1];
        _firstBayOfBlock = new int[Blocks];
        _bays = new int[Blocks];
        FrontToFirstMm = new int[Blocks];
        BayPitchMm = new int[Blocks];
        LengthMm = new int[Blocks];
        for (var b = 0; b < Blocks; b++)
        {
            var block = layout.Definition.Blocks[b];
            _bays[b] = block.Bays;
            _wordOfBlock[b + 1] = _wordOfBlock[b] + (block.Bays + 63) / 64;
            if (b + 1 < Blocks) _firstBayOfBlock[b + 1] = _firstBayOfBlock[b] + block.Bays;
            FrontToFirstMm[b] = (int)block.FrontToFirstBayMm;
            BayPitchMm[b] = (int)block.BayPitchMm;
            LengthMm[b] = layout.CrossAisleMm(b + 1) - layout.CrossAisleMm(b);
        }

        WordsPerAisle = _wordOfBlock[Blocks];
        MaskWords = Aisles * WordsPerAisle;
        EntryMm = ShortestEntries(layout);
    }

    internal WarehouseLayout Layout { get; }

    internal int Aisles { get; }

    internal int Blocks { get; }

    internal int PitchMm { get; }

    internal int WordsPerAisle { get; }

    internal int MaskWords { get; }

    internal int[] FrontToFirstMm { get; }

    internal int[] BayPitchMm { get; }

    internal int[] LengthMm { get; }

    /// <summary>From the depot to each aisle's front end, by the front cross-aisle where that is the shortest
    /// way.</summary>
    internal int[] EntryMm { get; }

    /// <summary>The one aisle the depot lies at, or -1 when it has several ways in.</summary>
    internal int DepotAisle => Layout.DepotIsAtOneAisle ? Layout.Definition.DepotAisle : -1;

    internal void Mark(Location location, Span<ulong> mask)
    {
        var block = Layout.BlockOfBay(location.Bay);
        var bit = location.Bay - _firstBayOfBlock[block];
        mask[location.Aisle * WordsPerAisle + _wordOfBlock[block] + (bit >> 6)] |= 1UL << (bit & 63);
    }

    internal bool HasPicks(ReadOnlySpan<ulong> mask, int aisle) =>
        mask.Slice(aisle * WordsPerAisle, WordsPerAisle).IndexOfAnyExcept(0UL) >= 0;

    /// <summary>First and last pick of one block of one aisle, and the longest stretch between two stops or
    /// ends.</summary>
    internal AisleNeed Need(ReadOnlySpan<ulong> mask, int aisle, int block)
    {
        var start = aisle * WordsPerAisle + _wordOfBlock[block];
        var words = mask.Slice(start, _wordOfBlock[block + 1] - _wordOfBlock[block]);
        int first = -1, last = -1, gapFrom = 0, gapBays = 0;
        for (var w = 0; w < words.Length; w++)
        {
            for (var rest = words[w]; rest != 0; rest &= rest - 1)
            {
                var bay = (w << 6) + BitOperations.TrailingZeroCount(rest);
                if (first < 0) first = gapFrom = bay;
                else if (bay - last > gapBays) (gapFrom, gapBays) = (last, bay - last);
                last = bay;
            }
        }

        if (first < 0) return AisleNeed.None;
        return new AisleNeed(
            PositionMm(block, first), PositionMm(block, last), PositionMm(block, gapFrom), gapBays * BayPitchMm[block]);
    }

    /// <summary>Every pick of one block of one aisle, from its front.</summary>
    internal List<int> PicksMm(ReadOnlySpan<ulong> mask, int aisle, int block)
    {
        var picks = new List<int>();
        var start = aisle * WordsPerAisle + _wordOfBlock[block];
        for (var bay = 0; bay < _bays[block]; bay++)
        {
            if ((mask[start + (bay >> 6)] >> (bay & 63) & 1) == 1) picks.Add(PositionMm(block, bay));
        }

        return picks;
    }

    internal int PositionMm(int block, int bayInBlock) => FrontToFirstMm[block] + bayInBlock * BayPitchMm[block];

    private static int[] ShortestEntries(WarehouseLayout layout)
    {
        var entries = new int[layout.Aisles];
        for (var a = 0; a < entries.Length; a++) entries[a] = (int)layout.EntryOf(a).Mm;
        return entries;
    }
}
