namespace Fulfillment.Planning.Routing;

/// <summary>
/// The states a partial tour can be in when it is cut along one aisle (Ratliff and Rosenthal 1983, doi
/// 10.1287/opre.31.3.507; general: Pansart, Catusse and Cambazard 2018, doi 10.1016/j.cor.2018.06.013): for each
/// cross-aisle whether it was reached and with which parity, which of them hang together, and how often the depot was
/// left when it has several ways in. All transitions are worked out once per number of blocks.
/// With one block an aisle is never walked through twice (doi 10.1016/j.orl.2025.107325). With more it must be when a
/// tour
/// stays in one aisle, so there it is a step wherever it joins two parts.
/// </summary>
internal sealed class Frontier
{
    // Codes of what a vertical step costs; the router fills one cost per code.
    internal const int Traverse = 0, FromFront = 1, FromBack = 2, Gap = 3, FrontOrGap = 4, BackOrGap = 5, Any = 6,
        Twice = 7;
    internal const int CostCodes = 8;

    private static readonly Frontier?[] Cache = new Frontier?[2 * (WarehouseLayout.BlocksMax + 1)];

    private readonly Dictionary<State, int> _numbers = [];
    private readonly List<State> _states = [];

    private Frontier(int blocks, bool openDepot)
    {
        Nodes = blocks + 1;
        NumberOf(State.Empty);
        var picks = new List<List<(int To, int Code)>>[blocks];
        var bare = new List<List<(int To, int Code)>>[blocks];
        for (var b = 0; b < blocks; b++) (picks[b], bare[b]) = ([], []);
        var depot = new List<List<(int To, int Code)>>();
        var across = new List<List<(int To, int Code)>>();
        for (var s = 0; s < _states.Count; s++)
        {
            for (var b = 0; b < blocks; b++)
            {
                picks[b].Add(VerticalSteps(_states[s], b));
                bare[b].Add([.. Traversals(_states[s], b)]);
            }

            depot.Add(openDepot ? DepotSteps(_states[s]) : [(NumberOf(_states[s].Visit(0)), 0)]);
            across.Add(AcrossSteps(_states[s]));
        }

        Picks = [.. picks.Select(p => new Steps(p))];
        Bare = [.. bare.Select(p => new Steps(p))];
        Depot = new Steps(depot);
        Across = new Steps(across);
        Ends = [.. _states.Select(s => s.IsClosed(Nodes, openDepot))];
    }

    internal int Nodes { get; }

    internal int States => _states.Count;

    /// <summary>Per block: the steps when there is something to pick. Staying as one is counts as a step.</summary>
    internal Steps[] Picks { get; }

    /// <summary>Per block: the traversal when there is nothing to pick; staying costs nothing and is not
    /// listed.</summary>
    internal Steps[] Bare { get; }

    /// <summary>Leaving or reaching the depot at this aisle's front (code = edges), or the must-visit of a fixed
    /// one.</summary>
    internal Steps Depot { get; }

    /// <summary>To the next aisle; code = cross-aisle stretches walked.</summary>
    internal Steps Across { get; }

    /// <summary>Whether a tour may end in the state.</summary>
    internal bool[] Ends { get; }

    internal int EdgesBetween(int from, int to, int node) =>
        _states[to].Degree(node) == 0 ? 0 : _states[from].Degree(node);

    /// <summary>The tables are pure functions of the arguments; building them twice in a race is harmless.</summary>
    internal static Frontier For(int blocks, bool openDepot)
    {
        ref var slot = ref Cache[2 * blocks + (openDepot ? 1 : 0)];
        return slot ??= new Frontier(blocks, openDepot);
    }

    private int NumberOf(State state)
    {
        if (_numbers.TryGetValue(state, out var number)) return number;
        _numbers.Add(state, number = _states.Count);
        _states.Add(state);
        return number;
    }

    private List<(int To, int Code)> VerticalSteps(State s, int block)
    {
        bool front = s.Degree(block) > 0, back = s.Degree(block + 1) > 0;
        List<(int, int)> steps = [.. Traversals(s, block)];
        if (front && back) steps.Add((NumberOf(s), Any));
        else if (front) steps.AddRange([(NumberOf(s), FromFront), (NumberOf(s.Visit(block + 1)), BackOrGap)]);
        else if (back) steps.AddRange([(NumberOf(s), FromBack), (NumberOf(s.Visit(block)), FrontOrGap)]);
        else
        {
            steps.AddRange([
                (NumberOf(s.Visit(block)), FromFront),
                (NumberOf(s.Visit(block + 1)), FromBack),
                (NumberOf(s.Visit(block).Visit(block + 1)), Gap),
            ]);
        }

        return steps;
    }

    private IEnumerable<(int To, int Code)> Traversals(State s, int block)
    {
        yield return (NumberOf(s.Traverse(block)), Traverse);
        if (Nodes > 2 && !s.AreJoined(block, block + 1)) yield return (NumberOf(s.Traverse(block).Traverse(block)),
            Twice);
    }

