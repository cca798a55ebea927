using System.Numerics;

namespace Fulfillment.Planning.Routing;

/// <summary>
/// Ratliff and Rosenthal (1983, doi 10.1287/opre.31.3.507): one block, the depot at the front of one aisle. Swept from
/// the left; five classes of partial tours are kept: both ends odd, even at the back only, even at the front only, even
/// at both and connected, even at both and in two parts.
/// </summary>
internal sealed class OneBlockTour(Floor floor) : TourCost(floor)
{
    private readonly int _length = floor.LengthMm[0];
    private readonly int _firstBay = floor.FrontToFirstMm[0];
    private readonly int _bayPitch = floor.BayPitchMm[0];
    private readonly int _across = 2 * floor.PitchMm;
    private readonly int _depotAisle = floor.DepotAisle;
    private readonly int _depotMm = 2 * (int)floor.Layout.Definition.DepotToFrontMm;

    internal override int Units => 10 + Floor.MaskWords;

    internal override int Of(ReadOnlySpan<ulong> mask)
    {
        if (!Span(mask, out var first, out var last)) return 0;
        int odd = Unreachable, back = Unreachable, front = Unreachable, joined = Unreachable, apart = Unreachable;
        if (first == _depotAisle) front = 0;
        else StartAt(mask, first, out odd, out back, out front, out apart);

        for (var a = first; a <= last; a++)
        {
            if (a > first)
            {
                odd += _across;
                back = Math.Min(back, joined) + _across;
                front = Math.Min(front, joined) + _across;
                joined += 2 * _across;
                apart += 2 * _across;
            }

            if (a == first && first != _depotAisle) continue;
            if (a == _depotAisle && a > first)
            {
                // The depot must be reached: a tour that came along the back alone gets it as a second part.
                apart = Math.Min(apart, back);
                back = Unreachable;
            }

            var traversed = Math.Min(Math.Min(back, front), Math.Min(joined, apart)) + _length;
            if (Reach(mask, a, out var fromFront, out var fromBack, out var gap))
            {
                var stay = Math.Min(Math.Min(fromFront, fromBack), gap);
                var second = Math.Min(back + Math.Min(fromFront, gap), front + Math.Min(fromBack, gap));
                apart = Math.Min(apart + stay, second);
                joined = Math.Min(joined + stay, odd + _length);
                odd = Math.Min(odd + stay, traversed);
                back += fromBack;
                front += fromFront;
            }
            else
            {
                joined = Math.Min(joined, odd + _length);
                odd = Math.Min(odd, traversed);
            }
        }

        return Math.Min(Math.Min(back, front), joined) + _depotMm;
    }

    private void StartAt(ReadOnlySpan<ulong> mask, int aisle, out int odd, out int back, out int front, out int apart)
    {
        Reach(mask, aisle, out front, out back, out apart);
        odd = _length;
    }

    /// <summary>What the aisle costs from the front, from the back, and from both but for its longest gap.</summary>
    private bool Reach(ReadOnlySpan<ulong> mask, int aisle, out int fromFront, out int fromBack, out int gap)
    {
        fromFront = fromBack = gap = 0;
        if (Floor.WordsPerAisle > 1) return ReachLong(mask, aisle, out fromFront, out fromBack, out gap);
        var rest = mask[aisle];
        if (rest == 0) return false;
        var first = BitOperations.TrailingZeroCount(rest);
        var last = 63 - BitOperations.LeadingZeroCount(rest);
        fromFront = 2 * (_firstBay + last * _bayPitch);
        fromBack = 2 * (_length - _firstBay - first * _bayPitch);
        int widest = 0, previous = first;
        for (rest &= rest - 1; rest != 0; rest &= rest - 1)
        {
            var bay = BitOperations.TrailingZeroCount(rest);
            widest = Math.Max(widest, bay - previous);
            previous = bay;
        }

        gap = 2 * (_length - widest * _bayPitch);
        return true;
    }

    private bool ReachLong(ReadOnlySpan<ulong> mask, int aisle, out int fromFront, out int fromBack, out int gap)
    {
        var need = Floor.Need(mask, aisle, 0);
        (fromFront, fromBack, gap) = (2 * need.LastMm, 2 * (_length - need.FirstMm), 2 * (_length - need.GapMm));
        return !need.IsEmpty;
    }
}
