using System.Runtime.InteropServices;
using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.States;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// What a run of events does, added up so that each row is written once. Pure: the events are applied to what is known,
/// in their order. One that does not fit parks its release, and what comes of that release later queues behind it.
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

    /// <summary>Releases of which all lines must be closed now.</summary>
    internal HashSet<ReleaseKey> Closed { get; } = [];

    /// <summary>Releases that are parked from now on.</summary>
    internal Dictionary<ReleaseKey, EventFault> Parked { get; } = [];

    /// <summary>Events of parked releases, in their order.</summary>
    internal List<FeedEvent> Queued { get; } = [];

    internal static Effects Of(IReadOnlyList<FeedEvent> events, Known known, EventFault? refused = null)
    {
        var effects = new Effects();
        foreach (var happened in events) effects.Add(happened, known, refused);
        return effects;
    }

    /// <summary>Ends a release as a person decided, whatever its state; its lines must be known.</summary>
    internal static Effects OfSkip(ReleaseKey key, string units, int version, Known known, DateTimeOffset at)
    {
        var effects = new Effects();
        if (!known.Releases.TryGetValue(key, out var release)) return effects;
        var lines = known.Lines.GetValueOrDefault(key) ?? [];
        ref var change = ref CollectionsMarshal.GetValueRefOrAddDefault(effects.Releases, key, out _);
        (change.Version, change.At) = (Math.Max(version, release.Version), at);
        change.State = ReleaseStates.IsTerminal(release.State) && release.State != ReleaseState.Failed
            ? release.State
            : units == SkipUnits.Picked || lines.Exists(line => line.Done > 0) ? ReleaseState.Picked
            : ReleaseState.Cancelled;
        if (change.State == ReleaseState.Picked) change.PickedAt = at;
        if (units == SkipUnits.Picked)
        {
            foreach (var line in lines.FindAll(line => line.Open > 0))
                effects.AddPicked(key, new PickedLine(line.LineNo, line.Sku, line.Open, 0), known);
        }
        else
        {
            effects.GiveBack(key, again: units == SkipUnits.Again, known, ref change);
        }

        return effects;
    }

    private void Add(FeedEvent happened, Known known, EventFault? refused)
    {
        var key = KeyOf(happened);
        if (known.Parked.TryGetValue(key, out var skipped))
        {
            if (skipped) PassOver(key, happened, known);
            else Queued.Add(happened);
            return;
        }

        var release = known.Releases.GetValueOrDefault(key);
        if (known.Resuming && happened.Version <= release.Version) return;
        if ((refused ?? EventFaults.In(happened, known)) is { } fault)
        {
            known.Parked[key] = false;
            Parked[key] = fault;
            Queued.Add(happened);
            return;
        }

        Apply(key, happened, EventFaults.StateOf(release, known), known);
    }

    private void Apply(ReleaseKey key, FeedEvent happened, ReleaseState from, Known known)
    {
        var to = from;
        var settled = EventFaults.IsSettled(happened.Kind, from);
        if (EventFaults.TriggerOf(happened.Kind) is { } trigger && !settled)
            ReleaseStates.TryMove(from, trigger, out to);
        known.Releases[key] = new KnownRelease(to, happened.Version);
        ref var change = ref CollectionsMarshal.GetValueRefOrAddDefault(Releases, key, out _);
        (change.State, change.Version, change.At) = (to, happened.Version, happened.At);
        if (happened.Kind == EventKinds.Planned) change.PlannedAt = happened.At;
        if (happened.Kind == EventKinds.Picked) change.PickedAt = happened.At;
        if (happened.Kind == EventKinds.Failed) change.Reason = happened.Reason ?? "failed";
        if (to == ReleaseState.Picked) Closed.Add(key);

        foreach (var line in happened.Lines ?? []) AddPicked(key, line, known);
        if (happened.Kind == EventKinds.Restored) GiveUp(key, from, happened.At, known, ref change);
        else if (to == ReleaseState.Cancelled && !settled)
            GiveBack(key, again: happened.Kind == EventKinds.Held, known, ref change);
        if (happened.SignalNo is { } signalNo) Answers.Add((key, signalNo, happened.Kind, happened.At));
    }

    // Somebody has decided about this release; only how far it was told is kept.
    private void PassOver(ReleaseKey key, FeedEvent happened, Known known)
    {
        if (!known.Releases.TryGetValue(key, out var release) || happened.Version <= release.Version) return;
        known.Releases[key] = release with { Version = happened.Version };
        ref var change = ref CollectionsMarshal.GetValueRefOrAddDefault(Releases, key, out _);
        (change.State, change.Version, change.At) = (release.State, happened.Version, happened.At);
    }

    private void AddPicked(ReleaseKey release, PickedLine picked, Known known)
    {
        ref var line = ref CollectionsMarshal.GetValueRefOrAddDefault(Lines, (release, picked.LineNo), out _);
        (line.Sku, line.Picked, line.Short) = (picked.Sku, line.Picked + picked.Picked, line.Short + picked.Short);
        ref var stock = ref CollectionsMarshal.GetValueRefOrAddDefault(Stock, (release.ClientId, picked.Sku), out _);
        (stock.Picked, stock.Short) = (stock.Picked + picked.Picked, stock.Short + picked.Short);
        Close(release, picked, known);
        if (picked.Short == 0) return;

        var order = ClientOrder.Of(release);
        if (known.Orders[order].CancelRequested)
        {
            AddTo(CancelledLines, (order, picked.LineNo), picked.Short); // nobody waits for it any more
            return;
        }

        ref var missed = ref CollectionsMarshal.GetValueRefOrAddDefault(Backorders, (order, picked.LineNo), out _);
        missed = new Missed(picked.Sku, missed.Quantity + picked.Short);
    }

    // What an event of the same run gives back is what is open after it.
    private static void Close(ReleaseKey release, PickedLine picked, Known known)
    {
        if (!known.Lines.TryGetValue(release, out var lines)) return;
        var at = lines.FindIndex(line => line.LineNo == picked.LineNo);
        if (at < 0) return;
        var units = picked.Picked + picked.Short;
        lines[at] = lines[at] with { Open = lines[at].Open - units, Done = lines[at].Done + units };
    }

    // After a restore: what is done of it is done, and what is open goes as a new release.
    private void GiveUp(
        ReleaseKey release, ReleaseState from, DateTimeOffset at, Known known, ref ReleaseChange change)
    {
        if (ReleaseStates.IsTerminal(from) && from != ReleaseState.Failed) return;
        var done = known.Lines.GetValueOrDefault(release)?.Exists(line => line.Done > 0) is true;
        change.State = done ? ReleaseState.Picked : ReleaseState.Cancelled;
        if (done) change.PickedAt = at;
        known.Releases[release] = new KnownRelease(change.State, change.Version);
        GiveBack(release, again: true, known, ref change);
        if (change.Reason == "held") change.Reason = "restored";
    }

    // Cancelled: the units are free again. Held: they stay reserved and wait under a new release number.
    private void GiveBack(ReleaseKey release, bool again, Known known, ref ReleaseChange change)
    {
        var orderKey = ClientOrder.Of(release);
        var order = known.Orders[orderKey];
        var open = (known.Lines.GetValueOrDefault(release) ?? []).FindAll(line => line.Open > 0);
        if (again && !order.CancelRequested)
        {
            change.Reason = "held";
            if (open.Count == 0) return;
            var next = order.ReleaseNoMax + 1;
            known.Orders[orderKey] = order with { ReleaseNoMax = next };
            Moves.Add((release, next));
            return;
        }

        change.Reason = "cancelled";
        CancelledOrders.Add(orderKey);
        foreach (var closed in open)
        {
            ref var line = ref CollectionsMarshal.GetValueRefOrAddDefault(Lines, (release, closed.LineNo), out _);
            (line.Sku, line.Cancelled) = (closed.Sku, line.Cancelled + closed.Open);
            ref var stock = ref CollectionsMarshal.GetValueRefOrAddDefault(
                Stock, (release.ClientId, closed.Sku), out _);
            stock.Freed += closed.Open;
            AddTo(CancelledLines, (orderKey, closed.LineNo), closed.Open);
        }
    }

    internal static ReleaseKey KeyOf(FeedEvent happened) =>
        new(happened.ClientId, happened.OrderId, happened.ReleaseNo);

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
    internal DateTimeOffset At;
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
