using System.Threading.Channels;
using Fulfillment.Orders.Backorders;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.TrackOrder;
using Fulfillment.ServiceDefaults.Outages;
using Npgsql;

namespace Fulfillment.Orders.PlaceOrder;

/// <summary>
/// The one writer of a process: takes whatever waits and commits it as one group. There is no linger; a group forms
/// while the last commit is in flight.
/// </summary>
internal sealed partial class IntakeWriter(
    NpgsqlDataSource database, DispatchSignal dispatch, IntakeOptions options, TimeProvider clock,
    ILogger<IntakeWriter> log) : BackgroundService
{
    internal const int GroupOrdersMax = 256;
    internal const int GroupLinesMax = 8_192;
    internal const int QueueMax = 4_096;
    internal const int CrossedMax = 20;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RetryDelayMax = TimeSpan.FromSeconds(1);

    private readonly Channel<NewOrder> _orders = Channel.CreateBounded<NewOrder>(
        new BoundedChannelOptions(QueueMax) { SingleReader = true });
    private readonly Channel<Reallocation> _reallocations = Channel.CreateUnbounded<Reallocation>(
        new UnboundedChannelOptions { SingleReader = true });

    /// <summary>False when the queue is full: the caller is to come again later.</summary>
    internal bool TryPlace(NewOrder order)
    {
        if (_orders.Writer.TryWrite(order)) return true;
        IntakeMetrics.Rejected.Add(1, new KeyValuePair<string, object?>("reason", "queue_full"));
        return false;
    }

    /// <summary>
    /// Sends what waits for these SKUs and can now be filled, by ship-by, 256 orders a transaction. Locks order rows
    /// by (client, order), then stock by (client, SKU): call it after the transaction that raised the stock.
    /// Ends when it is done.
    /// </summary>
    internal Task ReallocateAsync(string clientId, IReadOnlyCollection<string> skus)
    {
        var work = new Reallocation(clientId, skus);
        // Unbounded, but each waiting item has a caller who waits for it, or the one feed reader.
        if (!_reallocations.Writer.TryWrite(work)) work.Done.TrySetCanceled();
        return work.Done.Task;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        IntakeMetrics.ObserveQueue(() => _orders.Reader.Count);
        var group = new List<NewOrder>(GroupOrdersMax);
        NewOrder? next = null;
        try
        {
            while (next is not null || await AnyAsync(stoppingToken))
            {
                // What waits has been promised longer than what is new: it gets received stock first.
                if (_reallocations.Reader.TryRead(out var work)) await ReallocateAsync(work, stoppingToken);
                next = TakeGroup(group, next);
                // A group once begun is finished, even while the host stops.
                if (group.Count > 0) await WriteAsync(group, CancellationToken.None);
                group.Clear();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Told to stop; what waits is answered below.
        }
        finally
        {
            _orders.Writer.TryComplete();
            _reallocations.Writer.TryComplete();
            next?.Decide(new PlaceOutcome(PlaceResult.Unavailable));
            while (_orders.Reader.TryRead(out var order)) order.Decide(new PlaceOutcome(PlaceResult.Unavailable));
            while (_reallocations.Reader.TryRead(out var work)) work.Done.TrySetCanceled(CancellationToken.None);
        }
    }

    private async Task<bool> AnyAsync(CancellationToken cancellation)
    {
        if (_orders.Reader.TryPeek(out _) || _reallocations.Reader.TryPeek(out _)) return true;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await Task.WhenAny(
            _orders.Reader.WaitToReadAsync(either.Token).AsTask(),
            _reallocations.Reader.WaitToReadAsync(either.Token).AsTask());
        await either.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
        return true;
    }

    /// <summary>Fills the group; returns the order that was taken and no longer fitted.</summary>
    private NewOrder? TakeGroup(List<NewOrder> group, NewOrder? first)
    {
        var lines = 0;
        while (group.Count < GroupOrdersMax)
        {
            var order = first;
            first = null;
            if (order is null && !_orders.Reader.TryRead(out order)) return null;
            if (order.Outcome.IsCompleted) continue; // its caller has been told to come again
            lines += order.Lines.Length;
            if (group.Count > 0 && lines > GroupLinesMax) return order;
            group.Add(order);
        }

        return null;
    }

    /// <summary>Writes a group: repeats within it share one answer.</summary>
    internal async Task WriteAsync(IReadOnlyList<NewOrder> group, CancellationToken cancellation)
    {
        var first = new Dictionary<(string, string), NewOrder>(group.Count);
        List<(NewOrder Repeat, NewOrder First)>? repeats = null;
        foreach (var order in group)
        {
            if (first.TryAdd((order.ClientId, order.ClientOrderId), order)) continue;
            (repeats ??= []).Add((order, first[(order.ClientId, order.ClientOrderId)]));
        }

        await WriteUniqueAsync(repeats is null ? group : [.. first.Values], cancellation);
        foreach (var (repeat, original) in repeats ?? [])
        {
            var outcome = await original.Outcome;
            if (!repeat.BodyHash.AsSpan().SequenceEqual(original.BodyHash))
            {
                // If the first of them was refused, this body was not compared with anything: it has its own turn.
                if (outcome.Result is not (PlaceResult.Placed or PlaceResult.Repeated))
                    await WriteUniqueAsync([repeat], cancellation);
                else repeat.Decide(new PlaceOutcome(PlaceResult.Reused));
                continue;
            }

            repeat.Decide(outcome.Result == PlaceResult.Placed
                ? outcome with { Result = PlaceResult.Repeated }
                : outcome);
        }
    }

    private async Task WriteUniqueAsync(IReadOnlyList<NewOrder> group, CancellationToken cancellation)
    {
        var begun = clock.GetTimestamp();
        for (var attempt = 1; group.Count > 0; attempt++)
        {
            try
            {
                await WriteOnceAsync(group, cancellation);
                return;
            }
            catch (Exception failed) when (IsWorthRetrying(failed, attempt, begun))
            {
                // Includes a commit whose outcome is unknown: the next attempt finds our ids, or writes them.
                Retrying(log, group.Count, attempt, failed);
                if (StoreFault.IsCrossed(failed)) continue;
                var delay = RetryDelay * attempt;
                await Task.Delay(delay < RetryDelayMax ? delay : RetryDelayMax, clock, cancellation);
                // Whose caller was told to come again is not begun with.
                group = [.. group.Where(order => !order.Outcome.IsCompleted)];
            }
            catch (Exception failed) when (group.Count > 1 && !IsStores(failed))
            {
                // One of them is bad: halves, until it stands alone.
                await WriteUniqueAsync([.. group.Take(group.Count / 2)], cancellation);
                await WriteUniqueAsync([.. group.Skip(group.Count / 2)], cancellation);
                return;
            }
            catch (Exception failed)
            {
                Failed(log, group[0].ClientOrderId, group[0].ClientId, group.Count, failed);
                foreach (var order in group)
                    order.Decide(new PlaceOutcome(IsStores(failed) ? PlaceResult.Unavailable : PlaceResult.Failed));
                return;
            }
        }
    }

    private async Task WriteOnceAsync(IReadOnlyList<NewOrder> group, CancellationToken cancellation)
    {
        var begun = clock.GetTimestamp();
        var begunAt = OrderTrace.IsSeen ? clock.GetUtcNow() : default;
        var outcomes = await GroupTransaction.WriteAsync(database, group, cancellation);
        dispatch.Pulse();
        IntakeMetrics.Committed(group.Count, clock.GetElapsedTime(begun), outcomes);
        if (begunAt != default)
            foreach (var order in group)
                OrderTrace.Step(OrderTrace.Committed, order.OrderId, order.TraceParent, begunAt);
        for (var i = 0; i < group.Count; i++) group[i].Decide(outcomes[i]);
    }

    private async Task ReallocateAsync(Reallocation work, CancellationToken cancellation)
    {
        try
        {
            await BackorderRelease.SendAsync(database, work, clock, cancellation);
            dispatch.Pulse();
            work.Done.TrySetResult();
        }
        catch (Exception failed)
        {
            ReallocationFailed(log, work.ClientId, failed);
            work.Done.TrySetException(failed);
            if (cancellation.IsCancellationRequested) throw;
        }
    }

    private static bool IsStores(Exception failed) =>
        StoreFault.IsCrossed(failed) || StoreFault.StoreOf(failed) is not null;

    // Nobody waits for longer than the intake holds a caller.
    private bool IsWorthRetrying(Exception failed, int attempt, long begun) => StoreFault.IsCrossed(failed)
        ? attempt < CrossedMax
        : IsStores(failed) && clock.GetElapsedTime(begun) < options.HeldMax;

    [LoggerMessage(
        20, LogLevel.Warning, "A group of {Orders} orders is tried again after attempt {Attempt}")]
    private static partial void Retrying(ILogger log, int orders, int attempt, Exception failed);

    [LoggerMessage(21, LogLevel.Error, "Order {ClientOrderId} of {ClientId} failed (group of {Orders})")]
    private static partial void Failed(
        ILogger log, string clientOrderId, string clientId, int orders, Exception failed);

    [LoggerMessage(22, LogLevel.Error, "Backorders of {ClientId} could not be sent")]
    private static partial void ReallocationFailed(ILogger log, string clientId, Exception failed);
}
