using System.Collections.Concurrent;
using System.Net;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Wire;

namespace Fulfillment.Surge.Chaos;

/// <summary>
/// A day at the brands': orders, some sent twice, some cancelled, held and let go, shipped; and receipts, some booked
/// twice. What was not answered is asked again under the same name, as everybody should.
/// </summary>
internal sealed class Traffic(
    ServiceApi orders, string operatorKey, IReadOnlyDictionary<string, string> keys, Acknowledgements acknowledged,
    long seed, TimeProvider clock)
{
    private const int Brands = 4;
    private const int SkusPerBrand = 40;
    private const int LinesMax = 4;

    // The last SKUs of a brand start with little and are received little by little: there are backorders.
    private const int ScarceSkus = 4;
    private const int ReceiptUnits = 20;

    private static readonly ShipTo Somebody = new("A. Shopper", "1 High Street", "10115", "Berlin", "DE");
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly ConcurrentQueue<(string Client, Guid Order)> _placed = new();
    private readonly ConcurrentDictionary<(string Client, Guid Order), byte> _held = new();
    private readonly ConcurrentDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly SplitMix _random = new((ulong)seed ^ 0x7AFF1C);
    private int _number;

    internal static IReadOnlyList<string> Clients { get; } =
        [.. Enumerable.Range(1, Brands).Select(brand => $"storm-{brand}")];

    /// <summary>How often each thing was done, by what was answered.</summary>
    internal IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>What must lie there before: much of most, little of the scarce.</summary>
    internal static Workload Stock() => new(
        [.. Clients, Probe.ClientId],
        [
            .. Clients.Select(client => new PlannedOrder(TimeSpan.Zero, client, "stock",
                [.. Enumerable.Range(1, SkusPerBrand).Select(number =>
                    new PlannedLine(Sku(number), number > SkusPerBrand - ScarceSkus ? ReceiptUnits : 100_000))])),
            new PlannedOrder(TimeSpan.Zero, Probe.ClientId, "stock", [new PlannedLine(ProbeSku, 100_000)]),
        ]);

    internal const string ProbeSku = "S-001";

    internal static (string Client, string Sku) SomeSku(SplitMix random) =>
        (Clients[random.Below(Brands)], Sku(1 + random.Below(SkusPerBrand - ScarceSkus)));

    /// <summary>Orders at the rate, and all that follows them, until cancelled; then what is held is let go.</summary>
    internal async Task RunAsync(double ratePerSecond, CancellationToken cancellation)
    {
        var flights = new List<Task>();
        try
        {
            while (true)
            {
                await Task.Delay(TimeSpan.FromSeconds(_random.Gap() / ratePerSecond), clock, cancellation);
                flights.RemoveAll(flight => flight.IsCompleted);
                flights.Add(LiveAsync(DrawOrder(), Draw(), cancellation));
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The storm is over; what was begun is ended.
        }

        await Task.WhenAll(flights);
    }

    /// <summary>Lifts every hold that is left, so that nothing waits for a person.</summary>
    internal async Task LiftAllAsync(CancellationToken cancellation)
    {
        foreach (var (client, order) in _held.Keys)
            await AskAsync("lift", HttpMethod.Delete, $"/orders/{order}/holds/storm", keys[client], null, cancellation);
    }

    private SplitMix Draw() => new(_random.Next());

    private PlannedOrder DrawOrder()
    {
        var random = Draw();
        var lines = Enumerable.Range(0, 1 + random.Below(LinesMax))
            .Select(_ => new PlannedLine(Sku(1 + random.Below(SkusPerBrand)), 1 + random.Below(3)))
            .DistinctBy(line => line.Sku).ToList();
        return new PlannedOrder(TimeSpan.Zero, Clients[random.Below(Brands)], $"storm-{++_number:D7}", lines);
    }

    // Nothing of it is given up because the storm ends: each call has its own patience.
    private async Task LiveAsync(PlannedOrder order, SplitMix random, CancellationToken storm)
    {
        if (await PlaceAsync(order, random, storm) is not { } orderId) return;
        var (key, id) = (keys[order.ClientId], (order.ClientId, orderId));
        var fate = random.NextDouble();
        if (fate < 0.08)
        {
            await WaitAsync(3 * random.NextDouble(), storm);
            await TwiceAsync("cancel", HttpMethod.Post, $"/orders/{orderId}/cancel", key, new { }, random, storm);
        }
        else if (fate < 0.16)
        {
            await WaitAsync(random.NextDouble(), storm);
            _held[id] = 0;
            await AskAsync("hold", HttpMethod.Post, $"/orders/{orderId}/holds", key,
                new { name = "storm", reason = "chaos" }, storm);
            await WaitAsync(1 + 5 * random.NextDouble(), storm);
            if (await AskAsync("lift", HttpMethod.Delete, $"/orders/{orderId}/holds/storm", key, null, storm)
                is HttpStatusCode.NoContent or HttpStatusCode.NotFound)
            {
                _held.TryRemove(id, out _);
            }
        }
        else if (fate < 0.18)
        {
            var lines = new[] { new OrderLine(Sku(SkusPerBrand - random.Below(ScarceSkus)), ReceiptUnits) };
            await TwiceAsync("receipt", HttpMethod.Post, $"/clients/{order.ClientId}/stock/receipts", operatorKey,
                new Receipt($"receipt-{orderId}", lines), random, storm);
        }

        _placed.Enqueue(id);
        if (_placed.Count > 200 && random.Below(4) == 0 && _placed.TryDequeue(out var old))
            await TwiceAsync("ship", HttpMethod.Post, $"/clients/{old.Client}/orders/{old.Order}/ship", operatorKey,
                new { }, random, storm);
    }

    private async Task<Guid?> PlaceAsync(PlannedOrder order, SplitMix random, CancellationToken storm)
    {
        var body = new PlaceOrder(
            order.ClientOrderId, [.. order.Lines.Select(line => new OrderLine(line.Sku, line.Quantity))], "Standard",
            random.Below(4) == 0 ? "FillAllAvailable" : "FillAll", Somebody);
        acknowledged.CountSent();
        var first = await PlaceOnceAsync(order, body, repeat: false, storm);
        if (random.Below(20) == 0) await PlaceOnceAsync(order, body, repeat: true, storm);
        return first;
    }

    private async Task<Guid?> PlaceOnceAsync(
        PlannedOrder order, PlaceOrder body, bool repeat, CancellationToken storm)
    {
        Guid? placed = null;
        await AskAsync("order", HttpMethod.Post, "/orders", keys[order.ClientId], body, storm, text =>
        {
            placed = ServiceApi.Parse<OrderPlaced>(text).OrderId;
            acknowledged.Accept(order, placed.Value, clock.GetUtcNow(), repeat);
        });
        return placed;
    }

    private async Task TwiceAsync(
        string what, HttpMethod method, string path, string key, object body, SplitMix random, CancellationToken storm)
    {
        await AskAsync(what, method, path, key, body, storm);
        if (random.Below(3) == 0) await AskAsync($"{what} again", method, path, key, body, storm);
    }

    /// <summary>Asks until it is answered by something else than "not now"; null when patience ended.</summary>
    private async Task<HttpStatusCode?> AskAsync(
        string what, HttpMethod method, string path, string key, object? body, CancellationToken storm,
        Action<string>? read = null)
    {
        var begun = clock.GetTimestamp();
        while (clock.GetElapsedTime(begun) < Patience)
        {
            try
            {
                using var answer = await orders.SendAsync(method, path, key, body, CancellationToken.None);
                if (answer.StatusCode < HttpStatusCode.InternalServerError
                    && answer.StatusCode != HttpStatusCode.TooManyRequests)
                {
                    if (answer.IsSuccessStatusCode)
                        read?.Invoke(await answer.Content.ReadAsStringAsync(CancellationToken.None));
                    Count($"{what}: {(int)answer.StatusCode}");
                    return answer.StatusCode;
                }
            }
            catch (Exception lost) when (lost is HttpRequestException or TaskCanceledException or IOException)
            {
                // Asked again.
            }

            await WaitAsync(0.5, storm);
        }

        Count($"{what}: given up");
        return null;
    }

    private void Count(string what) => _counts.AddOrUpdate(what, 1, (_, count) => count + 1);

    // At the storm's end nobody waits any more before he acts.
    private async Task WaitAsync(double seconds, CancellationToken storm)
    {
        var least = storm.IsCancellationRequested ? 0.2 : seconds;
        await Task.Delay(TimeSpan.FromSeconds(least), clock, CancellationToken.None);
    }

    private static string Sku(int number) => $"S-{number:D3}";
}
