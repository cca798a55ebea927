namespace Fulfillment.Planning.Batching;

/// <summary>
/// Brings a late order into a tour that ends before its ship-by: by relocation where it fits, else in exchange for an
/// order of that tour. The move is worth any distance, so the caller makes it whatever it costs and takes it back
/// unless fewer orders are late.
/// </summary>
internal static class Hasten
{
    /// <summary>The relocation, or else the swap; neither when the tour of <paramref name="other"/> is no
    /// help.</summary>
    internal static (Relocate.Step? Relocation, Swap.Step? Exchange) Evaluate(
        Batches batches, Deadlines deadlines, int late, int other)
    {
        var tour = batches.Of[other];
        if (deadlines.EndOf(tour) > deadlines.DueOf(late)) return default;
        if (Relocate.Evaluate(batches, late, tour) is { } step) return (step, null);
        return (null, Swap.Evaluate(batches, late, other));
    }
}
