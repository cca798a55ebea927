using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Fulfillment.AppHost.Operating;

/// <summary>Requests to a service of the model over HTTP with a key, as anybody would send them.</summary>
internal sealed class ServiceApi(EndpointReference service, ReferenceExpression operatorKey)
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(30) };

    /// <summary>With the operator's key.</summary>
    internal async Task<JsonNode?> SendAsync(
        HttpMethod method, string path, object? body, CancellationToken cancellation) =>
        await SendAsync(method, path, body, await operatorKey.GetValueAsync(cancellation) ?? "", null, cancellation);

    /// <param name="method">GET, PUT or POST.</param>
    /// <param name="path">From the service's root on.</param>
    /// <param name="body">Becomes JSON; null for none.</param>
    /// <param name="key">Whose request this is.</param>
    /// <param name="trace">The trace that it begins; null for none.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="HttpRequestException">No answer, or one that is no 2xx, with the service's words.</exception>
    internal async Task<JsonNode?> SendAsync(
        HttpMethod method, string path, object? body, string key, ActivityTraceId? trace,
        CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(new Uri(service.Url), path));
        request.Headers.Add("X-Api-Key", key);
        if (trace is { } id) request.Headers.Add("traceparent", $"00-{id}-{ActivitySpanId.CreateRandom()}-01");
        if (body is not null) request.Content = JsonContent.Create(body);
        using var answer = await Http.SendAsync(request, cancellation);
        var words = await answer.Content.ReadAsStringAsync(cancellation);
        if (!answer.IsSuccessStatusCode)
        {
            throw new HttpRequestException(
                $"{service.Resource.Name} answered {(int)answer.StatusCode} to {method} {path}: {words}");
        }

        return words.Length > 0 ? JsonNode.Parse(words) : null;
    }
}
