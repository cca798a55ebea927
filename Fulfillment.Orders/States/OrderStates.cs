namespace Fulfillment.Orders.States;

/// <summary>Where an order is; derived from its releases and backorders, never stored.</summary>
internal enum OrderStatus
{
    /// <summary>Accepted, nothing sent to picking yet.</summary>
    Accepted,

    /// <summary>Nothing of it is under way, something waits for stock.</summary>
    Backordered,
    Dispatched,
    Planned,
    Picking,

    /// <summary>All that will be picked is picked, and nothing waits.</summary>
    Picked,
    Shipped,
    Cancelled,

    /// <summary>What is left of it is in the dead letters.</summary>
    Failed,
}

/// <summary>The derivation of an order's status. Pure.</summary>
internal static class OrderStates
{
    /// <summary>
    /// The furthest stage that work under way has reached; when nothing is under way, what it waits for, and when it
    /// waits for nothing, how it ended.
    /// </summary>
    internal static OrderStatus Derive(
        IEnumerable<ReleaseState> releases, bool backordered, bool shipped, bool cancelled)
    {
        if (shipped) return OrderStatus.Shipped;
        if (cancelled) return OrderStatus.Cancelled;
        ReleaseState? furthest = null;
        var (picked, failed) = (false, false);
        foreach (var state in releases)
        {
            picked |= state == ReleaseState.Picked;
            failed |= state == ReleaseState.Failed;
            if (!ReleaseStates.IsTerminal(state) && (furthest is null || state > furthest)) furthest = state;
        }

        return furthest switch
        {
            ReleaseState.Picking => OrderStatus.Picking,
            ReleaseState.Planned => picked ? OrderStatus.Picking : OrderStatus.Planned,
            ReleaseState.Dispatched => picked ? OrderStatus.Picking : OrderStatus.Dispatched,
            ReleaseState.Waiting => picked ? OrderStatus.Picking : OrderStatus.Accepted,
            _ when backordered => OrderStatus.Backordered,
            _ when failed => OrderStatus.Failed,
            _ => picked ? OrderStatus.Picked : OrderStatus.Accepted,
        };
    }

    /// <summary>As shown to clients.</summary>
    internal static string Name(OrderStatus status) => status switch
    {
        OrderStatus.Accepted => "Accepted",
        OrderStatus.Backordered => "Backordered",
        OrderStatus.Dispatched => "Dispatched",
        OrderStatus.Planned => "Planned",
        OrderStatus.Picking => "Picking",
        OrderStatus.Picked => "Picked",
        OrderStatus.Shipped => "Shipped",
        OrderStatus.Cancelled => "Cancelled",
        OrderStatus.Failed => "Failed",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, null),
    };
}
