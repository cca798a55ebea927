using FsCheck.Xunit;
using Fulfillment.Orders.PlaceOrder;
using Xunit;

namespace Fulfillment.Tests.Orders.PlaceOrder;

/// <summary>Allocation against what must hold for any orders and any stock: few SKUs, so that they compete.</summary>
public class AllocationProperties
{
    [Property]
    public void Nothing_is_made_and_nothing_is_lost(byte[][] orders, byte[] stock)
    {
        var available = Stock(stock);
        var before = new Dictionary<int, long>(available);
        var taken = new Dictionary<int, long>();
        foreach (var (lines, fillAll) in Orders(orders))
        {
            var shares = Allocation.Take(lines, fillAll, available);
            for (var i = 0; i < lines.Count; i++)
            {
                Assert.Equal(lines[i].Quantity, shares[i].Allocated + shares[i].Backordered);
                Assert.True(shares[i] is { Allocated: >= 0, Backordered: >= 0 });
                taken[lines[i].Sku] = taken.GetValueOrDefault(lines[i].Sku) + shares[i].Allocated;
            }
        }

        foreach (var (sku, had) in before)
        {
            Assert.Equal(had, available[sku] + taken.GetValueOrDefault(sku));
            if (had >= 0) Assert.True(available[sku] >= 0);
            else Assert.Equal(0, taken.GetValueOrDefault(sku));
        }
    }

    [Property]
    public void FillAll_takes_all_or_leaves_the_stock_as_it_was(byte[] order, byte[] stock)
    {
        var available = Stock(stock);
        var before = new Dictionary<int, long>(available);
        var lines = Lines(order);
        var shares = Allocation.Take(lines, fillAll: true, available);
        var enough = lines.GroupBy(line => line.Sku)
            .All(sku => sku.Sum(line => (long)line.Quantity) <= Math.Max(0, before.GetValueOrDefault(sku.Key)));
        Assert.All(shares, share => Assert.Equal(0, enough ? share.Backordered : share.Allocated));
        if (!enough) Assert.Equal(before, available);
    }

    [Property]
    public void FillAllAvailable_waits_only_for_what_is_used_up(byte[] order, byte[] stock)
    {
        var available = Stock(stock);
        var lines = Lines(order);
        var shares = Allocation.Take(lines, fillAll: false, available);
        for (var i = 0; i < lines.Count; i++)
            if (shares[i].Backordered > 0) Assert.True(available.GetValueOrDefault(lines[i].Sku) <= 0);
    }

    [Property]
    public void Who_comes_first_gets_what_he_would_get_alone(byte[][] orders, byte[] stock)
    {
        var all = Orders(orders);
        if (all.Count == 0) return;
        var alone = Allocation.Take(all[0].Lines, all[0].FillAll, Stock(stock));
        var available = Stock(stock);
        var shares = all.Select(order => Allocation.Take(order.Lines, order.FillAll, available)).ToArray();
        Assert.Equal(alone, shares[0]);
    }

    [Fact]
    public void A_smaller_order_passes_one_that_cannot_be_filled()
    {
        var available = new Dictionary<int, long> { [0] = 3, [1] = 9 };
        var large = Allocation.Take([(1, 5), (0, 4)], fillAll: true, available);
        var small = Allocation.Take([(0, 3)], fillAll: true, available);
        Assert.Equal([new LineShare(0, 5), new LineShare(0, 4)], large);
        Assert.Equal([new LineShare(3, 0)], small);
        Assert.Equal(9, available[1]);
    }

    private static Dictionary<int, long> Stock(byte[] amounts)
    {
        var stock = new Dictionary<int, long>();
        // Some below zero: a SKU whose stock is in doubt gives nothing.
        for (var sku = 0; sku < Math.Min(amounts.Length, 4); sku++) stock[sku] = amounts[sku] - 20;
        return stock;
    }

    private static List<(IReadOnlyList<(int Sku, int Quantity)> Lines, bool FillAll)> Orders(byte[][] orders) =>
        [.. orders.Where(order => order is { Length: > 1 }).Select(order => (Lines(order[1..]), order[0] % 2 == 0))];

    private static IReadOnlyList<(int Sku, int Quantity)> Lines(byte[] lines) =>
        [.. lines.Select(line => (line % 4, 1 + line / 4))];
}
