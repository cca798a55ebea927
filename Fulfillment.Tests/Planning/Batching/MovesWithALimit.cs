using Fulfillment.Planning.Batching;
using Xunit;

namespace Fulfillment.Tests.Planning.Batching;

/// <summary>A move that is told how much it may cost must say no exactly when it would cost more: the bound that saves
/// pricing the second tour may hide no move.</summary>
public class MovesWithALimit
{
    [Fact]
    public void A_move_is_given_up_exactly_when_it_costs_more_than_it_may()
    {
        var random = new Random(71);
        var (made, refused) = (0, 0);
        for (var i = 0; i < 60; i++)
        {
            var problem = RandomPools.Pool(random, RandomPools.Layout(random, 1 + i % 3), 12);
            var pool = new Fulfillment.Planning.Batching.Pool(problem);
            var batches = new Batches(pool, seed: 1);
            batches.Start(pool.FirstComeFirstServed());
            batches.OverloadMax = i % 4;
            batches.OverloadPriceMm = 700;
            for (var t = 0; t < 60; t++)
            {
                var (one, other, most) = (random.Next(12), random.Next(12), random.Next(-20_000, 20_000));
                var relocation = Relocate.Evaluate(batches, one, batches.Of[other]);
                var swap = Swap.Evaluate(batches, one, other);

                var isWithin = relocation is { } r && r.Delta + r.Charge <= most;
                Assert.Equal(isWithin ? relocation : null, Relocate.Evaluate(batches, one, batches.Of[other], most));
                var swapIsWithin = swap is { } s && s.Delta + s.Charge <= most;
                Assert.Equal(swapIsWithin ? swap : null, Swap.Evaluate(batches, one, other, most));
                (made, refused) = (made + (swapIsWithin ? 1 : 0), refused + (swap is null || swapIsWithin ? 0 : 1));
            }
        }

        Assert.True(made > 100 && refused > 100, $"{made} within and {refused} beyond the limit");
    }
}
