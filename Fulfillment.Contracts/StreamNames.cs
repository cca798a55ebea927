namespace Fulfillment.Contracts;

/// <summary>
/// Names in Redis that Orders and Picking share. Everything under them can be lost at any moment (FLUSHALL): Postgres
/// is the truth and the relay publishes again. One set per warehouse, so that each warehouse scales on its own queue.
/// </summary>
public static class StreamNames
{
    /// <summary>
    /// The one consumer group of the stream; all Picking replicas of the warehouse are consumers in it.
    /// </summary>
    public const string Group = "picking";

    /// <summary>The picking queue. Entries are deleted when done, so XLEN is the work outstanding.</summary>
    public static string Orders(string warehouseId) => $"picking:{warehouseId}:orders";

    /// <summary>
    /// A string that the relay writes beside the stream; if it is gone or another, the stream was lost.
    /// </summary>
    public static string Epoch(string warehouseId) => $"picking:{warehouseId}:epoch";

    /// <summary>A sorted set: member = worker name, score = Unix time in milliseconds of its last heartbeat.</summary>
    public static string Workers(string warehouseId) => $"picking:{warehouseId}:workers";

    /// <summary>A worker whose heartbeat is older than this is not counted as live.</summary>
    public static readonly TimeSpan HeartbeatLifetime = TimeSpan.FromSeconds(10);
}

/// <summary>Field names of one stream entry.</summary>
public static class StreamFields
{
    /// <summary>One of <see cref="MessageKinds"/>.</summary>
    public const string Kind = "kind";

    /// <summary>UTF-8 JSON: a <see cref="ReleaseMessage"/> or a <see cref="SignalMessage"/>.</summary>
    public const string Body = "body";

    /// <summary>W3C trace context of the request that placed the order; absent when it was not traced.</summary>
    public const string TraceParent = "traceparent";
}

/// <summary>What an entry of the stream asks of Picking.</summary>
public static class MessageKinds
{
    /// <summary>Plan this release.</summary>
    public const string Release = "release";

    /// <summary>Do not plan this release, the order is cancelled; answered by Cancelled or CancelRefused.</summary>
    public const string Cancel = "cancel";

    /// <summary>Give this release back, the order is held; answered by Held or HoldRefused.</summary>
    public const string Hold = "hold";
}
