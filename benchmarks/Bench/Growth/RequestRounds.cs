using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Fulfillment.Hosting;
using Fulfillment.Surge.Wire;
using HdrHistogram;

namespace Fulfillment.Bench.Growth;

/// <summary>How a number of requests went.</summary>
internal sealed record RoundFigures(int Requests, double Seconds, double P50Ms, double P99Ms, double CpuSeconds);

/// <summary>
/// A number of requests, and not a time: the same load whatever the history, so that counts can be compared.
/// </summary>
internal sealed class RequestRounds(Uri address, IReadOnlyList<string> keys, TimeProvider clock) : IDisposable
{
    private const int Workers = 16;

    private readonly HttpClient _http = new(new SocketsHttpHandler { MaxConnectionsPerServer = Workers })
    {
        BaseAddress = address,
    };

    /// <summary>POST /orders, the clients in turn; the answers as (client, order).</summary>
    internal async Task<(RoundFigures Figures, IReadOnlyList<(int Client, Guid Order)> Orders)> PlaceAsync(
        int count, string prefix, CancellationToken cancellation)
    {
        var placed = new (int, Guid)[count];
        var figures = await RunAsync(count, async i =>
        {
            var client = i % keys.Count;
            var first = Intake.Shop.SkuFirst + i * 7 % (Intake.Shop.SkusPerClient - 1);
            var order = new PlaceOrder(
                string.Create(CultureInfo.InvariantCulture, $"{prefix}{i:D10}"),
                [new OrderLine($"S{first}", 1), new OrderLine($"S{first + 1}", 2)], "Standard", "FillAll",
                new ShipTo("A. Shopper", "1 High Street", "10115", "Berlin", "DE"));
            using var request = new HttpRequestMessage(HttpMethod.Post, "/orders");
            request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(order, ServiceApi.Json));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            var body = await SendAsync(request, client, 201, cancellation);
            placed[i] = (client, JsonSerializer.Deserialize<OrderPlaced>(body, ServiceApi.Json)!.OrderId);
        }, cancellation);
        return (figures, placed);
    }

    /// <summary>GET of these paths; the answers must be 200 and hold an order.</summary>
    internal Task<RoundFigures> GetAsync(
        IReadOnlyList<(int Client, string Path)> requests, CancellationToken cancellation) =>
        RunAsync(requests.Count, async i =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, requests[i].Path);
            var body = await SendAsync(request, requests[i].Client, 200, cancellation);
            if (!Encoding.UTF8.GetString(body).Contains("\"orderId\"", StringComparison.Ordinal))
                throw new HostingException($"{requests[i].Path} answered no order");
        }, cancellation);

    public void Dispose() => _http.Dispose();

    private async Task<byte[]> SendAsync(
        HttpRequestMessage request, int client, int status, CancellationToken cancellation)
    {
        request.Headers.Add(Keys.Header, keys[client]);
        using var answer = await _http.SendAsync(request, cancellation);
        var body = await answer.Content.ReadAsByteArrayAsync(cancellation);
        if ((int)answer.StatusCode == status) return body;
        throw new ServiceRefusedException(
            $"{request.Method} {request.RequestUri}", answer.StatusCode, Encoding.UTF8.GetString(body));
    }

    private async Task<RoundFigures> RunAsync(int count, Func<int, Task> send, CancellationToken cancellation)
    {
        var micros = new LongConcurrentHistogram(1, 120_000_000, 3);
        var next = -1;
        var (begun, cpu) = (clock.GetTimestamp(), CpuMeter.Read());
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async _ =>
        {
            while (Interlocked.Increment(ref next) is var i && i < count)
            {
                cancellation.ThrowIfCancellationRequested();
                var sent = clock.GetTimestamp();
                await send(i);
                micros.RecordValue(Math.Max(1, (long)clock.GetElapsedTime(sent).TotalMicroseconds));
            }
        }));
        return new RoundFigures(
            count, clock.GetElapsedTime(begun).TotalSeconds, micros.GetValueAtPercentile(50) / 1000.0,
            micros.GetValueAtPercentile(99) / 1000.0, CpuMeter.Read().Since(cpu).Own);
    }
}
