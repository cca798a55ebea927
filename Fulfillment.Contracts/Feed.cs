namespace Fulfillment.Contracts;

/// <summary>
/// GET /events?after={cursor}&amp;max={1..1000}&amp;wait={seconds 0..30}&amp;warehouse={id}&amp;reader={name} of
/// Picking:
/// its event log in the order (xid, id), only what lies below pg_snapshot_xmin(pg_current_snapshot()), so that no late
/// commit is overtaken. 409 <see cref="FeedCodes.Diverged"/> when the cursor is none of this log.
/// </summary>
public sealed record FeedPage(IReadOnlyList<FeedEvent> Events)
{
    /// <summary>What is written and cannot be told yet; null when the page ends at the end of the log.</summary>
    public HeldBack? HeldBack { get; init; }
}

/// <summary>
/// A transaction that is open, in any database of the cluster, holds back what committed after it began.
/// </summary>
/// <param name="Events">How many events wait behind it; counting ends at 1,000.</param>
/// <param name="Since">When it began or, where that may not be seen, when the oldest of the events happened.</param>
/// <param name="Seconds">How long ago that is, by the clock of the database.</param>
/// <param name="By">Whose it is, as far as that may be seen.</param>
public sealed record HeldBack(int Events, DateTimeOffset Since, double Seconds, string? By);

/// <summary>Codes of the 409s of the feed.</summary>
public static class FeedCodes
{
    /// <summary>
    /// The log and its reader do not belong together any more: one of them was restored to an earlier time, moved, or
    /// lost its end. Nothing is told until somebody resumes the feed.
    /// </summary>
    public const string Diverged = "feed_diverged";

    /// <summary>The process that answers serves another warehouse.</summary>
    public const string WrongWarehouse = "wrong_warehouse";
}

/// <summary>
/// What happened to one release in Picking. <see cref="Version"/> counts 1, 2, 3, ... per release; Orders applies
/// exactly the next one, and anything else parks the release.
/// </summary>
public sealed record FeedEvent
{
    public required ulong Xid { get; init; }
    public required long Id { get; init; }

    /// <summary>One of <see cref="EventKinds"/>.</summary>
    public required string Kind { get; init; }
    public required string ClientId { get; init; }
    public required Guid OrderId { get; init; }
    public required int ReleaseNo { get; init; }
    public required int Version { get; init; }
    public required DateTimeOffset At { get; init; }

    /// <summary>Planned: the tours that carry the release (an order larger than a cart is on several).</summary>
    public IReadOnlyList<Guid>? Tours { get; init; }

    /// <summary>Picking and Picked: what was picked or found short since the release's last event.</summary>
    public IReadOnlyList<PickedLine>? Lines { get; init; }

    /// <summary>Answers to a signal: the number of the signal answered.</summary>
    public int? SignalNo { get; init; }

    /// <summary>Failed and the refusals: why, as a stable code and a sentence.</summary>
    public string? Reason { get; init; }

    /// <summary>Why what the event carries could not be read; it carries nothing then.</summary>
    public string? Fault { get; init; }

    /// <summary>W3C trace context, so that one trace shows an order from POST to its tour.</summary>
    public string? TraceParent { get; init; }
}

/// <summary>Units of one line that were picked, and units that were not there when the picker came.</summary>
public sealed record PickedLine(int LineNo, string Sku, int Picked, int Short);

/// <summary>The kinds of a <see cref="FeedEvent"/>.</summary>
public static class EventKinds
{
    /// <summary>The release is on one or more tours.</summary>
    public const string Planned = "Planned";

    /// <summary>Some of its lines were picked or found short.</summary>
    public const string Picking = "Picking";

    /// <summary>All of its lines are picked or found short; carries the last of them.</summary>
    public const string Picked = "Picked";

    /// <summary>The cancel won: the release will not be planned.</summary>
    public const string Cancelled = "Cancelled";

    /// <summary>The cancel came too late: the release goes on.</summary>
    public const string CancelRefused = "CancelRefused";

    /// <summary>
    /// The hold won: the release will not be planned under this number; its lines may go as a new one.
    /// </summary>
    public const string Held = "Held";

    /// <summary>The hold came too late: the release goes on.</summary>
    public const string HoldRefused = "HoldRefused";

    /// <summary>The release is in the dead letters; sending it again makes a new release.</summary>
    public const string Failed = "Failed";

    /// <summary>
    /// After a restore, its log and its reader knew different things of the release. It is given up: the lines say what
    /// was done that the reader did not know, and what is open may go as a new one. The version may leap.
    /// </summary>
    public const string Restored = "Restored";
}
