using Fulfillment.Surge.Live;
using Xunit;

namespace Fulfillment.Tests.Surge.Live;

public sealed class PoolTimesTests
{
    private const double Seconds = 240;

    [Fact]
    public void A_stay_that_grows_with_the_pool_is_told_apart_into_the_pools_part_and_the_orders()
    {
        // Ten seconds a stretch; a pool begins each second, of 10 orders before the surge and of 90 in it.
        var pools = Pools(at => at < 120 ? 10 : 90);

        var (perPool, perOrder) = PoolTimes.Of(Looks(pools, orders => 0.3 + (0.02 * orders)), pools, Seconds)!.Value;

        Assert.Equal(0.3, perPool, 2);
        Assert.Equal(0.02, perOrder, 3);
    }

    [Fact]
    public void Pools_of_one_size_say_nothing_about_it()
    {
        var pools = Pools(_ => 40);
        Assert.Null(PoolTimes.Of(Looks(pools, _ => 1), pools, Seconds));
        Assert.Null(PoolTimes.Of([], [], Seconds));
    }

    [Fact]
    public void A_stay_that_is_all_the_orders_own_leaves_the_pool_nothing()
    {
        var pools = Pools(at => at < 120 ? 10 : 90);

        // Steeper than a line through nothing: the pool's part would come out below zero.
        var (perPool, perOrder) = PoolTimes.Of(Looks(pools, orders => 0.0002 * orders * orders), pools, Seconds)!.Value;

        Assert.Equal(0, perPool);
        Assert.InRange(perOrder, 0.0002 * 10, 0.0002 * 100);
    }

    private static List<(double At, int Orders)> Pools(Func<double, int> orders) =>
        [.. Enumerable.Range(0, (int)Seconds).Select(at => ((double)at, orders(at)))];

    private static List<Look> Looks(List<(double At, int Orders)> pools, Func<int, double> stay) =>
        [.. Enumerable.Range(0, (int)Seconds * 20 + 1).Select(tick => tick / 20.0).Select(now => new Look(
            now, 0, 0, pools.Where(pool => pool.At <= now && now < pool.At + stay(pool.Orders)).Sum(pool => pool.Orders),
            1, 1, 0, 0, 0))];
}
