namespace Fulfillment.Planning.Batching;

/// <summary>
/// One round of simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983, doi 10.1126/science.220.4598.671) over
/// relocations and swaps: geometric cooling in a fixed number of steps, exponential thresholds from a table. Carts may
/// be overloaded a little on the way, at a price; without that nothing moves among full carts.
/// </summary>
internal sealed class Annealing(
    Batches batches, Neighbours neighbours, Deadlines deadlines, Func<bool, bool> accept, SeenBatches? seen)
{
    private const int Steps = 128;
    private const int MovesPerLook = 64;
    private const int HeatShare = 32;

    // Hotter than that, carts are overloaded and tours are long: nothing that a plan would take.
    private const int NotesFromStep = 24;
    private const int BatchesPerLook = 32;
    private const int OverloadShare = 14;
    private const long OverloadPriceMmMax = 1_000_000;
    private const ulong HastensOfSixteen = 4;
    private const int HastensPerGamble = 256;
    private const ulong FarOfSixteenInLargePools = 6;

    // 0.01 ^ (1 / 128) in 32-bit fixed point: a round cools to one hundredth of where it started.
    private const long Cooling = 4_143_232_420;

    private int _looks;

    private static readonly int[] MinusLog = MinusLogTable();

    internal void Round(ref Draw draw, long units, Budget budget, Func<bool> isDone)
    {
        var start = batches.UnitsSpent;
        var batchCount = Math.Max(1, batches.Count - 1);
        // In 1/1024 mm. A share of the mean tour: how much worse a step may be for the sake of a later one.
        var heat = batches.TotalMm * 1024 / batchCount / HeatShare;
        var cart = batches.Pool.Problem.Cart.LoadMax;
        // A large pool has always somewhere else to go, and the way back to full carts takes longer than a second.
        batches.OverloadMax = batches.Pool.IsLarge ? 0 : Math.Max(1, cart / OverloadShare);
        batches.OverloadPriceMm = Math.Max(1, batches.TotalMm / batchCount / cart);
        for (var step = 0; step < Steps; step++)
        {
            var until = Math.Min(start + units * (step + 1) / Steps, budget.Units);
            while (batches.UnitsSpent < until)
            {
                for (var i = 0; i < MovesPerLook; i++) Move(ref draw, heat);
                if (step >= NotesFromStep && _looks++ % (1 + batches.Count / BatchesPerLook) == 0) seen?.Note(batches);
                SetPrice(heat);
            }

            if (batches.UnitsSpent >= budget.Units || isDone()) return;
            heat = (long)((UInt128)(ulong)heat * Cooling >> 32);
        }
    }

    /// <summary>Dearer while carts are overloaded, cheaper while none is, so that the search stays about the edge of
    /// what fits (Gendreau, Hertz and Laporte 1994, doi 10.1287/mnsc.40.10.1276).</summary>
    private void SetPrice(long heat)
    {
        var price = batches.OverloadPriceMm;
        batches.OverloadPriceMm = batches.Overload > 0
            ? Math.Min(OverloadPriceMmMax, price + price / 64 + 1)
            : Math.Max(Math.Max(1, heat / 4096), price - price / 64);
    }

    private void Move(ref Draw draw, long heat)
    {
        batches.Charge(Batches.UnitsOfATry);
        var bits = draw.Next();
        var threshold = (heat * MinusLog[bits & 4095]) >> 22;
        var order = draw.Below(batches.Of.Length);
        var relocates = (bits >> 60) < 5;
        if (deadlines.Late.Count > 0 && (bits >> 48 & 15) < HastensOfSixteen)
        {
            var late = deadlines.Late[draw.Below(deadlines.Late.Count)];
            TryHasten(ref draw, late, order, (Hasten.Way)(bits >> 56 & 3), threshold);
            return;
        }

        // In a large pool mostly towards an order that is best walked with this one, else anywhere.
        var near = neighbours.Of(order);
        if (!batches.Pool.IsLarge || (bits >> 52 & 15) < FarOfSixteenInLargePools)
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

    private void TryHasten(ref Draw draw, int late, int other, Hasten.Way way, long threshold)
    {
        // One in so many may stay though nobody is in time by it alone: some orders need two such moves.
        if (draw.Below(HastensPerGamble) == 0) threshold = long.MaxValue;
        var (relocation, exchange) = Hasten.Evaluate(batches, deadlines, late, other, way);
        if (relocation is { } step) Make(step, threshold);
        else if (exchange is { } swap) Make(swap, threshold);
    }

    private void TryRelocate(int order, int to, long threshold)
    {
        if (Relocate.Evaluate(batches, order, to, threshold) is { } step) Make(step, threshold);
    }

    private void TrySwap(int one, int other, long threshold)
    {
        if (Swap.Evaluate(batches, one, other, threshold) is { } step) Make(step, threshold);
    }

    private void Make(Relocate.Step step, long threshold)
    {
        var from = batches.Of[step.Order];
        var (fromBefore, toBefore) = (batches.Costs[from], batches.Costs[step.To]);
        Relocate.Apply(batches, step);
        if (!accept(step.Delta + step.Charge > threshold))
            Relocate.Apply(batches, new(step.Order, from, toBefore, fromBefore, -step.Delta));
    }

    private void Make(Swap.Step step, long threshold)
    {
        var (oneBefore, otherBefore) = (batches.Costs[batches.Of[step.One]], batches.Costs[batches.Of[step.Other]]);
        Swap.Apply(batches, step);
        if (!accept(step.Delta + step.Charge > threshold))
            Swap.Apply(batches, new(step.One, step.Other, otherBefore, oneBefore, -step.Delta));
    }

    /// <summary>
    /// -ln((i + 0.5) / 4096) in 1/4096, by additions, multiplications and divisions alone: equal on any machine.
    /// </summary>
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
