using System.Collections.Concurrent;
using Fulfillment.Surge.Report;

namespace Fulfillment.Surge.Load;

/// <summary>An answer the service gave; it must stand for ever. <paramref name="IntendedAt"/>: wall clock.</summary>
internal sealed record Acknowledged(string ClientId, string ClientOrderId, Guid OrderId, DateTimeOffset IntendedAt);

/// <summary>The harness's own record of what it was told, to hold against the database at the end.</summary>
internal sealed class Acknowledgements
{
    private readonly ConcurrentDictionary<(string Client, string ClientOrderId), Acknowledged> _orders = new();
    private readonly ConcurrentQueue<string> _contradictions = new();
    private long _sent;
    private long _repeated;
    private long _rejected;

    internal ICollection<Acknowledged> Orders => _orders.Values;

    /// <summary>The same id got two different orders.</summary>
    internal IReadOnlyCollection<string> Contradictions => _contradictions;

    /// <summary>One line for each kind of refusal, with an example.</summary>
    internal ConcurrentDictionary<string, string> Refusals { get; } = new(StringComparer.Ordinal);

    internal long Sent => Volatile.Read(ref _sent);
    internal long Repeated => Volatile.Read(ref _repeated);
    internal long Rejected => Volatile.Read(ref _rejected);
    internal long Accepted => _orders.Count;

    internal void CountSent() => Interlocked.Increment(ref _sent);

    internal void Accept(PlannedOrder order, Guid orderId, DateTimeOffset intendedAt, bool repeat)
    {
        if (repeat) Interlocked.Increment(ref _repeated);
        var said = new Acknowledged(order.ClientId, order.ClientOrderId, orderId, intendedAt);
        var first = _orders.GetOrAdd((order.ClientId, order.ClientOrderId), said);
        if (first.OrderId != orderId)
            _contradictions.Enqueue($"{order.ClientId}/{order.ClientOrderId}: first {first.OrderId}, then {orderId}");
    }

    internal void Reject(string code, string example)
    {
        Interlocked.Increment(ref _rejected);
        Refusals.TryAdd(code, example);
    }

    internal OrderCounts Counts(long backordered, long planned, long picked, long cancelled) =>
        new(Sent, Accepted, Repeated, Rejected, backordered, planned, picked, cancelled);
}
