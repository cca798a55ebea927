using Fulfillment.Surge.Wire;
using HdrHistogram;

namespace Fulfillment.Surge.Load;

/// <summary>
/// Sends each order at its time, whether or not the ones before it are answered: a slow service must not slow the
/// shoppers down, or the figures would leave out those who wait (coordinated omission). Latency counts from the
/// intended time. A lost answer and a 503 are asked again under the same id, as a shop would.
/// </summary>
internal sealed class OpenLoop(
    ServiceApi orders, IReadOnlyDictionary<string, string> keys, Acknowledgements acknowledged, TimeProvider clock)
{
    internal const int AttemptsMax = 20;

    /// <summary>One order in so many is sent twice at once.</summary>
    internal const int RepeatOneIn = 100;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(250);
    private static readonly ShipTo Somebody = new("A. Shopper", "1 High Street", "10115", "Berlin", "DE");

    private readonly LongConcurrentHistogram _acceptMicros = new(1, 3_600_000_000, 3);

    /// <summary>Microseconds from the intended send to the answer.</summary>
    internal HistogramBase AcceptMicros => _acceptMicros;

    /// <summary>Orders must be picked so long after their intended send; null leaves it to the service.</summary>
    internal TimeSpan? ShipWithin { get; init; }

    /// <summary>Returns when every order is answered or given up.</summary>
    internal async Task RunAsync(Workload workload, long seed, CancellationToken cancellation)
    {
        var random = new SplitMix((ulong)seed ^ 0x2E9EA7);
        var (begun, begunAt) = (clock.GetTimestamp(), clock.GetUtcNow());
        var flights = new List<Task>(workload.Orders.Count);
        foreach (var call in workload.Calls())
        {
            var early = call[0].At - clock.GetElapsedTime(begun);
            if (early > TimeSpan.Zero) await Task.Delay(early, clock, cancellation);
            foreach (var _ in call) acknowledged.CountSent();
            flights.Add(PlaceAsync(call, begun, begunAt, repeat: false, cancellation));
            if (random.Below(RepeatOneIn) == 0)
                flights.Add(PlaceAsync(call, begun, begunAt, repeat: true, cancellation));
        }

        await Task.WhenAll(flights);
    }

    private async Task PlaceAsync(
        IReadOnlyList<PlannedOrder> call, long begun, DateTimeOffset begunAt, bool repeat,
        CancellationToken cancellation)
    {
        var open = call;
        for (var attempt = 1; ; attempt++)
        {
            var again = open[0].Bulk is null
                ? await TryPlaceAsync(open[0], begunAt, repeat, attempt, cancellation)
                : await TryPlaceManyAsync(open, begunAt, repeat, attempt, cancellation);
            // A timer may fire a little early: an answer cannot come before its question.
            var waited = Math.Max(1, (long)(clock.GetElapsedTime(begun) - call[0].At).TotalMicroseconds);
            if (!repeat && open.Count > again.Count)
                _acceptMicros.RecordValueWithCount(waited, open.Count - again.Count);
            if (again.Count == 0) return;
            open = again;
            await Task.Delay(RetryDelay * attempt, clock, cancellation);
        }
    }

    private PlaceOrder BodyOf(PlannedOrder order, DateTimeOffset begunAt) => new(
        order.ClientOrderId, [.. order.Lines.Select(line => new OrderLine(line.Sku, line.Quantity))],
        "Standard", "FillAll", Somebody, ShipWithin is { } within ? begunAt + order.At + within : null);

    /// <summary>What is to be asked again: the order, or nothing.</summary>
    private async Task<IReadOnlyList<PlannedOrder>> TryPlaceAsync(
        PlannedOrder order, DateTimeOffset begunAt, bool repeat, int attempt, CancellationToken cancellation)
    {
        try
        {
            using var answer = await orders.SendAsync(
                HttpMethod.Post, "/orders", keys[order.ClientId], BodyOf(order, begunAt), cancellation);
            if (answer.IsSuccessStatusCode)
            {
                var placed = await ServiceApi.ReadAsync<OrderPlaced>(answer, cancellation);
                acknowledged.Accept(order, placed.OrderId, begunAt + order.At, repeat);
                return [];
            }

            if (MayCome((int)answer.StatusCode) && attempt < AttemptsMax) return [order];
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            acknowledged.Reject($"{(int)answer.StatusCode}", $"{order.ClientId}/{order.ClientOrderId}: {text}");
            return [];
        }
        catch (Exception lost) when (IsLost(lost))
        {
            cancellation.ThrowIfCancellationRequested();
            return AfterLoss([order], attempt, lost);
        }
    }

    /// <summary>A bulk has an answer for each of its orders; those that may still come are asked again.</summary>
    private async Task<IReadOnlyList<PlannedOrder>> TryPlaceManyAsync(
        IReadOnlyList<PlannedOrder> bulk, DateTimeOffset begunAt, bool repeat, int attempt,
        CancellationToken cancellation)
    {
        try
        {
            var body = new PlaceOrders([.. bulk.Select(order => BodyOf(order, begunAt))]);
            using var answer = await orders.SendAsync(
                HttpMethod.Post, "/orders/bulk", keys[bulk[0].ClientId], body, cancellation);
            if (!answer.IsSuccessStatusCode)
            {
                if (MayCome((int)answer.StatusCode) && attempt < AttemptsMax) return bulk;
                var text = await answer.Content.ReadAsStringAsync(cancellation);
                foreach (var _ in bulk) acknowledged.Reject($"{(int)answer.StatusCode}", $"a bulk: {text}");
                return [];
            }

            var placed = await ServiceApi.ReadAsync<OrdersPlaced>(answer, cancellation);
            var again = new List<PlannedOrder>();
            foreach (var (order, result) in bulk.Zip(placed.Results))
            {
                if (result.Order is { } made) acknowledged.Accept(order, made.OrderId, begunAt + order.At, repeat);
                else if (MayCome(result.Status) && attempt < AttemptsMax) again.Add(order);
                else acknowledged.Reject(
                    $"{result.Status}", $"{order.ClientId}/{order.ClientOrderId}: {result.Problem}");
            }

            return again;
        }
        catch (Exception lost) when (IsLost(lost))
        {
            cancellation.ThrowIfCancellationRequested();
            return AfterLoss(bulk, attempt, lost);
        }
    }

    private IReadOnlyList<PlannedOrder> AfterLoss(IReadOnlyList<PlannedOrder> call, int attempt, Exception lost)
    {
        if (attempt < AttemptsMax) return call;
        foreach (var order in call)
            acknowledged.Reject("unanswered", $"{order.ClientId}/{order.ClientOrderId}: {lost.Message}");
        return [];
    }

    private static bool MayCome(int status) => status is 429 or >= 500;

    private static bool IsLost(Exception thrown) =>
        thrown is HttpRequestException or TaskCanceledException or IOException;
}
