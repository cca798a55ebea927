using Fulfillment.Planning.Columns;
using Xunit;

namespace Fulfillment.Tests.Planning.Columns;

/// <summary>Three orders, each pair of which is a batch: the relaxation takes half of each pair.</summary>
public class RelaxationsByHand
{
    private const long Plenty = 1_000_000;

    private readonly ColumnPool _columns = new();
    private readonly Triples _triples = new();
    private readonly Prices _prices = new();
    private readonly OrderSet[] _sets = new OrderSet[400];
    private readonly double[] _shares = new double[400];

    public RelaxationsByHand()
    {
        foreach (var bits in (ReadOnlySpan<ulong>)[1, 2, 4]) _columns.TryAdd(new OrderSet(bits, 0), 80);
        foreach (var bits in (ReadOnlySpan<ulong>)[3, 5, 6]) _columns.TryAdd(new OrderSet(bits, 0), 100);
    }

    [Fact]
    public void Half_of_each_pair_is_the_optimum_and_says_what_orders_are_worth()
    {
        var master = Solved(Carts.AtLeast(1));

        Assert.Equal(150, master.ValueMm(), 1.0);
        Assert.Equal(1.5, master.Total(), 0.01);
        master.Round(_prices);
        Assert.All(_prices.Orders[..3], p => Assert.InRange(p, 50 * Prices.Scale - 1, 50 * Prices.Scale));
        Assert.Equal(0, _prices.Cart);
        Assert.Equal(3, master.Taken(_sets, _shares));
        Assert.All(_shares[..3], s => Assert.Equal(0.5, s, 0.01));
    }

    [Fact]
    public void A_triple_lifts_it_to_a_pair_and_a_single()
    {
        var master = Solved(Carts.AtLeast(1));
        var taken = master.Taken(_sets, _shares);

        Assert.True(_triples.TryAdd(_sets.AsSpan(0, taken), _shares.AsSpan(0, taken), 3, 5));
        Assert.Equal((1, new OrderSet(7, 0)), (_triples.Count, _triples[0]));
        master.TakeTriples();
        Assert.True(master.TrySolve(Plenty));

        Assert.Equal(180, master.ValueMm(), 1.0);
        master.Round(_prices);
        Assert.InRange(_prices.Charges[0], 1, 100 * Prices.Scale);
        Assert.InRange(_prices.Sum(3, 1, 1), 179 * Prices.Scale, 180 * Prices.Scale);
        taken = master.Taken(_sets, _shares);
        Assert.False(_triples.TryAdd(_sets.AsSpan(0, taken), _shares.AsSpan(0, taken), 3, 5));
    }

    [Fact]
    public void So_many_carts_have_a_price_and_at_most_so_many_a_charge()
    {
        var two = Solved(Carts.AtLeast(2));
        Assert.Equal(180, two.ValueMm(), 1.0);
        two.Round(_prices);
        Assert.InRange(_prices.Cart, 59 * Prices.Scale, 61 * Prices.Scale);
        Assert.InRange(_prices.Sum(3, 2, 0), 179 * Prices.Scale, 180 * Prices.Scale);

        _columns.TryAdd(new OrderSet(7, 0), 170);
        var one = Solved(Carts.AtMost(1));
        Assert.Equal(170, one.ValueMm(), 1.0);
        Assert.Equal(1, one.Total(), 0.01);
        one.Round(_prices);
        Assert.InRange(_prices.Cart, -100 * Prices.Scale, -1);
        Assert.InRange(_prices.Sum(3, 1, 0), 169 * Prices.Scale, 170 * Prices.Scale);

        Assert.Equal(170, Solved(Carts.Exactly(1)).ValueMm(), 1.0);
        Assert.Equal(240, Solved(Carts.Exactly(3)).ValueMm(), 1.0);
    }

    [Fact]
    public void A_ban_holds_until_it_is_lifted()
    {
        var master = Solved(Carts.AtLeast(1));
        var rules = new PairRules();
        rules.Push(0, 1, areTogether: true);

        master.Ban(rules);
        Assert.True(master.TrySolve(Plenty));
        Assert.Equal(180, master.ValueMm(), 1.0);

        rules.Clear();
        rules.Push(0, 1, areTogether: false);
        rules.Push(0, 2, areTogether: false);
        rules.Push(1, 2, areTogether: false);
        master.Ban(rules);
        Assert.True(master.TrySolve(Plenty));
        Assert.Equal(240, master.ValueMm(), 1.0);

        master.Ban(null);
        Assert.True(master.TrySolve(Plenty));
        Assert.Equal(150, master.ValueMm(), 1.0);
    }

    [Fact]
    public void Without_units_it_is_not_solved()
    {
        var master = new Master(_columns, _triples);
        master.Start(3, Carts.AtLeast(1), [80, 80, 80]);
        Assert.False(master.TrySolve(0));
    }

    [Fact]
    public void The_trees_choose_a_pair_and_a_single()
    {
        var tree = new SetTree();
        for (var j = 0; j < _columns.Count; j++) tree.Add(_columns.Sets[j], _columns.Costs[j], 1, _columns.Costs[j]);
        var limits = new SetTree.Limits(long.MaxValue / 4, 0, 10_000, 1, Carts.AtLeast(1), 0, 10, 3);
        Assert.True(tree.TryBeat(3, limits, Plenty));
        Assert.True(tree.IsComplete);
        Assert.Equal(180, tree.Best.ToArray().Sum(s => _columns.CostOf(s)));

        Assert.False(tree.TryBeat(3, limits with { MostMm = 179 }, Plenty));
        Assert.True(tree.IsComplete);
        Assert.False(tree.TryBeat(3, limits, 0));
        Assert.False(tree.IsComplete);

        var pairs = new PairTree(_columns, _triples, Solved(Carts.AtLeast(1)));
        Assert.True(pairs.TryBeat(_columns, 3, 1, 10_000, 1, Plenty));
        Assert.True(pairs.IsComplete);
        Assert.Equal(180, pairs.Best.Sum(s => _columns.CostOf(s)));
        Assert.False(pairs.TryBeat(_columns, 3, 1, 180, 1, Plenty));
        Assert.True(pairs.IsComplete);
    }

    private Master Solved(Carts carts)
    {
        var master = new Master(_columns, _triples);
        master.Start(3, carts, [80, 80, 80]);
        Assert.True(master.TrySolve(Plenty));
        return master;
    }
}
