namespace Fulfillment.Planning.Routing;

/// <summary>The routes that floors walk without software (Hall 1993, doi 10.1080/07408179308964306), block by
/// block.</summary>
public enum RoutePolicy
{
    /// <summary>Every aisle with a pick is walked through; the last one only as far as needed when that is
    /// shorter.</summary>
    SShape,

    /// <summary>Every aisle is entered from both ends, except for its longest stretch without a pick.</summary>
    LargestGap,

    /// <summary>Every aisle is entered and left at its front.</summary>
    Return,

    /// <summary>Every aisle is entered from both ends up to its middle.</summary>
    Midpoint,
}

/// <summary>
/// Walks blocks from the farthest to the nearest: out along the first aisle with a pick to the farthest block, through
/// that block, then through the others on the way back, each from the side on which the picker stands.
/// </summary>
internal static class HeuristicRoutes
{
    internal static List<Point> Line(Floor floor, ReadOnlySpan<ulong> mask, RoutePolicy policy)
    {
        var needs = new List<int>[floor.Blocks][];
        for (var b = 0; b < floor.Blocks; b++)
        {
            needs[b] = new List<int>[floor.Aisles];
            for (var a = 0; a < floor.Aisles; a++) needs[b][a] = floor.PicksMm(mask, a, b);
        }

        var first = Array.FindIndex([.. Enumerable.Range(0, floor.Aisles)],
            a => needs.Any(block => block[a].Count > 0));
        var line = new List<Point> { new(first, 0) };
        var far = Array.FindLastIndex(needs, block => block.Any(n => n.Count > 0));
        for (var b = 0; b < far; b++) needs[b][first].Clear(); // picked on the way out
        for (var b = far; b >= 0; b--)
        {
            var (front, back) = (floor.Layout.CrossAisleMm(b), floor.Layout.CrossAisleMm(b + 1));
            var aisles = Enumerable.Range(0, floor.Aisles).Where(a => needs[b][a].Count > 0).ToList();
            if (b == far) line.Add(new(first, front));
            if (aisles.Count > 0)
            {
                // The farthest block is entered at its front, a nearer one at its back, left or right end first.
                var at = line[^1];
                if (Math.Abs(at.Aisle - aisles[^1]) < Math.Abs(at.Aisle - aisles[0])) aisles.Reverse();
                Block(line, new Stretch(front, back, policy), aisles, needs[b], entersAtBack: b < far);
            }

            line.Add(line[^1] with { Mm = front });
        }

        return line;
    }

    private readonly record struct Stretch(int Front, int Back, RoutePolicy Policy);

    private static void Block(List<Point> line, Stretch s, List<int> aisles, List<int>[] needs, bool entersAtBack)
    {
        if (s.Policy is RoutePolicy.SShape || (entersAtBack
            && s.Policy is RoutePolicy.Return)) Through(line, s, aisles, needs);
        else if (s.Policy is RoutePolicy.Return)
        {
            foreach (var a in aisles) Spur(line, new(a, s.Front), s.Front + needs[a][^1]);
        }
        else BothEnds(line, s, aisles, needs, entersAtBack);
    }

    private static void Through(List<Point> line, Stretch s, List<int> aisles, List<int>[] needs)
    {
        for (var i = 0; i < aisles.Count; i++)
        {
            var a = aisles[i];
            var atFront = line[^1].Mm == s.Front;
            line.Add(new(a, line[^1].Mm));
            if (i == aisles.Count - 1 && atFront) Spur(line, line[^1], s.Front + needs[a][^1]);
            else line.Add(new(a, atFront ? s.Back : s.Front));
        }
    }

    /// <summary>The first aisle is walked through to the back, the last one back to the front; others from both
    /// ends.</summary>
    private static void BothEnds(List<Point> line, Stretch s, List<int> aisles, List<int>[] needs, bool entersAtBack)
    {
        var (first, last) = (aisles[0], aisles[^1]);
        if (aisles.Count == 1 && !entersAtBack)
        {
            Spur(line, new(first, s.Front), s.Front + needs[first][^1]);
            return;
        }

        if (!entersAtBack)
        {
            line.Add(new(first, s.Front));
            line.Add(new(first, s.Back));
            aisles = aisles[1..];
        }

        foreach (var a in aisles.Where(a => a != last))
        {
            var cut = Cut(s, needs[a]);
            if (cut.BackTo < s.Back) Spur(line, new(a, s.Back), cut.BackTo);
        }

        line.Add(new(last, s.Back));
        line.Add(new(last, s.Front));
        foreach (var a in Enumerable.Reverse(aisles).Where(a => a != last))
        {
            var cut = Cut(s, needs[a]);
            if (cut.FrontTo > s.Front) Spur(line, new(a, s.Front), cut.FrontTo);
        }
    }

    /// <summary>How far an aisle is walked from its front and from its back.</summary>
    private static (int FrontTo, int BackTo) Cut(Stretch s, List<int> picks)
    {
        var length = s.Back - s.Front;
        int frontTo = 0, backTo = picks[0], widest = s.Policy is RoutePolicy.Midpoint ? int.MaxValue : picks[0];
        for (var i = 0; i < picks.Count; i++)
        {
            var next = i + 1 < picks.Count ? picks[i + 1] : length;
            var isCut = s.Policy is RoutePolicy.Midpoint ? picks[i] * 2 <= length : next - picks[i] > widest;
            if (isCut) (frontTo, backTo, widest) = (picks[i], next, Math.Max(widest, next - picks[i]));
        }

        return (s.Front + frontTo, s.Front + backTo);
    }

    private static void Spur(List<Point> line, Point crossing, int tipMm)
    {
        line.Add(crossing);
        line.Add(crossing with { Mm = tipMm });
        line.Add(crossing);
    }
}
