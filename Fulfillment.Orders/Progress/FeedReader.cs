using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.TrackOrder;
using Fulfillment.ServiceDefaults;
using Npgsql;
using Polly;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// Pulls one warehouse's events and applies them, in order and exactly once. What it cannot reach it asks for again;
/// what does not fit is parked, and the rest goes on; where going on would be a guess it stops, loudly.
/// </summary>
internal sealed partial class FeedReader(
    string warehouseId, NpgsqlDataSource database, FeedClient picking, ProgressOptions options, FeedState feeds,
    FreedStock freed, DispatchSignal dispatch, TimeProvider clock, StopAt stopAt, ILogger log)
{
    private readonly FeedStatus _status = feeds.Begin(warehouseId);
    private readonly ResumeFeed _resume = new(database, picking, warehouseId, clock);
    private long _parkedTriedAt;
    private bool _begun;

    /// <summary>Reads until cancelled, or until Postgres fails. The state it told is gone then.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true) await TurnAsync(cancellation);
        }
        finally
        {
            feeds.End(warehouseId);
        }
    }

    private async Task TurnAsync(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        FeedRow? row = null;
        try
        {
            if (!_begun) await FeedCursors.OpenAsync(database, warehouseId, clock.GetUtcNow(), cancellation);
            row = await FeedCursors.ReadAsync(database, warehouseId, cancellation);
            _status.Parked = row.Parked;
            if (!_begun) await RetryParkedAsync(row, first: true, cancellation);
            _begun = true;
            if (row.ResumeAskedAt is not null)
            {
                Resumes(log, warehouseId, await _resume.BeginAsync(row, cancellation));
                return;
            }

            if (row is { ResumingTo: not null, Resuming: false })
                Resumed(log, warehouseId, await _resume.EndAsync(cancellation));
            await ReadPageAsync(row, cancellation);
            if (row.Parked > 0 && clock.GetElapsedTime(_parkedTriedAt) >= options.ParkedDelay)
                await RetryParkedAsync(row, first: false, cancellation);
        }
        catch (FeedStoppedException stopped)
        {
            await StandAsync(stopped.Message, row, cancellation);
        }
        catch (FeedRefusedException refused)
        {
            // A reader that was frozen meanwhile asks for what another one has read: it has only to look again.
            if (row is null || (await FeedCursors.ReadAsync(database, warehouseId, cancellation)).Cursor == row.Cursor)
                await StandAsync(refused.Message, row, cancellation);
        }
        catch (PostgresException crossed) when (crossed.SqlState
            is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
        {
            Crossed(log, warehouseId, crossed.MessageText); // nothing of it was written
        }
        catch (CursorMovedException crossed)
        {
            Crossed(log, warehouseId, crossed.Message);
            await Task.Delay(options.RetryDelay, clock, cancellation);
        }
        catch (Exception away) when (IsAway(away) && !cancellation.IsCancellationRequested)
        {
            var problem = $"it cannot be read: {away.Message}";
            if (_status.Stands(problem)) CannotBeRead(log, warehouseId, away.Message);
            await Task.Delay(options.RetryDelay, clock, cancellation);
        }
    }

    /// <summary>Asks once and applies what is answered.</summary>
    private async Task ReadPageAsync(FeedRow row, CancellationToken cancellation)
    {
        var (askedAt, asked) = (clock.GetUtcNow(), clock.GetTimestamp());
        var page = await picking.FetchAsync(warehouseId, row.Cursor, cancellation);
        CheckOrder(row.Cursor, page.Events);
        var heldBack = page.HeldBack is { } back && back.Seconds >= options.HeldBackAfter.TotalSeconds ? back : null;
        // What committed before the oldest open transaction began is told; of what came later, some may not be.
        DateTimeOffset? caughtUpAt = page.Events.Count == options.PageMax || heldBack is not null
            ? null
            : askedAt.AddSeconds(-(page.HeldBack?.Seconds ?? 0));
        var parkMax = row.Resuming ? int.MaxValue
            : row.StoppedBecause?.StartsWith(ParkedReleases.Storm, StringComparison.Ordinal) is true ? 0
            : row.ParkMax ?? options.ParkPerMinuteMax;
        var run = new Run(
            warehouseId, row.Cursor, [], row.Resuming, parkMax, clock.GetUtcNow(), caughtUpAt, heldBack);
        if (page.Events.Count == 0)
        {
            await ApplyEvents.StayAsync(database, run, cancellation);
        }
        else
        {
            foreach (var events in page.Events.Chunk(options.ApplyMax))
            {
                var last = events[^1] == page.Events[^1];
                run = run with
                {
                    Events = events,
                    Now = clock.GetUtcNow(),
                    CaughtUpAt = last ? caughtUpAt : null,
                    Resuming = row.ResumingTo is { } end && run.From < end,
                };
                run = run with { From = await ApplyRunAsync(run, cancellation) };
            }
        }

        Tell(page, heldBack, caughtUpAt);
        // Picking held the request for as long as asked, unless it cannot: then the pause is ours to make.
        if (page.Events.Count == 0
            && (options.Wait < options.RetryDelay || clock.GetElapsedTime(asked) < options.Wait / 2))
            await Task.Delay(options.RetryDelay, clock, cancellation);
    }

    /// <summary>Applies the run, in parts when the database refuses it whole; returns the cursor after it.</summary>
    private async Task<FeedCursor> ApplyRunAsync(Run run, CancellationToken cancellation)
    {
        Effects effects;
        try
        {
            effects = await ApplyEvents.ApplyAsync(database, run, stopAt, cancellation);
        }
        catch (Exception refused) when (EventsRefusedException.Explains(refused, out var reason))
        {
            if (run.Events.Count > 1)
            {
                var half = run.Events.Count / 2;
                var first = run with { Events = [.. run.Events.Take(half)], CaughtUpAt = null };
                var middle = await ApplyRunAsync(first, cancellation);
                return await ApplyRunAsync(
                    run with { Events = [.. run.Events.Skip(half)], From = middle }, cancellation);
            }

            effects = await ApplyEvents.ApplyAsync(
                database, run, stopAt, cancellation, new EventFault(EventFault.Refused, reason));
        }

        foreach (var (release, fault) in effects.Parked)
            Parked(log, warehouseId, release.ClientId, release.OrderId, release.ReleaseNo, fault.Code, fault.Reason);
        if (effects.Parked.Count > 0) _status.NowParked(effects.Parked.Count);
        var last = run.Events[^1].At;
        _status.Applied(run.Events.Count, last == default ? TimeSpan.Zero : clock.GetUtcNow() - last);
        Trace(run.Events);
        After(effects);
        return run.To;
    }

    private void After(Effects effects)
    {
        if (effects.Moves.Count > 0) dispatch.Pulse();
        freed.Add(effects);
    }

    private void Tell(FeedPage page, HeldBack? heldBack, DateTimeOffset? caughtUpAt)
    {
        if (_status.GoesOn()) GoesOn(log, warehouseId);
        if (page.Events.Count == 0 && caughtUpAt is not null) _status.CaughtUp();
        if (!_status.Holds(heldBack)) return;
        if (heldBack is null) HeldBackNoMore(log, warehouseId);
        else IsHeldBack(log, warehouseId, heldBack.Events, heldBack.Since, heldBack.By ?? "whose may not be seen");
    }

    /// <summary>Tells why, and waits: until it is time to try again, or an operator has said something.</summary>
    private async Task StandAsync(string because, FeedRow? before, CancellationToken cancellation)
    {
        if (_status.Stands(because)) Stopped(log, warehouseId, because);
        await FeedCursors.StopAsync(
            database, warehouseId, because, before?.StoppedBecause, clock.GetUtcNow(), cancellation);
        var since = clock.GetTimestamp();
        while (clock.GetElapsedTime(since) < options.StoppedDelay)
        {
            await Task.Delay(
                options.RetryDelay < options.StoppedDelay ? options.RetryDelay : options.StoppedDelay, clock,
                cancellation);
            if (await FeedCursors.IsToldToGoOnAsync(database, warehouseId, cancellation)) return;
        }
    }

    // What was unknown may be known by now: a kind since this version, a release since a restore.
    private async Task RetryParkedAsync(FeedRow row, bool first, CancellationToken cancellation)
    {
        _parkedTriedAt = clock.GetTimestamp();
        foreach (var release in await RetryParked.FindAsync(database, warehouseId, first, cancellation))
        {
            var retried = await RetryParked.RunAsync(
                database, warehouseId, release, row.Resuming, clock.GetUtcNow(), After, cancellation);
            if (retried is { Left: 0 })
                Fits(log, warehouseId, release.ClientId, release.OrderId, release.ReleaseNo, retried.Applied);
        }
    }

    private static void CheckOrder(FeedCursor cursor, IReadOnlyList<FeedEvent> events)
    {
        foreach (var happened in events)
        {
            var next = FeedCursor.After(happened);
            if (next <= cursor) throw new FeedStoppedException($"the feed went back from {cursor} to {next}");
            cursor = next;
        }
    }

    // The confirmation closes the trace that began with the POST of the order.
    private static void Trace(IReadOnlyList<FeedEvent> run)
    {
        if (!OrderTrace.IsSeen) return;
        foreach (var happened in run.Where(happened => happened.Kind == EventKinds.Planned))
            OrderTrace.Step(OrderTrace.Confirmed, happened.OrderId, happened.TraceParent);
    }

    private static bool IsAway(Exception exception) => exception
        is HttpRequestException or IOException or JsonException or OperationCanceledException
        or ExecutionRejectedException;

    [LoggerMessage(1, LogLevel.Critical,
        "Picking's event feed of {Warehouse} is STOPPED, nothing that follows is applied: {Reason}")]
    private static partial void Stopped(ILogger log, string warehouse, string reason);

    [LoggerMessage(2, LogLevel.Warning,
        "Picking's event feed of {Warehouse} cannot be read, it is asked again: {Problem}")]
    private static partial void CannotBeRead(ILogger log, string warehouse, string problem);

    [LoggerMessage(3, LogLevel.Information,
        "Events of {Warehouse} are applied again, they crossed another transaction: {Problem}")]
    private static partial void Crossed(ILogger log, string warehouse, string problem);

    [LoggerMessage(4, LogLevel.Warning, "Picking's event feed of {Warehouse} goes on")]
    private static partial void GoesOn(ILogger log, string warehouse);

    [LoggerMessage(5, LogLevel.Warning,
        "Release {ClientId}/{OrderId}/{ReleaseNo} of {Warehouse} is PARKED and waits for a person: {Code}, {Reason}")]
    private static partial void Parked(
        ILogger log, string warehouse, string clientId, Guid orderId, int releaseNo, string code, string reason);

    [LoggerMessage(6, LogLevel.Warning,
        "{Events} events of {Warehouse} are HELD BACK since {Since} by a transaction that is open: {By}")]
    private static partial void IsHeldBack(
        ILogger log, string warehouse, int events, DateTimeOffset since, string by);

    [LoggerMessage(7, LogLevel.Warning, "Nothing of {Warehouse} is held back any more")]
    private static partial void HeldBackNoMore(ILogger log, string warehouse);

    [LoggerMessage(9, LogLevel.Warning,
        "Picking's event feed of {Warehouse} is RESUMED: {GivenUp} releases had two histories and were given up")]
    private static partial void Resumes(ILogger log, string warehouse, int givenUp);

    [LoggerMessage(10, LogLevel.Warning,
        "Picking's event feed of {Warehouse} has read what a restore left behind; {Lost} releases are of lost orders")]
    private static partial void Resumed(ILogger log, string warehouse, int lost);

    [LoggerMessage(8, LogLevel.Warning,
        "Release {ClientId}/{OrderId}/{ReleaseNo} of {Warehouse} is parked no more, {Applied} events of it fit now")]
    private static partial void Fits(
        ILogger log, string warehouse, string clientId, Guid orderId, int releaseNo, int applied);
}
