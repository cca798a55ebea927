using System.Globalization;

namespace Fulfillment.Contracts;

/// <summary>
/// GET /events?after={xid}-{id}&amp;max={1..1000}&amp;wait={seconds 0..30} of Picking: its event log in the order
/// (xid, id), only what lies below pg_snapshot_xmin(pg_current_snapshot()), so that no late commit is overtaken.
/// </summary>
public sealed record FeedPage(IReadOnlyList<FeedEvent> Events);

/// <summary>Where a reader of the feed is: after this transaction id and, within it, this event id.</summary>
public readonly record struct FeedCursor(ulong Xid, long Id) : IComparable<FeedCursor>
{
    /// <summary>Before the first event.</summary>
    public static readonly FeedCursor Start = new(0, 0);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Xid}-{Id}");

    /// <summary>Reads what <see cref="ToString"/> wrote; false on anything else.</summary>
    public static bool TryParse(string? text, out FeedCursor cursor)
    {
        cursor = Start;
        var dash = text?.IndexOf('-', StringComparison.Ordinal) ?? -1;
        if (dash <= 0
            || !ulong.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out var xid)
            || !long.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return false;
        }

        cursor = new FeedCursor(xid, id);
        return true;
    }

    public int CompareTo(FeedCursor other) => Xid != other.Xid ? Xid.CompareTo(other.Xid) : Id.CompareTo(other.Id);

    public static bool operator <(FeedCursor left, FeedCursor right) => left.CompareTo(right) < 0;

    public static bool operator >(FeedCursor left, FeedCursor right) => left.CompareTo(right) > 0;

    public static bool operator <=(FeedCursor left, FeedCursor right) => left.CompareTo(right) <= 0;

    public static bool operator >=(FeedCursor left, FeedCursor right) => left.CompareTo(right) >= 0;
}

/// <summary>
/// What happened to one release in Picking. <see cref="Version"/> counts 1, 2, 3, ... per release; Orders applies
/// exactly the next one, and anything else is a bug that stops the feed loudly.
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
}
