using System.Globalization;

namespace Fulfillment.Contracts;

/// <summary>
/// Where a reader of the feed is: after this transaction id and, within it, this event id. It names the event that
/// stands there, so that a log which was restored, moved or lost its end is told from the one that was read.
/// </summary>
/// <param name="Xid">The transaction that wrote the event.</param>
/// <param name="Id">The event's number within the log.</param>
/// <param name="Event">
/// Whose event it is; null before the first event, and in a cursor stored by a version that did not name it.
/// </param>
public readonly record struct FeedCursor(ulong Xid, long Id, EventName? Event = null) : IComparable<FeedCursor>
{
    /// <summary>Before the first event.</summary>
    public static readonly FeedCursor Start = new(0, 0);

    /// <summary>After this event.</summary>
    public static FeedCursor After(FeedEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return new(happened.Xid, happened.Id, new(happened.OrderId, happened.ReleaseNo, happened.Version));
    }

    /// <summary>{xid}-{id}, and @{order}.{release}.{version} where it names its event.</summary>
    public override string ToString() => Event is { } named
        ? string.Create(
            CultureInfo.InvariantCulture, $"{Xid}-{Id}@{named.OrderId:N}.{named.ReleaseNo}.{named.Version}")
        : string.Create(CultureInfo.InvariantCulture, $"{Xid}-{Id}");

    /// <summary>Reads what <see cref="ToString"/> wrote; false on anything else.</summary>
    public static bool TryParse(string? text, out FeedCursor cursor)
    {
        cursor = Start;
        var (position, name) = text?.Split('@') switch
        {
            [var alone] => (alone, null),
            [var first, var second] => (first, second),
            _ => (null, (string?)null),
        };
        if (position?.Split('-') is not [var xidText, var idText]
            || !ulong.TryParse(xidText, NumberStyles.None, CultureInfo.InvariantCulture, out var xid)
            || !long.TryParse(idText, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            return false;
        }

        if (name is null)
        {
            cursor = new FeedCursor(xid, id);
            return true;
        }

        if (name.Split('.') is not [var order, var releaseText, var versionText]
            || !Guid.TryParseExact(order, "N", out var orderId)
            || !int.TryParse(releaseText, NumberStyles.None, CultureInfo.InvariantCulture, out var releaseNo)
            || !int.TryParse(versionText, NumberStyles.None, CultureInfo.InvariantCulture, out var version))
        {
            return false;
        }

        cursor = new FeedCursor(xid, id, new EventName(orderId, releaseNo, version));
        return true;
    }

    /// <summary>By place in the log; whose event stands there decides nothing.</summary>
    public int CompareTo(FeedCursor other) => Xid != other.Xid ? Xid.CompareTo(other.Xid) : Id.CompareTo(other.Id);

    public static bool operator <(FeedCursor left, FeedCursor right) => left.CompareTo(right) < 0;

    public static bool operator >(FeedCursor left, FeedCursor right) => left.CompareTo(right) > 0;

    public static bool operator <=(FeedCursor left, FeedCursor right) => left.CompareTo(right) <= 0;

    public static bool operator >=(FeedCursor left, FeedCursor right) => left.CompareTo(right) >= 0;
}

/// <summary>Whose event, and which of its release's: the identity that survives a restore.</summary>
public readonly record struct EventName(Guid OrderId, int ReleaseNo, int Version);
