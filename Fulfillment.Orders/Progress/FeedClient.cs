using System.Globalization;
using System.Text.Json;
using Fulfillment.Contracts;
using Fulfillment.ServiceDefaults.DataStores;

namespace Fulfillment.Orders.Progress;

/// <summary>Asks Picking for its events. Any replica of Picking can answer: they share one log.</summary>
internal sealed class FeedClient(IHttpClientFactory clients, ProgressOptions options)
{
    internal const string HttpClientName = "picking-feed";

    /// <summary>
    /// The events after the cursor; empty when there was none for <see cref="ProgressOptions.Wait"/>.
    /// </summary>
    /// <exception cref="HttpRequestException">Picking is away, or refuses (a wrong Service:Key).</exception>
    internal async Task<IReadOnlyList<FeedEvent>> FetchAsync(FeedCursor after, CancellationToken cancellation)
    {
        var path = string.Create(
            CultureInfo.InvariantCulture,
            $"events?after={after}&max={options.PageMax}&wait={(int)options.Wait.TotalSeconds}");
        using var client = clients.CreateClient(HttpClientName);
        var page = await client.GetFromJsonAsync(path, ContractsJson.Default.FeedPage, cancellation)
            ?? throw new JsonException("the feed answered null");
        return page.Events;
    }

    /// <exception cref="WrongSettingException">Where Picking is, or the key for it, is missing or
    /// malformed.</exception>
    internal static void Configure(HttpClient client, IConfiguration configuration)
    {
        var url = configuration["Picking:Url"];
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address)
            || address.Scheme is not ("http" or "https" or "https+http"))
        {
            throw new WrongSettingException("Picking:Url", "must be the absolute http(s) address of Picking");
        }

        var key = configuration["Service:Key"];
        if (string.IsNullOrWhiteSpace(key))
            throw new WrongSettingException("Service:Key", "is missing: give the API key that Picking knows us by");
        client.BaseAddress = new Uri(address.AbsoluteUri.TrimEnd('/') + "/");
        client.DefaultRequestHeaders.Add("X-Api-Key", key);
    }
}
