using Fulfillment.Planning.Columns;
using Xunit;

namespace Fulfillment.Tests.Planning.Columns;

public class SetsByHand
{
    [Theory]
    [InlineData(0, 63)]
    [InlineData(63, 64)]
    [InlineData(64, 127)]
    public void A_set_holds_what_was_put_into_it(int one, int other)
    {
        var set = OrderSet.Of(one) | OrderSet.Of(other);

        Assert.Equal(2, set.Count);
        Assert.True(set.Holds(one) && set.Holds(other));
        Assert.Equal(one, set.First);
        Assert.Equal(OrderSet.Of(other), set.WithoutFirst);
        Assert.Equal(OrderSet.Of(one), set - OrderSet.Of(other));
        Assert.True(set.Meets(OrderSet.Of(other)));
        Assert.False(OrderSet.Of(one).Meets(OrderSet.Of(other)));
        Assert.True((set - set).IsEmpty);
        Assert.Equal(OrderSet.Of(one), set & OrderSet.Of(one));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(128)]
    public void All_are_the_first_so_many(int count)
    {
        var all = OrderSet.All(count);

        Assert.Equal(count, all.Count);
        Assert.Equal(count == 0, all.IsEmpty);
        for (var o = 0; o < OrderSet.Most; o++) Assert.Equal(o < count, all.Holds(o));
    }

    [Fact]
    public void A_pair_that_is_together_or_apart_rules_batches_out()
    {
        var rules = new PairRules();
        var (one, other, both) = (OrderSet.Of(1), OrderSet.Of(70), OrderSet.Of(1) | OrderSet.Of(70));
        rules.Push(1, 70, areTogether: true);
        Assert.True(rules.Allow(both) && rules.Allow(OrderSet.Of(3)));
        Assert.False(rules.Allow(one) || rules.Allow(other));

        rules.Pop();
        rules.Push(1, 70, areTogether: false);
        Assert.True(rules.Allow(one) && rules.Allow(other));
        Assert.False(rules.Allow(both));

        rules.Clear();
        Assert.True(rules.Allow(both));
    }

    [Fact]
    public void A_batch_is_known_once()
    {
        var pool = new ColumnPool();

        Assert.True(pool.TryAdd(OrderSet.Of(5), 17));
        Assert.False(pool.TryAdd(OrderSet.Of(5), 18));
        Assert.Equal((1, 17), (pool.Count, pool.CostOf(OrderSet.Of(5))));

        for (var n = 1; n < ColumnPool.Most; n++) Assert.True(pool.TryAdd(new OrderSet((ulong)n << 6, 0), n));
        Assert.False(pool.TryAdd(OrderSet.Of(99), 1));
        pool.Clear();
        Assert.True(pool.TryAdd(OrderSet.Of(99), 1));
        Assert.False(pool.Holds(OrderSet.Of(5)));
    }
}
