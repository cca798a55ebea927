using System.Runtime.InteropServices;
using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.States;

namespace Fulfillment.Orders.Progress;

/// <summary>What is known, under lock, of the orders and releases that some events speak of.</summary>
internal sealed class Known
{
    internal Dictionary<ClientOrder, KnownOrder> Orders { get; } = [];
    internal Dictionary<ReleaseKey, KnownRelease> Releases { get; } = [];

    /// <summary>The open lines of those releases that the events give back.</summary>
    internal Dictionary<ReleaseKey, List<OpenLine>> OpenLines { get; } = [];
}

internal readonly record struct ClientOrder(string ClientId, Guid OrderId);

internal sealed record KnownOrder(bool CancelRequested, int ReleaseNoMax);

internal readonly record struct KnownRelease(ReleaseState State, int Version);

internal readonly record struct OpenLine(int LineNo, string Sku, int Quantity);

/// <summary>
/// What a run of events does, added up so that each row is written once. Pure: the events are applied to what is known,
/// in their order, and the first that does not fit stops the feed.
/// </summary>
internal sealed class Effects
{
    internal Dictionary<ReleaseKey, ReleaseChange> Releases { get; } = [];
    internal Dictionary<(ReleaseKey Release, int LineNo), LineChange> Lines { get; } = [];
    internal Dictionary<(string ClientId, string Sku), StockChange> Stock { get; } = [];
    internal Dictionary<(ClientOrder Order, int LineNo), Missed> Backorders { get; } = [];
    internal Dictionary<(ClientOrder Order, int LineNo), int> CancelledLines { get; } = [];
    internal List<(ReleaseKey Release, int NewReleaseNo)> Moves { get; } = [];
    internal List<(ReleaseKey Release, int SignalNo, string Answer, DateTimeOffset At)> Answers { get; } = [];

    /// <summary>Orders that may be cancelled as a whole now.</summary>
    internal HashSet<ClientOrder> CancelledOrders { get; } = [];

    internal static Effects Of(IReadOnlyList<FeedEvent> events, Known known)
    {
        var effects = new Effects();
        foreach (var happened in events) effects.Add(happened, known);
        return effects;
    }

    /// <exception cref="FeedStoppedException">The event is not the next one of a release we sent.</exception>
    private void Add(FeedEvent happened, Known known)
    {
        var key = new ReleaseKey(happened.ClientId, happened.OrderId, happened.ReleaseNo);
        if (happened.Fault is { } fault) throw Unfit(happened, fault);
        if (!known.Releases.TryGetValue(key, out var release)) throw Unfit(happened, "no such release");
        if (happened.Version != release.Version + 1)
            throw Unfit(happened, $"version {release.Version + 1} is the next");

        var to = release.State;
        // A signal that is answered after the release was given back already asks for nothing more, nor does a hold of
        // one that has failed: that is parked until somebody sends it again.
        var settled =
            happened.Kind is EventKinds.Cancelled or EventKinds.Held && release.State == ReleaseState.Cancelled
            || happened.Kind == EventKinds.Held && release.State == ReleaseState.Failed;
        if (TriggerOf(happened) is { } trigger && !settled && !ReleaseStates.TryMove(release.State, trigger, out to))
            throw Unfit(happened, $"the release is {ReleaseStates.Name(release.State)}");

        known.Releases[key] = new KnownRelease(to, happened.Version);
        ref var change = ref CollectionsMarshal.GetValueRefOrAddDefault(Releases, key, out _);
        (change.State, change.Version) = (to, happened.Version);
        if (happened.Kind == EventKinds.Planned) change.PlannedAt = happened.At;
        if (happened.Kind == EventKinds.Picked) change.PickedAt = happened.At;
        if (happened.Kind == EventKinds.Failed) change.Reason = happened.Reason ?? "failed";

        foreach (var line in happened.Lines ?? []) AddPicked(key, line, known);
        if (to == ReleaseState.Cancelled && !settled) GiveBack(key, happened.Kind, known, ref change);
        if (happened.SignalNo is { } signalNo) Answers.Add((key, signalNo, happened.Kind, happened.At));
    }

