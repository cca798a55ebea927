using Fulfillment.Surge.Load;
using Fulfillment.Surge.Wire;

namespace Fulfillment.Surge.Live;

/// <summary>
/// A new client reads back what it has sent: page after page of its orders, as fast as the answers come, while the
/// surge lasts. One connection: it is one program on the client's side.
/// </summary>
internal static class ReportCrawl
{
    private const int PageMax = 200;

    internal static async Task RunAsync(
        ServiceApi orders, IReadOnlyDictionary<string, string> keys, string? client, RunPhases phases, long begun,
        TimeProvider clock, CancellationToken cancellation)
    {
        if (client is null) return;
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(phases.Normal), clock, cancellation);
            var after = "";
            while (clock.GetElapsedTime(begun).TotalSeconds < phases.SurgeEnd)
            {
                var page = await ReadAsync(orders, keys[client], after, cancellation);
                after = page?.Next is { } next ? $"&after={next}" : "";
                if (page is null or { Orders.Count: 0 })
                    await Task.Delay(TimeSpan.FromMilliseconds(250), clock, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // The measured time is over.
        }
    }

    private static async Task<OrderPage?> ReadAsync(
        ServiceApi orders, string key, string after, CancellationToken cancellation)
    {
        try
        {
            using var answer = await orders.SendAsync<object?>(
                HttpMethod.Get, $"/orders?limit={PageMax}{after}", key, null, cancellation);
            // A 429 is the service's right: a crawler waits.
            return answer.IsSuccessStatusCode ? await ServiceApi.ReadAsync<OrderPage>(answer, cancellation) : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
