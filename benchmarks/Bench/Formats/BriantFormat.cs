using System.Globalization;
using Fulfillment.Planning;

namespace Fulfillment.Bench.Formats;

/// <summary>
/// The format of Briant et al. (2020, doi 10.1016/j.ejor.2019.12.034), Foodmart instances: a graph of pick locations
/// and
/// crossings. The grid is found from the crossings: front ends are those with a way to the depot, and each next
/// cross-aisle lies one block behind. A cart carries boxes, an order's load is its number of boxes.
/// </summary>
public static class BriantFormat
{
    public static InstanceOutcome Read(IReadOnlyList<string> lines)
    {
        try
        {
            var sections = Sections(lines);
            return Build(sections);
        }
        catch (Exception e) when (e is FormatException or KeyNotFoundException or OverflowException or ArgumentException
            or IndexOutOfRangeException or InvalidOperationException)
        {
            return new InstanceOutcome.Unreadable(lines.Count, e.Message);
        }
    }

    /// <summary>The data lines under each comment; the last comment before data names the section.</summary>
    private static Dictionary<string, List<string[]>> Sections(IReadOnlyList<string> lines)
    {
        var sections = new Dictionary<string, List<string[]>>(StringComparer.Ordinal);
        List<string[]> current = [];
        foreach (var line in lines.Select(l => l.Trim()).Where(l => l.Length > 0))
        {
            if (line.StartsWith("//", StringComparison.Ordinal)) sections[line] = current = [];
            else current.Add(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }

        return sections;
    }

    private static InstanceOutcome.Read Build(Dictionary<string, List<string[]>> sections)
    {
        var graph = new Dictionary<int, Dictionary<int, long>>();
        foreach (var arc in sections["//Start End Distance"])
        {
            if (!graph.TryGetValue(Int(arc[0]), out var ways)) graph.Add(Int(arc[0]), ways = []);
            ways[Int(arc[1])] = (long)(decimal.Parse(arc[2], CultureInfo.InvariantCulture) * 1000);
        }

        var depot = Int(sections["//DepartingDepot"][0][0]);
        var locations = Int(sections["//NbLocations"][0][0]);
        var arrival = Int(sections["//ArrivalDepot"][0][0]);
        var grid = new Grid(graph, depot, arrival, Int(sections["//NbVerticesIntersections"][0][0]), locations);
        if (WarehouseLayout.From(grid.Definition()) is not LayoutOutcome.Laid { Layout: var layout })
            throw new FormatException("the graph is no grid of aisles");

        var places = sections["//Idx Location Volume"].ToDictionary(p => Int(p[0]), p => grid.LocationOf(Int(p[1])));
        var orders = sections["//Idx M NbProdInOrder ProdIdx1 Qty1 ProdIdx2 Qty2 ..."].Select(o => OrderOf(o, places));
        var boxes = Int(sections["//K: NbBoxesTrolley"][0][0]);
        return new InstanceOutcome.Read(new PlanningProblem
        {
            Layout = layout,
            Cart = new Cart(boxes, int.MaxValue),
            Orders = [.. orders],
        });
    }

    /// <summary>All boxes of an order are charged to its first line: a cart counts boxes, wherever the articles
    /// lie.</summary>
    private static PlanningOrder OrderOf(string[] words, Dictionary<int, Location> places)
    {
        var boxes = Int(words[1]);
        var picks = Enumerable.Range(0, Int(words[2]))
            .Select(i => new Pick(places[Int(words[3 + 2 * i])], Int(words[4 + 2 * i]), i == 0 ? boxes : 0, i));
        return new PlanningOrder(new OrderKey(Int(words[0])), [.. picks]);
    }

    private static int Int(string word) => int.Parse(word, CultureInfo.InvariantCulture);

    private sealed class Grid
    {
        private readonly Dictionary<int, Dictionary<int, long>> _graph;
        private readonly int _depot;
        private readonly int _arrival;
        private readonly Dictionary<(int, int), int> _cameFrom = [];
        private readonly int[][] _crossings;
        private readonly long[] _blockMm;
        private readonly Dictionary<int, Location> _places = [];

        internal Grid(
            Dictionary<int, Dictionary<int, long>> graph, int depot, int arrival, int crossings, int locations)
        {
            (_graph, _depot, _arrival) = (graph, depot, arrival);
            var firstCrossing = locations - crossings;
            bool IsCrossing(int v) => v >= firstCrossing && v < firstCrossing + crossings;
            var front = graph[depot].Where(w => IsCrossing(w.Key)).OrderBy(w => w.Value).Select(w => w.Key).ToArray();
            var blocks = crossings / front.Length - 1;
            _crossings = new int[blocks + 1][];
            _crossings[0] = front;
            _blockMm = new long[blocks];
            for (var b = 0; b < blocks; b++)
            {
                _crossings[b + 1] = new int[front.Length];
                for (var a = 0; a < front.Length; a++) WalkUp(b, a, IsCrossing);
            }
        }

        internal Location LocationOf(int vertex) => _places[vertex];

        /// <summary>Bays lie a metre apart from one metre behind the cross-aisle, the pitch of these
        /// instances.</summary>
        internal LayoutDefinition Definition() => new()
        {
            Aisles = _crossings[0].Length,
            AislePitchMm = _graph[_crossings[0][0]][_crossings[0][1]],
            Sides = 1,
            Blocks = [.. _blockMm.Select(mm => new BlockDefinition
            {
                Bays = (int)(mm / 1000) - 1, FrontToFirstBayMm = 1000, BayPitchMm = 1000, LastBayToBackMm = 1000,
            })],
            DepotArcsMm = [.. _crossings[0].Select(v => (long?)_graph[_depot][v])],
        };

        private void WalkUp(int block, int aisle, Func<int, bool> isCrossing)
        {
            var start = _crossings[block][aisle];
            // Out of a crossing lead the depot, its neighbours across, the way one came, and one way up.
            var below = block == 0 ? -1 : _cameFrom[(block - 1, aisle)];
            var up = _graph[start].Keys.Single(v =>
                v != below && !IsDepot(v) && !(isCrossing(v) && IsBeside(start, v)));
            var (previous, at, mm) = (start, up, _graph[start][up]);
            while (!isCrossing(at))
            {
                _places[at] = new Location(aisle, FirstBay(block) + (int)(mm / 1000) - 1);
                var next = _graph[at].Keys.Single(v => v != previous);
                mm += _graph[at][next];
                (previous, at) = (at, next);
            }

            _cameFrom[(block, aisle)] = previous;
            _crossings[block + 1][aisle] = at;
            _blockMm[block] = mm;
        }

        private bool IsDepot(int v) => v == _depot || v == _arrival;

        /// <summary>Neighbours on a cross-aisle are as far apart as two front ends; a block is deeper than
        /// that.</summary>
        private bool IsBeside(int crossing, int v) => _graph[crossing][v] == _graph[_crossings[0][0]][_crossings[0][1]];

        private int FirstBay(int block) => (int)_blockMm.Take(block).Sum(mm => mm / 1000 - 1);
    }
}
