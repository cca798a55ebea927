using System.Diagnostics;
using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.Orders.Dispatch;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.DataStores;
using Npgsql;
using Polly;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// Pulls Picking's events and applies them, in order and exactly once; one replica at a time. What it cannot reach it
/// asks for again; what does not fit stops it, loudly, with the cursor before the event.
/// </summary>
internal sealed partial class FeedReader(
    NpgsqlDataSource database, FeedClient feed, ProgressOptions options, FeedState state, DispatchSignal dispatch,
    TimeProvider clock, StopAt stopAt, ILogger<FeedReader> log, StockFreed? stockFreed = null) : BackgroundService
{
    private const string LockName = "progress:picking";

    private static readonly ActivitySource Source = new("Fulfillment.Orders.Progress");

    private readonly FreedStock _freed = new(stockFreed, log);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        OneReplica.RunAsync(LockName, database, options.RetryDelay, clock, log, ReadAsync, stoppingToken),
        _freed.TellAsync(stoppingToken));

    private async Task ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                var cursor = await ApplyEvents.ReadCursorAsync(connection, cancellation);
                while (true) cursor = await ReadPageAsync(connection, cursor, cancellation);
            }
            catch (FeedStoppedException stopped)
            {
                state.Stopped(stopped.Message);
                FeedStopped(log, stopped.Message, stopped);
                await Task.Delay(options.StoppedDelay, clock, cancellation);
            }
            catch (PostgresException crossed) when (crossed.SqlState
                is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
            {
                Crossed(log, crossed.MessageText); // nothing of it was written
            }
            catch (Exception away) when (IsAway(away) && !cancellation.IsCancellationRequested)
            {
                PickingIsAway(log, away.Message);
                await Task.Delay(options.RetryDelay, clock, cancellation);
            }
        }
    }

    /// <summary>Asks once and applies what is answered; returns the cursor after it.</summary>
    private async Task<FeedCursor> ReadPageAsync(
        NpgsqlConnection connection, FeedCursor cursor, CancellationToken cancellation)
    {
        var askedAt = clock.GetUtcNow();
        var events = await feed.FetchAsync(cursor, cancellation);
        var caughtUp = events.Count < options.PageMax;
        if (events.Count == 0)
        {
            await ApplyEvents.StoreCaughtUpAsync(connection, cursor, clock.GetUtcNow(), askedAt, cancellation);
            state.CaughtUp();
            state.GoesOn();
            // Picking held the request for as long as asked, unless it cannot: then the pause is ours to make.
            if (options.Wait < options.RetryDelay || clock.GetUtcNow() - askedAt < options.Wait / 2)
                await Task.Delay(options.RetryDelay, clock, cancellation);
            return cursor;
        }

        CheckOrder(cursor, events);
        for (var first = 0; first < events.Count; first += options.ApplyMax)
        {
            var run = events.Skip(first).Take(options.ApplyMax).ToList();
            var last = first + run.Count == events.Count;
            await ApplyRunAsync(connection, run, caughtUp && last ? askedAt : null, cancellation);
            state.Applied(run.Count, clock.GetUtcNow() - run[^1].At);
        }

        state.GoesOn();
        return new FeedCursor(events[^1].Xid, events[^1].Id);
    }

    private async Task ApplyRunAsync(
        NpgsqlConnection connection, List<FeedEvent> run, DateTimeOffset? caughtUpAt, CancellationToken cancellation)
    {
        Effects effects;
        try
        {
            effects = await ApplyEvents.ApplyAsync(
                connection, run, clock.GetUtcNow(), caughtUpAt, stopAt, cancellation);
        }
        catch (PostgresException broken) when (broken.SqlState.StartsWith("23", StringComparison.Ordinal))
        {
            throw new FeedStoppedException($"{broken.MessageText} ({broken.ConstraintName})", broken);
        }

        Trace(run);
        if (effects.Moves.Count > 0) dispatch.Pulse();
        _freed.Add(effects);
    }

    private static void CheckOrder(FeedCursor cursor, IReadOnlyList<FeedEvent> events)
    {
        foreach (var happened in events)
        {
            var next = new FeedCursor(happened.Xid, happened.Id);
            if (next <= cursor) throw new FeedStoppedException($"the feed went back from {cursor} to {next}");
            cursor = next;
        }
    }

    // The confirmation closes the trace that began with the POST of the order.
    private static void Trace(List<FeedEvent> run)
    {
        if (!Source.HasListeners()) return;
        foreach (var happened in run)
        {
            if (happened.Kind != EventKinds.Planned || happened.TraceParent is null) continue;
            using var confirmed = Source.StartActivity("order confirmed", ActivityKind.Consumer, happened.TraceParent);
            confirmed?.SetTag("fulfillment.order_id", happened.OrderId);
        }
    }

    private static bool IsAway(Exception exception) => exception
        is HttpRequestException or IOException or JsonException or OperationCanceledException
        or ExecutionRejectedException;

    [LoggerMessage(1, LogLevel.Critical,
        "Picking's event feed is STOPPED, nothing after this event is applied: {Reason}")]
    private static partial void FeedStopped(ILogger log, string reason, Exception stopped);

    [LoggerMessage(2, LogLevel.Warning, "Picking's event feed cannot be read, it will be asked again: {Problem}")]
    private static partial void PickingIsAway(ILogger log, string problem);

    [LoggerMessage(3, LogLevel.Information, "Events are applied again, they crossed another transaction: {Problem}")]
    private static partial void Crossed(ILogger log, string problem);
}
