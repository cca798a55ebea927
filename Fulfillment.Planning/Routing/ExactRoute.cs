namespace Fulfillment.Planning.Routing;

/// <summary>
/// The shortest tour as a walk: the dynamic program of <see cref="FrontierTour"/> once more with its decisions kept,
/// the stretches they stand for, and an Eulerian circuit through them.
/// </summary>
internal sealed class ExactRoute(Floor floor)
{
    private readonly Frontier _frontier = Frontier.For(floor.Blocks, openDepot: floor.DepotAisle < 0);

    private enum Kind { Across, Block, Depot }

    private sealed record Layer(Kind Kind, int Aisle, int Block, int[] From, int[] Code);

    internal List<Point> LineOver(ReadOnlySpan<ulong> mask)
    {
        var (first, last) = Span(mask);
        var layers = new List<Layer>();
        var cost = new int[_frontier.States];
        Array.Fill(cost, int.MaxValue / 2);
        cost[0] = 0;
        var codes = new int[Frontier.CostCodes];
        for (var a = first; a <= last; a++)
        {
            if (a > first) cost = Step(layers, new(Kind.Across, a, 0, [], []), _frontier.Across, Times(floor.PitchMm),
                cost, false);
            for (var b = 0; b < floor.Blocks; b++)
            {
                var need = floor.Need(mask, a, b);
                FrontierTour.CostsOf(need, floor.LengthMm[b], codes);
                var steps = need.IsEmpty ? _frontier.Bare[b] : _frontier.Picks[b];
                cost = Step(layers, new(Kind.Block, a, b, [], []), steps, codes, cost, need.IsEmpty);
            }

            if (floor.DepotAisle < 0 || floor.DepotAisle == a)
            {
                var edge = floor.DepotAisle < 0 ? floor.EntryMm[a] : 0;
                cost = Step(layers, new(Kind.Depot, a, 0, [], []), _frontier.Depot, Times(edge), cost, false);
            }
        }

        var end = -1;
        for (var s = 0; s < cost.Length; s++)
        {
            if (_frontier.Ends[s] && (end < 0 || cost[s] < cost[end])) end = s;
        }

        return Circuit(Stretches(mask, layers, end));
    }

    private static int[] Times(int mm)
    {
        var costs = new int[Frontier.CostCodes + 4];
        for (var i = 0; i < costs.Length; i++) costs[i] = i * mm;
        return costs;
    }

    private static int[] Step(
        List<Layer> layers, Layer head, Frontier.Steps steps, int[] codeCost, int[] now, bool keep)
    {
        var layer = head with { From = new int[now.Length], Code = new int[now.Length] };
        var next = new int[now.Length];
        Array.Fill(next, int.MaxValue / 2);
        for (var s = 0; s < now.Length; s++)
        {
            if (now[s] >= int.MaxValue / 2) continue;
            if (keep && now[s] < next[s]) (next[s], layer.From[s], layer.Code[s]) = (now[s], s, -1);
            for (var i = steps.Start[s]; i < steps.Start[s + 1]; i++)
            {
                var total = now[s] + codeCost[steps.Code[i]];
                var to = steps.To[i];
                if (total < next[to]) (next[to], layer.From[to], layer.Code[to]) = (total, s, steps.Code[i]);
            }
        }

        layers.Add(layer);
        return next;
    }

    /// <summary>The walked stretches; a point with aisle -1 is the depot.</summary>
    private List<(Point, Point)> Stretches(ReadOnlySpan<ulong> mask, List<Layer> layers, int end)
    {
        var stretches = new List<(Point, Point)>();
        for (var (l, state) = (layers.Count - 1, end); l >= 0; l--)
        {
            var layer = layers[l];
            var from = layer.From[state];
            switch (layer.Kind)
            {
                case Kind.Across:
                    for (var k = 0; k < _frontier.Nodes; k++)
                    {
                        for (var n = _frontier.EdgesBetween(from, state, k); n > 0; n--)
                            stretches.Add((Crossing(layer.Aisle - 1, k), Crossing(layer.Aisle, k)));
                    }

                    break;
                case Kind.Block:
                    AddInBlock(stretches, layer, layer.Code[state], floor.Need(mask, layer.Aisle, layer.Block));
                    break;
                default:
                    for (var n = floor.DepotAisle < 0 ? layer.Code[state] : 2; n > 0; n--)
                        stretches.Add((new Point(-1, 0), Crossing(layer.Aisle, 0)));
                    break;
            }

            state = from;
        }

        return stretches;
    }

