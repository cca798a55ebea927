using System.Collections.Concurrent;
using System.Globalization;
using Fulfillment.Hosting;
using Fulfillment.Surge.Embedded;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Wire;

namespace Fulfillment.Surge.Chaos;

/// <summary>
/// What a probe was answered. <paramref name="Status"/> 0: nothing, no connection or no answer in time.
/// </summary>
internal sealed record Answer(
    string Replica, long SentAt, long AnsweredAt, int Status, bool RetryAfter, bool Body, Guid? OrderId)
{
    internal bool Good => Status is >= 200 and < 300;

    /// <summary>As counted in the report: 201, 503, or "none".</summary>
    internal string Word => Status == 0 ? "none" : Status.ToString(CultureInfo.InvariantCulture);
}

/// <summary>
/// A customer who orders from each replica in turn, five times a second, and looks whether his orders come to a tour;
/// and a load balancer that asks each service for its health.
/// </summary>
internal sealed class Probe(
    EmbeddedSystem system, string key, string sku, Acknowledgements acknowledged, TimeProvider clock) : IDisposable
{
    internal const string ClientId = "probe";
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(200);
    private static readonly ShipTo Somebody = new("P. Robe", "1 High Street", "10115", "Berlin", "DE");

    // Longer than the services may hold a request: an answer that comes later counts as none.
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 256 })
    { Timeout = TimeSpan.FromSeconds(12) };

    private readonly ConcurrentQueue<Answer> _answers = new();
    private readonly ConcurrentDictionary<Guid, Answer> _unplanned = new();
    private readonly ConcurrentDictionary<string, (long At, int Status)> _healthy = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<(long At, string Replica, int Status)> _health = new();
    private readonly ConcurrentDictionary<string, byte> _planned = new(StringComparer.Ordinal);
    private int _sent;
    private int _turn;

    /// <summary>Answers to the probes that were sent at or after the moment.</summary>
    internal IReadOnlyList<Answer> Since(long moment) => [.. _answers.Where(answer => answer.SentAt >= moment)];

    internal IReadOnlyList<(long At, string Replica, int Status)> HealthSince(long moment) =>
        [.. _health.Where(reading => reading.At >= moment)];

    /// <summary>Forgets what came before: a new fault.</summary>
    internal void Clear()
    {
        _answers.Clear();
        _health.Clear();
        PlannedAt.Clear();
    }

    /// <summary>When a probe's order was first seen planned, by when it was sent.</summary>
    internal ConcurrentDictionary<long, long> PlannedAt { get; } = new();

    /// <summary>Accepted before the moment and not seen on a tour yet.</summary>
    internal int UnplannedBefore(long moment) => _unplanned.Values.Count(answer => answer.SentAt <= moment);

    /// <summary>The last health reading of each service that is not a success.</summary>
    internal IReadOnlyList<string> Unhealthy =>
        [.. _healthy.Where(reading => reading.Value.Status != 200).Select(reading => reading.Key)];

    /// <summary>Asks until cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        var flights = new List<Task>();
        try
        {
            using var timer = new PeriodicTimer(Between, clock);
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                flights.RemoveAll(flight => flight.IsCompleted);
                var replicas = system.Orders.ToList();
                flights.Add(PlaceAsync(replicas[_sent++ % replicas.Count], cancellation));
                if (_sent % 2 == 0) flights.Add(FollowAsync(replicas, cancellation));
                if (_sent % 3 != 0) continue;
                flights.AddRange(system.Children.Where(child => child.Url is not null)
                    .Select(child => AskHealthAsync(child, cancellation)));
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The storm is over.
        }

        await Task.WhenAll(flights);
    }

    private async Task PlaceAsync(Child replica, CancellationToken cancellation)
    {
        var sentAt = clock.GetTimestamp();
        var order = new PlannedOrder(
            TimeSpan.Zero, ClientId, $"probe-{_sent:D7}", [new PlannedLine(sku, 1)]);
        var body = new PlaceOrder(
            order.ClientOrderId, [new OrderLine(sku, 1)], "Standard", "FillAll", Somebody);
        var answer = await SendAsync(replica, sentAt, body, cancellation);
        if (answer is null) return;
        _answers.Enqueue(answer);
        if (answer is not { Good: true, OrderId: { } orderId }) return;
        acknowledged.Accept(order, orderId, clock.GetUtcNow(), repeat: false);
        _unplanned[orderId] = answer;
    }

    private async Task<Answer?> SendAsync(
        Child replica, long sentAt, PlaceOrder body, CancellationToken cancellation)
    {
        try
        {
            using var request = ServiceApi.Request(HttpMethod.Post, $"{replica.Url}/orders", key, body);
            using var answer = await _http.SendAsync(request, cancellation);
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            var placed = answer.IsSuccessStatusCode ? ServiceApi.Parse<OrderPlaced>(text) : null;
            return new Answer(replica.Name, sentAt, clock.GetTimestamp(), (int)answer.StatusCode,
                answer.Headers.RetryAfter is not null, text.Length > 0, placed?.OrderId);
        }
        catch (Exception lost) when (lost is HttpRequestException or TaskCanceledException or IOException)
        {
            return cancellation.IsCancellationRequested
                ? null
                : new Answer(replica.Name, sentAt, clock.GetTimestamp(), 0, false, false, null);
        }
    }

    // One page of the client's list, from the oldest that waits on: ids grow with time, and the list with them.
    private async Task FollowAsync(List<Child> replicas, CancellationToken cancellation)
    {
        if (_unplanned.IsEmpty) return;
        var oldest = _unplanned.Keys.Select(id => id.ToString()).Min(StringComparer.Ordinal)!;
        var before = _planned.Keys.Where(id => string.CompareOrdinal(id, oldest) < 0).Max(StringComparer.Ordinal)
            ?? $"{Guid.Empty}";
        foreach (var old in _planned.Keys.Where(id => string.CompareOrdinal(id, before) < 0))
            _planned.TryRemove(old, out _);
        var replica = replicas[(int)((uint)Interlocked.Increment(ref _turn) % (uint)replicas.Count)];
        try
        {
            using var request = ServiceApi.Request(
                HttpMethod.Get, $"{replica.Url}/orders?after={before}&limit=200", key);
            using var said = await _http.SendAsync(request, cancellation);
            if (!said.IsSuccessStatusCode) return;
            var page = ServiceApi.Parse<OrderPage>(await said.Content.ReadAsStringAsync(cancellation));
            foreach (var order in page.Orders)
            {
                if (order.Status is not ("Planned" or "Picking" or "Picked" or "Shipped")) continue;
                if (!_unplanned.TryRemove(order.OrderId, out var answer)) continue;
                _planned[$"{order.OrderId}"] = 0;
                PlannedAt.TryAdd(answer.SentAt, clock.GetTimestamp());
            }
        }
        catch (Exception lost) when (lost is HttpRequestException or TaskCanceledException or IOException)
        {
            // Asked again.
        }
    }

    private async Task AskHealthAsync(Child child, CancellationToken cancellation)
    {
        var at = clock.GetTimestamp();
        var status = 0;
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(TimeSpan.FromSeconds(5));
            using var answer = await _http.GetAsync(new Uri($"{child.Url}/health"), patience.Token);
            status = (int)answer.StatusCode;
        }
        catch (Exception lost) when (lost is HttpRequestException or OperationCanceledException or IOException)
        {
            if (cancellation.IsCancellationRequested) return;
        }

        _health.Enqueue((at, child.Name, status));
        _healthy.AddOrUpdate(child.Name, (at, status), (_, last) => last.At > at ? last : (at, status));
    }

    public void Dispose() => _http.Dispose();
}
