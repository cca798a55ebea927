using Fulfillment.Contracts;
using Fulfillment.Orders.States;

namespace Fulfillment.Orders.Progress;

/// <summary>What is wrong with an event, given what is known of its release. Pure.</summary>
internal static class EventFaults
{
    private const int UnitsMax = 100_000;

    /// <summary>The first fault; null when it is the next event of a release that we sent.</summary>
    internal static EventFault? In(FeedEvent happened, Known known) =>
        OfShape(happened) ?? OfPlace(happened, known);

    /// <summary>A release that waits here was dispatched for Picking, before this database was restored.</summary>
    internal static ReleaseState StateOf(KnownRelease release, Known known) =>
        known.Resuming && release.State == ReleaseState.Waiting ? ReleaseState.Dispatched : release.State;

    /// <summary>
    /// A signal that is answered after the release was given back already asks for nothing more, nor does a hold of one
    /// that has failed: that is parked until somebody sends it again.
    /// </summary>
    internal static bool IsSettled(string kind, ReleaseState state) =>
        kind is EventKinds.Cancelled or EventKinds.Held && state == ReleaseState.Cancelled
        || kind == EventKinds.Held && state == ReleaseState.Failed;

    /// <summary>Null: the release stays where it is.</summary>
    internal static ReleaseTrigger? TriggerOf(string kind) => kind switch
    {
        EventKinds.Planned => ReleaseTrigger.Plan,
        EventKinds.Picking => ReleaseTrigger.Pick,
        EventKinds.Picked => ReleaseTrigger.Finish,
        EventKinds.Cancelled or EventKinds.Held => ReleaseTrigger.Cancel,
        EventKinds.Failed => ReleaseTrigger.Fail,
        _ => null,
    };

    private static EventFault? OfShape(FeedEvent happened)
    {
        if (happened.Fault is { } unreadable) return new(EventFault.Unreadable, unreadable);
        var (needsLines, needsSignal) = (false, false);
        switch (happened.Kind)
        {
            case EventKinds.Restored:
                needsLines = happened.Lines is { Count: > 0 }; // none, when there is no news
                break;
            case EventKinds.Planned or EventKinds.Failed:
                break;
            case EventKinds.Picking or EventKinds.Picked:
                needsLines = true;
                break;
            case EventKinds.Cancelled or EventKinds.CancelRefused or EventKinds.Held or EventKinds.HoldRefused:
                needsSignal = true;
                break;
            default:
                return new(EventFault.UnknownKind, $"the kind '{happened.Kind}' is unknown here");
        }

        if (needsLines != happened.Lines is { Count: > 0 })
            return new(EventFault.Incomplete, needsLines ? "it names no lines" : $"{happened.Kind} has no lines");
        if (needsSignal != happened.SignalNo is > 0)
            return new(EventFault.Incomplete, needsSignal ? "it answers no signal" : "it answers a signal");
        foreach (var line in happened.Lines ?? [])
        {
            if (line is not { Sku: not null, Picked: >= 0 and <= UnitsMax, Short: >= 0 and <= UnitsMax })
                return new(EventFault.Incomplete, "a line of it has no SKU, or no units that can be");
        }

        return null;
    }

    private static EventFault? OfPlace(FeedEvent happened, Known known)
    {
        if (!known.Releases.TryGetValue(Effects.KeyOf(happened), out var release))
            return new(EventFault.UnknownRelease, "no such release was sent to this warehouse");
        if (happened.Version != release.Version + 1)
        {
            return new(
                EventFault.WrongVersion, $"it is version {happened.Version}, and {release.Version + 1} is the next");
        }

        var state = StateOf(release, known);
        return TriggerOf(happened.Kind) is { } trigger && !IsSettled(happened.Kind, state)
            && !ReleaseStates.TryMove(state, trigger, out _)
            ? new(
                EventFault.IllegalTransition,
                $"{happened.Kind}, but the release is {ReleaseStates.Name(release.State)}")
            : null;
    }
}
