using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.States;

namespace Fulfillment.Orders.Progress;

/// <summary>What is known, under lock, of the orders and releases that some events speak of.</summary>
internal sealed class Known
{
    internal Dictionary<ClientOrder, KnownOrder> Orders { get; } = [];
    internal Dictionary<ReleaseKey, KnownRelease> Releases { get; } = [];

    /// <summary>The lines of those releases that the events close or give back.</summary>
    internal Dictionary<ReleaseKey, List<KnownLine>> Lines { get; } = [];

    /// <summary>Those that are parked; true: skipped, what comes of them is passed over.</summary>
    internal Dictionary<ReleaseKey, bool> Parked { get; } = [];

    /// <summary>
    /// After a restore: a version that was applied is a repeat, a release that waits here may be dispatched for
    /// Picking, and an answer may be to a signal that is forgotten here.
    /// </summary>
    internal bool Resuming { get; init; }
}

internal readonly record struct ClientOrder(string ClientId, Guid OrderId)
{
    internal static ClientOrder Of(ReleaseKey release) => new(release.ClientId, release.OrderId);
}

internal sealed record KnownOrder(bool CancelRequested, int ReleaseNoMax);

internal readonly record struct KnownRelease(ReleaseState State, int Version);

internal readonly record struct KnownLine(int LineNo, string Sku, int Open, int Done);

/// <summary>Why an event does not fit: a stable code, and what a person would want to know.</summary>
internal readonly record struct EventFault(string Code, string Reason)
{
    /// <summary>We have no such release; it may come (after a restore), and is tried again when it has.</summary>
    internal const string UnknownRelease = "unknown_release";

    /// <summary>Of a newer Picking; tried again by the next version of this service.</summary>
    internal const string UnknownKind = "unknown_kind";
    internal const string Unreadable = "unreadable";
    internal const string WrongVersion = "wrong_version";
    internal const string IllegalTransition = "illegal_transition";
    internal const string Incomplete = "incomplete";

    /// <summary>The database refuses what it would do: units or rows that are not there.</summary>
    internal const string Refused = "refused";
}
