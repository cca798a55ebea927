namespace Fulfillment.Planning.Batching;

/// <summary>
/// One round of simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983, doi 10.1126/science.220.4598.671) over
/// relocations and swaps: geometric cooling in a fixed number of steps, exponential thresholds from a table.
/// </summary>
internal sealed class Annealing(Batches batches, Neighbours neighbours, Func<bool> accept)
{
    private const int Steps = 128;
    private const int MovesPerLook = 64;
    private const ulong FarOfSixteen = 8;

    // An overload is priced per load in eighths of a mean tour's share of a full cart: cheap while the round is hot, so
    // that full carts can be passed through, dear at its end, so that it ends in a plan.
    private const long PriceAtStart = 16;
    private const long PriceRise = 64;

    // The first threshold, as a part of the mean tour. A large pool gets few moves an order and cannot afford the heat.
    private const int HeatDivisor = 10;
    private const int HeatDivisorOfLargePools = 25;

    // 0.01 ^ (1 / 128) in 32-bit fixed point: a round cools to one hundredth of where it started.
    private const long Cooling = 4_143_232_420;

    private static readonly int[] MinusLog = MinusLogTable();

    private long _pricePerLoad;

    internal void Round(ref Draw draw, long units, Budget budget, Func<bool> isDone)
    {
        var start = batches.UnitsSpent;
        var batchCount = Math.Max(1, batches.Count - 1);
        // In 1/1024 mm. A share of the mean tour: how much worse a step may be for the sake of a later one.
        var heat = batches.TotalMm * 1024 / batchCount
            / (batches.Pool.IsLarge ? HeatDivisorOfLargePools : HeatDivisor);
        var share = batches.TotalMm / batchCount / batches.Pool.Problem.Cart.LoadMax;
        for (var step = 0; step < Steps; step++)
        {
            _pricePerLoad = share * (PriceAtStart * Steps + step * step / Steps * PriceRise) / (8 * Steps) + 1;
            var until = Math.Min(start + units * (step + 1) / Steps, budget.Units);
            while (batches.UnitsSpent < until)
            {
                for (var i = 0; i < MovesPerLook; i++) Move(ref draw, heat);
            }

            if (batches.UnitsSpent >= budget.Units || isDone()) return;
            heat = (long)((UInt128)(ulong)heat * Cooling >> 32);
        }
    }

    private void Move(ref Draw draw, long heat)
    {
        batches.Charge(Batches.UnitsOfATry);
        var bits = draw.Next();
        var threshold = (heat * MinusLog[bits & 4095]) >> 22;
        var order = draw.Below(batches.Of.Length);
        var relocates = (bits >> 60) < 5;
        // Mostly towards an order that is best walked with this one; now and then anywhere, so that nothing is out of
        // reach.
        var near = neighbours.Of(order);
        if ((bits >> 52 & 15) < FarOfSixteen || near.IsEmpty)
        {
            if (relocates) TryRelocate(order, draw.Below(batches.Count), threshold);
            else TrySwap(order, draw.Below(batches.Of.Length), threshold);
            return;
        }

        var target = batches.Of[near[draw.Below(near.Length)]];
        if (relocates)
        {
            TryRelocate(order, target, threshold);
        }
        else
        {
            var members = batches.MembersOf(target);
            TrySwap(order, members[draw.Below(members.Length)], threshold);
        }
    }

    private void TryRelocate(int order, int to, long threshold)
    {
        var from = batches.Of[order];
        var (fromBefore, toBefore) = (batches.Costs[from], batches.Costs[to]);
        if (Relocate.Evaluate(batches, order, to) is not { } step
            || step.Delta + step.MoreOverload * _pricePerLoad > threshold) return;
        Relocate.Apply(batches, step);
        if (!accept()) Relocate.Apply(batches, new(order, from, toBefore, fromBefore, -step.Delta, -step.MoreOverload));
    }

    private void TrySwap(int one, int other, long threshold)
    {
        if (Swap.Evaluate(batches, one, other) is not { } step
            || step.Delta + step.MoreOverload * _pricePerLoad > threshold) return;
        var (oneBefore, otherBefore) = (batches.Costs[batches.Of[one]], batches.Costs[batches.Of[other]]);
        Swap.Apply(batches, step);
        if (!accept()) Swap.Apply(batches, new(one, other, otherBefore, oneBefore, -step.Delta, -step.MoreOverload));
    }

    /// <summary>-ln((i + 0.5) / 4096) in 1/4096, by additions, multiplications and divisions alone: equal on any
    /// machine.</summary>
    private static int[] MinusLogTable()
    {
        var table = new int[4096];
        for (var i = 0; i < table.Length; i++)
        {
            var x = (i + 0.5) / 4096;
            var halvings = 0;
            for (; x < 0.5; x *= 2) halvings++;
            var y = (x - 1) / (x + 1);
            double sum = 0, power = y;
            for (var k = 1; k < 60; k += 2, power *= y * y) sum += power / k;
            table[i] = (int)(4096 * (halvings * 0.69314718055994531 - 2 * sum));
        }

        return table;
    }
}