    private void AddInBlock(List<(Point, Point)> stretches, Layer layer, int code, AisleNeed need)
    {
        if (code < 0) return;
        var (front, back) = (Crossing(layer.Aisle, layer.Block), Crossing(layer.Aisle, layer.Block + 1));
        if (code is Frontier.Traverse or Frontier.Twice)
        {
            for (var n = code == Frontier.Twice ? 2 : 1; n > 0; n--) stretches.Add((front, back));
            return;
        }

        var length = floor.LengthMm[layer.Block];
        var (fromFront, fromBack, gap) = (need.LastMm, length - need.FirstMm, length - need.GapMm);
        var byFront = code is Frontier.FromFront or Frontier.FrontOrGap or Frontier.Any;
        var byBack = code is Frontier.FromBack or Frontier.BackOrGap or Frontier.Any;
        var byGap = code is Frontier.Gap or Frontier.FrontOrGap or Frontier.BackOrGap or Frontier.Any;
        if (byFront && (!byBack || fromFront <= fromBack)
            && (!byGap || fromFront <= gap)) Spur(stretches, front, need.LastMm);
        else if (byBack && (!byGap || fromBack <= gap)) Spur(stretches, back, need.FirstMm - length);
        else
        {
            // With a single pick there is no gap between two: it is reached from both ends, which the program may
            // choose
            // when the two ends must be joined by nothing else; elsewhere the cheaper side was taken above.
            Spur(stretches, front, need.GapFromMm);
            Spur(stretches, back, need.GapFromMm + need.GapMm - length);
        }
    }

    private static void Spur(List<(Point, Point)> stretches, Point crossing, int reachMm)
    {
        if (reachMm == 0) return;
        var tip = crossing with { Mm = crossing.Mm + reachMm };
        stretches.Add((crossing, tip));
        stretches.Add((crossing, tip));
    }

    private Point Crossing(int aisle, int crossAisle) => new(aisle, floor.Layout.CrossAisleMm(crossAisle));

    private (int First, int Last) Span(ReadOnlySpan<ulong> mask)
    {
        int first = 0, last = floor.Aisles - 1;
        while (!floor.HasPicks(mask, first)) first++;
        while (!floor.HasPicks(mask, last)) last--;
        return floor.DepotAisle < 0
            ? (first, last)
            : (Math.Min(first, floor.DepotAisle), Math.Max(last, floor.DepotAisle));
    }

    /// <summary>Hierholzer's circuit from the depot through every stretch; the depot itself is left out of the
    /// line.</summary>
    private static List<Point> Circuit(List<(Point A, Point B)> stretches)
    {
        var ways = new Dictionary<Point, List<int>>();
        for (var i = 0; i < stretches.Count; i++)
        {
            foreach (var end in (Point[])[stretches[i].A, stretches[i].B])
            {
                if (!ways.TryGetValue(end, out var list)) ways.Add(end, list = []);
                list.Add(i);
            }
        }

        var walked = new bool[stretches.Count];
        var path = new Stack<Point>([new Point(-1, 0)]);
        var line = new List<Point>();
        while (path.TryPeek(out var at))
        {
            var list = ways[at];
            while (list.Count > 0 && walked[list[^1]]) list.RemoveAt(list.Count - 1);
            if (list.Count == 0)
            {
                line.Add(path.Pop());
                continue;
            }

            var (a, b) = stretches[list[^1]];
            walked[list[^1]] = true;
            path.Push(at == a ? b : a);
        }

        return line.GetRange(1, line.Count - 2);
    }
}
