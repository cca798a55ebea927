namespace Fulfillment.Orders.Dispatch;

/// <summary>
/// Wakes the relays of this process when a release may be waiting. Only a hint: a relay in another replica finds the
/// work by polling.
/// </summary>
internal sealed class DispatchSignal
{
    private TaskCompletionSource _next = NewSource();

    /// <summary>Call after the commit that made releases wait.</summary>
    internal void Pulse() => Interlocked.Exchange(ref _next, NewSource()).TrySetResult();

    /// <summary>Completes at the next pulse. Take it before looking for work, so that none slips between.</summary>
    internal Task Next => Volatile.Read(ref _next).Task;

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
