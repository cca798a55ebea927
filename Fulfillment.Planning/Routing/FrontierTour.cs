namespace Fulfillment.Planning.Routing;

/// <summary>
/// The shortest tour through any number of blocks and from any depot: the dynamic program over <see cref="Frontier"/>
/// (two blocks: Roodbergen and de Koster 2001, doi 10.1016/S0377-2217(00)00177-6).
/// </summary>
internal sealed class FrontierTour : TourCost
{
    private readonly Frontier _frontier;
    private readonly int[] _cost = new int[Frontier.CostCodes];
    private readonly int _depotMm;
    private int[] _now;
    private int[] _next;

    internal FrontierTour(Floor floor)
        : base(floor)
    {
        _frontier = Frontier.For(floor.Blocks, openDepot: floor.DepotAisle < 0);
        _now = new int[_frontier.States];
        _next = new int[_frontier.States];
        _depotMm = floor.DepotAisle < 0 ? 0 : 2 * (int)floor.Layout.Definition.DepotToFrontMm;
    }

    internal override int Units => Floor.Aisles * (Floor.Blocks + 1) * _frontier.States / 4;

    internal override int Of(ReadOnlySpan<ulong> mask)
    {
        if (!Span(mask, out var first, out var last)) return 0;
        Array.Fill(_now, Unreachable);
        _now[0] = 0;
        for (var a = first; a <= last; a++)
        {
            if (a > first) Step(_frontier.Across, Floor.PitchMm, keep: false);
            for (var b = 0; b < Floor.Blocks; b++)
            {
                var need = Floor.Need(mask, a, b);
                CostsOf(need, Floor.LengthMm[b], _cost);
                Step(need.IsEmpty ? _frontier.Bare[b] : _frontier.Picks[b], _cost, keep: need.IsEmpty);
            }

            if (Floor.DepotAisle < 0) Step(_frontier.Depot, Floor.EntryMm[a], keep: false);
            else if (Floor.DepotAisle == a) Step(_frontier.Depot, 0, keep: false);
        }

        var best = Unreachable;
        for (var s = 0; s < _now.Length; s++)
        {
            if (_frontier.Ends[s] && _now[s] < best) best = _now[s];
        }

        return best + _depotMm;
    }

    /// <summary>The cost of each code of <see cref="Frontier"/> for one block of one aisle.</summary>
    internal static void CostsOf(AisleNeed need, int length, int[] cost)
    {
        var (front, back, gap) = (2 * need.LastMm, 2 * (length - need.FirstMm), 2 * (length - need.GapMm));
        cost[Frontier.Traverse] = length;
        cost[Frontier.Twice] = 2 * length;
        cost[Frontier.FromFront] = front;
        cost[Frontier.FromBack] = back;
        cost[Frontier.Gap] = gap;
        cost[Frontier.FrontOrGap] = Math.Min(front, gap);
        cost[Frontier.BackOrGap] = Math.Min(back, gap);
        cost[Frontier.Any] = Math.Min(front, Math.Min(back, gap));
    }

    private void Step(Frontier.Steps steps, int[] cost, bool keep)
    {
        var (now, next) = Open(keep);
        var (start, to, code) = (steps.Start, steps.To, steps.Code);
        for (var s = 0; s < now.Length; s++)
        {
            var at = now[s];
            if (at >= Unreachable) continue;
            for (var i = start[s]; i < start[s + 1]; i++)
            {
                ref var best = ref next[to[i]];
                best = Math.Min(best, at + cost[code[i]]);
            }
        }
    }

    private void Step(Frontier.Steps steps, int edgeMm, bool keep)
    {
        var (now, next) = Open(keep);
        var (start, to, code) = (steps.Start, steps.To, steps.Code);
        for (var s = 0; s < now.Length; s++)
        {
            var at = now[s];
            if (at >= Unreachable) continue;
            for (var i = start[s]; i < start[s + 1]; i++)
            {
                ref var best = ref next[to[i]];
                best = Math.Min(best, at + edgeMm * code[i]);
            }
        }
    }

    /// <summary>Swaps the layers: what was now is read, and the new one starts as a copy or as unreachable.</summary>
    private (int[] Now, int[] Next) Open(bool keep)
    {
        var (now, next) = (_now, _next);
        if (keep) now.CopyTo(next, 0);
        else Array.Fill(next, Unreachable);
        (_now, _next) = (next, now);
        return (now, next);
    }
}
