using Fulfillment.Contracts;
using Fulfillment.Picking.Warehouse;
using StackExchange.Redis;

namespace Fulfillment.Picking.Intake;

/// <summary>A release in the pool, with every entry of the stream that brought it.</summary>
internal sealed record PooledRelease(ReleaseMessage Message, string? TraceParent, IReadOnlyList<StreamEntry> Entries)
{
    internal ReleaseId Key => new(Message.OrderId, Message.ReleaseNo);

    internal RedisValue[] EntryIds => [.. Entries.Select(e => e.Id)];
}

/// <summary>A release and, line by line, the slot that is asked first.</summary>
internal sealed record SlottedRelease(PooledRelease Release, IReadOnlyList<Slot> Slots);

/// <summary>A release that cannot be planned, and why: a stable code and a sentence.</summary>
internal sealed record UnplannableRelease(PooledRelease Release, string Reason);