    private void AddPicked(ReleaseKey release, PickedLine picked, Known known)
    {
        ref var line = ref CollectionsMarshal.GetValueRefOrAddDefault(Lines, (release, picked.LineNo), out _);
        (line.Sku, line.Picked, line.Short) = (picked.Sku, line.Picked + picked.Picked, line.Short + picked.Short);
        ref var stock = ref CollectionsMarshal.GetValueRefOrAddDefault(Stock, (release.ClientId, picked.Sku), out _);
        (stock.Picked, stock.Short) = (stock.Picked + picked.Picked, stock.Short + picked.Short);
        if (picked.Short == 0) return;

        var order = new ClientOrder(release.ClientId, release.OrderId);
        if (known.Orders[order].CancelRequested)
        {
            AddTo(CancelledLines, (order, picked.LineNo), picked.Short); // nobody waits for it any more
            return;
        }

        ref var missed = ref CollectionsMarshal.GetValueRefOrAddDefault(Backorders, (order, picked.LineNo), out _);
        missed = new Missed(picked.Sku, missed.Quantity + picked.Short);
    }

    // Cancelled: the units are free again. Held: they stay reserved and wait under a new release number.
    private void GiveBack(ReleaseKey release, string kind, Known known, ref ReleaseChange change)
    {
        var orderKey = new ClientOrder(release.ClientId, release.OrderId);
        var order = known.Orders[orderKey];
        if (kind == EventKinds.Held && !order.CancelRequested)
        {
            var next = order.ReleaseNoMax + 1;
            known.Orders[orderKey] = order with { ReleaseNoMax = next };
            Moves.Add((release, next));
            change.Reason = "held";
            return;
        }

        change.Reason = "cancelled";
        CancelledOrders.Add(orderKey);
        foreach (var open in known.OpenLines.GetValueOrDefault(release) ?? [])
        {
            ref var line = ref CollectionsMarshal.GetValueRefOrAddDefault(Lines, (release, open.LineNo), out _);
            (line.Sku, line.Cancelled) = (open.Sku, line.Cancelled + open.Quantity);
            ref var stock = ref CollectionsMarshal.GetValueRefOrAddDefault(Stock, (release.ClientId, open.Sku), out _);
            stock.Freed += open.Quantity;
            AddTo(CancelledLines, (orderKey, open.LineNo), open.Quantity);
        }
    }

    private static ReleaseTrigger? TriggerOf(FeedEvent happened) => happened.Kind switch
    {
        EventKinds.Planned => ReleaseTrigger.Plan,
        EventKinds.Picking => ReleaseTrigger.Pick,
        EventKinds.Picked => ReleaseTrigger.Finish,
        EventKinds.Cancelled or EventKinds.Held => ReleaseTrigger.Cancel,
        EventKinds.Failed => ReleaseTrigger.Fail,
        EventKinds.CancelRefused or EventKinds.HoldRefused => null,
        _ => throw Unfit(happened, "an unknown kind"),
    };

    private static FeedStoppedException Unfit(FeedEvent happened, string problem) => new(
        $"event {happened.Xid}-{happened.Id} ({happened.Kind}, version {happened.Version}) of release " +
        $"{happened.ClientId}/{happened.OrderId}/{happened.ReleaseNo} does not fit: {problem}");

    private static void AddTo<TKey>(Dictionary<TKey, int> sums, TKey key, int units) where TKey : notnull
    {
        ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, key, out _);
        sum += units;
    }
}

internal record struct ReleaseChange
{
    internal ReleaseState State;
    internal int Version;
    internal DateTimeOffset? PlannedAt;
    internal DateTimeOffset? PickedAt;
    internal string? Reason;
}

internal record struct LineChange
{
    internal string Sku;
    internal int Picked;
    internal int Short;
    internal int Cancelled;
}

internal record struct StockChange
{
    internal long Picked;
    internal long Short;
    internal long Freed;
}

internal readonly record struct Missed(string Sku, int Quantity);
