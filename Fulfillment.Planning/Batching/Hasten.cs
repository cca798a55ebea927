namespace Fulfillment.Planning.Batching;

/// <summary>
/// Helps a late order to be in time: brings it into a tour that ends before its ship-by (in exchange where it does not
/// fit) or into one of its own, or takes another order out of its tour, so that the tour ends sooner. The move is worth
/// any distance, so the caller makes it whatever it costs and takes it back unless fewer orders are late.
/// </summary>
internal static class Hasten
{
    internal enum Way
    {
        IntoTour,
        IntoOwnTour,
        CompanionIntoTour,
        CompanionIntoOwnTour,
    }

    /// <summary>The relocation, or else the swap; neither when this way is no help. <paramref name="other"/> is an
    /// order of the tour to go to, and says by its number which companion goes.</summary>
    internal static (Relocate.Step? Relocation, Swap.Step? Exchange) Evaluate(
        Batches batches, Deadlines deadlines, int late, int other, Way way)
    {
        var tour = batches.Of[other];
        if (way is Way.IntoTour)
        {
            if (deadlines.EndOf(tour) > deadlines.DueOf(late)) return default;
            if (Relocate.Evaluate(batches, late, tour) is { } step) return (step, null);
            return (null, Swap.Evaluate(batches, late, other));
        }

        var order = late;
        if (way is not Way.IntoOwnTour)
        {
            var members = batches.MembersOf(batches.Of[late]);
            order = members[other % members.Length];
            if (order == late) return default;
        }

        return (Relocate.Evaluate(batches, order, way is Way.CompanionIntoTour ? tour : EmptyOf(batches)), null);
    }

    private static int EmptyOf(Batches batches)
    {
        var b = 0;
        while (batches.Sizes[b] > 0) b++;
        return b;
    }
}
