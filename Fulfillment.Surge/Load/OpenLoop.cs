using Fulfillment.Surge.Wire;
using HdrHistogram;

namespace Fulfillment.Surge.Load;

/// <summary>
/// Sends each order at its time, whether or not the ones before it are answered: a slow service must not slow the
/// shoppers down, or the figures would leave out those who wait (coordinated omission). Latency counts from the intended
/// time. A lost answer and a 503 are asked again under the same id, as a shop would.
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

    /// <summary>Returns when every order is answered or given up.</summary>
    internal async Task RunAsync(Workload workload, long seed, CancellationToken cancellation)
    {
        var random = new SplitMix((ulong)seed ^ 0x2E9EA7);
        var (begun, begunAt) = (clock.GetTimestamp(), clock.GetUtcNow());
        var flights = new List<Task>(workload.Orders.Count);
        foreach (var order in workload.Orders)
        {
            var early = order.At - clock.GetElapsedTime(begun);
            if (early > TimeSpan.Zero) await Task.Delay(early, clock, cancellation);
            flights.Add(PlaceAsync(order, begun, begunAt, repeat: false, cancellation));
            if (random.Below(RepeatOneIn) == 0) flights.Add(PlaceAsync(order, begun, begunAt, repeat: true, cancellation));
        }

        await Task.WhenAll(flights);
    }

    private async Task PlaceAsync(
        PlannedOrder order, long begun, DateTimeOffset begunAt, bool repeat, CancellationToken cancellation)
    {
        if (!repeat) acknowledged.CountSent();
        var body = new PlaceOrder(
            order.ClientOrderId, [.. order.Lines.Select(line => new OrderLine(line.Sku, line.Quantity))],
            "Standard", "FillAll", Somebody);
        for (var attempt = 1; ; attempt++)
        {
            var (answered, retry) = await TryPlaceAsync(order, body, begunAt, repeat, attempt, cancellation);
            // A timer may fire a little early: an answer cannot come before its question.
            var waited = Math.Max(1, (long)(clock.GetElapsedTime(begun) - order.At).TotalMicroseconds);
            if (answered && !repeat) _acceptMicros.RecordValue(waited);
            if (!retry) return;
            await Task.Delay(RetryDelay * attempt, clock, cancellation);
        }
    }

    private async Task<(bool Answered, bool Retry)> TryPlaceAsync(
        PlannedOrder order, PlaceOrder body, DateTimeOffset begunAt, bool repeat, int attempt, CancellationToken cancellation)
    {
        try
        {
            using var answer = await orders.SendAsync(HttpMethod.Post, "/orders", keys[order.ClientId], body, cancellation);
            if (answer.IsSuccessStatusCode)
            {
                var placed = await ServiceApi.ReadAsync<OrderPlaced>(answer, cancellation);
                acknowledged.Accept(order, placed.OrderId, begunAt + order.At, repeat);
                return (true, false);
            }

            var mayCome = (int)answer.StatusCode is 429 or >= 500;
            if (mayCome && attempt < AttemptsMax) return (false, true);
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            acknowledged.Reject($"{(int)answer.StatusCode}", $"{order.ClientId}/{order.ClientOrderId}: {text}");
            return (true, false);
        }
        catch (Exception lost) when (lost is HttpRequestException or TaskCanceledException or IOException)
        {
            cancellation.ThrowIfCancellationRequested();
            if (attempt < AttemptsMax) return (false, true);
            acknowledged.Reject("unanswered", $"{order.ClientId}/{order.ClientOrderId}: {lost.Message}");
            return (false, false);
        }
    }
}
