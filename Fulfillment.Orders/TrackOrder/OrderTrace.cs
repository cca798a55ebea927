using System.Diagnostics;

namespace Fulfillment.Orders.TrackOrder;

/// <summary>
/// The steps of an order as spans of the one trace that its POST began. Orders go through in groups, so that a step is
/// told for each order after it was done for all.
/// </summary>
internal static class OrderTrace
{
    internal const string Committed = "order committed";
    internal const string Dispatched = "order dispatched";
    internal const string Confirmed = "order confirmed";

    private static readonly ActivitySource Source = new("Fulfillment.Orders");

    /// <summary>Whether anybody looks; if not, there is no need to go through a group.</summary>
    internal static bool IsSeen => Source.HasListeners();

    /// <param name="step">One of the above.</param>
    /// <param name="orderId">Whose.</param>
    /// <param name="traceParent">The trace that the POST began; null for none.</param>
    /// <param name="begun">When the step began; now where it is left out.</param>
    internal static void Step(string step, Guid orderId, string? traceParent, DateTimeOffset begun = default)
    {
        if (traceParent is null) return;
        using var activity = Source.StartActivity(step, ActivityKind.Consumer, traceParent, startTime: begun);
        activity?.SetTag("fulfillment.order_id", orderId);
    }
}