    private List<(int To, int Code)> DepotSteps(State s)
    {
        List<(int, int)> steps = [(NumberOf(s), 0)];
        if (s.Degree(State.DepotNode) < 2) steps.Add((NumberOf(s.WithDepotEdge()), 1));
        if (s.Degree(State.DepotNode) == 0) steps.Add((NumberOf(s.WithDepotEdge().WithDepotEdge()), 2));
        return steps;
    }

    private List<(int To, int Code)> AcrossSteps(State s)
    {
        var steps = new List<(int, int)>();
        for (var dropped = 0; dropped < 1 << Nodes; dropped++)
        {
            if (s.Cross(Nodes, dropped) is { } next) steps.Add((NumberOf(next.State), next.Edges));
        }

        return steps;
    }

    /// <summary>Steps from every state, flat: those of state s are [Start[s], Start[s + 1]).</summary>
    internal sealed class Steps
    {
        internal Steps(List<List<(int To, int Code)>> steps)
        {
            Start = new int[steps.Count + 1];
            for (var s = 0; s < steps.Count; s++) Start[s + 1] = Start[s] + steps[s].Count;
            To = [.. steps.SelectMany(l => l.Select(t => t.To))];
            Code = [.. steps.SelectMany(l => l.Select(t => t.Code))];
        }

        internal int[] Start { get; }

        internal int[] To { get; }

        internal int[] Code { get; }
    }

    /// <summary>Degree class (0 none, 1 odd, 2 even) and component of each node, four bits a node; the depot is the
    /// last.</summary>
    private readonly record struct State(ulong Bits)
    {
        internal const int DepotNode = 7;

        // Component numbers are at most 8 when canonical; this one is free for a node that was in none.
        private const int Fresh = 9;

        internal static readonly State Empty = new(0);

        internal int Degree(int node) => (int)(Bits >> (node * 8)) & 3;

        internal bool AreJoined(int a, int b) => Degree(a) > 0 && Degree(b) > 0 && Component(a) == Component(b);

        internal State Visit(int node) => Degree(node) > 0 ? this : With(node, 2, Fresh).Canonical();

        internal State Traverse(int block) => Joined(block, block + 1).Canonical();

        /// <summary>One more way between the depot and the front of this aisle.</summary>
        internal State WithDepotEdge()
        {
            var joined = Joined(0, DepotNode);
            // A depot left and reached again needs no component of its own any more: it is in the one it closed.
            return (joined.Degree(DepotNode) == 2 ? joined.With(DepotNode, 2, 0) : joined).Canonical();
        }

        internal (State State, int Edges)? Cross(int nodes, int dropped)
        {
            var next = this;
            var edges = 0;
            for (var k = 0; k < nodes; k++)
            {
                var drop = (dropped >> k & 1) == 1;
                switch (Degree(k), drop)
                {
                    case (0, true) or (1, true): return null;
                    case (2, true): next = next.With(k, 0, 0); break;
                    case (1, false) or (2, false): edges += Degree(k); break;
                }
            }

            for (var k = 0; k < nodes; k++)
            {
                if ((dropped >> k & 1) == 1 && !next.HoldsComponent(Component(k), nodes)) return null;
            }

            return (next.Canonical(), edges);
        }

        internal bool IsClosed(int nodes, bool openDepot)
        {
            if (openDepot && Degree(DepotNode) != 2) return false;
            var component = 0;
            for (var k = 0; k < nodes; k++)
            {
                if (Degree(k) == 1) return false;
                if (Degree(k) == 0) continue;
                if (component != 0 && Component(k) != component) return false;
                component = Component(k);
            }

            return component != 0;
        }

        private int Component(int node) => (int)(Bits >> (node * 8 + 2)) & 15;

        /// <summary>At a node of the frontier; the depot need not be asked, as odd ends never stand alone in a
        /// component.</summary>
        private bool HoldsComponent(int component, int nodes)
        {
            for (var k = 0; k < nodes; k++)
            {
                if (Degree(k) > 0 && Component(k) == component) return true;
            }

            return false;
        }

        private State With(int node, int degree, int component)
        {
            var cleared = Bits & ~(0xFFUL << (node * 8));
            return new State(cleared | (ulong)(degree | component << 2) << (node * 8));
        }

        private State Joined(int a, int b)
        {
            int ca = Degree(a) > 0 ? Component(a) : Fresh, cb = Degree(b) > 0 ? Component(b) : Fresh;
            var joined = this;
            for (var k = 0; k <= DepotNode; k++)
            {
                if (Degree(k) > 0 && Component(k) != 0 && Component(k) == cb) joined = joined.With(k, Degree(k), ca);
            }

            return joined.With(a, Degree(a) == 1 ? 2 : 1, ca).With(b, Degree(b) == 1 ? 2 : 1, ca);
        }

        private State Canonical()
        {
            Span<int> names = stackalloc int[16];
            var used = 0;
            var canonical = this;
            for (var k = 0; k <= DepotNode; k++)
            {
                if (Degree(k) == 0 || Component(k) == 0) continue;
                ref var name = ref names[Component(k)];
                if (name == 0) name = ++used;
                canonical = canonical.With(k, Degree(k), name);
            }

            return canonical;
        }
    }
}
