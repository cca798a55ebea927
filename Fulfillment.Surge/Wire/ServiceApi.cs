using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Fulfillment.Surge.Wire;

/// <summary>A service said no, in a way that the caller did not expect.</summary>
public sealed class ServiceRefusedException(string what, HttpStatusCode status, string body)
    : Exception($"{what}: {(int)status} {body}");

/// <summary>Requests to any of the replicas in turn, with a key, over kept connections.</summary>
internal sealed class ServiceApi : IDisposable
{
    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);
    private readonly HttpClient _http;
    private readonly string[] _replicas;
    private int _turn;

    internal ServiceApi(IEnumerable<string> replicas)
    {
        _replicas = [.. replicas.Select(replica => replica.TrimEnd('/'))];
        _http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 256, UseProxy = false })
        {
            Timeout = TimeSpan.FromSeconds(30),
        };
    }

    internal async Task<HttpResponseMessage> SendAsync<T>(
        HttpMethod method, string path, string key, T body, CancellationToken cancellation)
    {
        var replica = _replicas[(uint)Interlocked.Increment(ref _turn) % _replicas.Length];
        using var request = body is null
            ? Request(method, $"{replica}{path}", key)
            : Request(method, $"{replica}{path}", key, body);
        return await _http.SendAsync(request, cancellation);
    }

    /// <summary>A request without a body.</summary>
    internal static HttpRequestMessage Request(HttpMethod method, string url, string key)
    {
        var request = new HttpRequestMessage(method, url);
        request.Headers.Add(Keys.Header, key);
        return request;
    }

    /// <summary>A request with a JSON body.</summary>
    internal static HttpRequestMessage Request<T>(HttpMethod method, string url, string key, T body)
    {
        var request = Request(method, url, key);
        // Bytes with a length, not chunks: what most shops' clients send.
        request.Content = new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, Json));
        request.Content.Headers.ContentType = new("application/json");
        return request;
    }

    /// <exception cref="ServiceRefusedException">The answer is no 2xx.</exception>
    internal async Task<HttpResponseMessage> SendOrThrowAsync<T>(
        HttpMethod method, string path, string key, T body, CancellationToken cancellation)
    {
        var answer = await SendAsync(method, path, key, body, cancellation);
        if (answer.IsSuccessStatusCode) return answer;
        using (answer)
        {
            throw new ServiceRefusedException(
                $"{method} {path}", answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellation));
        }
    }

    /// <exception cref="ServiceRefusedException">The answer is no 2xx.</exception>
    internal async Task<T> GetAsync<T>(string path, string key, CancellationToken cancellation)
    {
        var replica = _replicas[(uint)Interlocked.Increment(ref _turn) % _replicas.Length];
        using var request = Request(HttpMethod.Get, $"{replica}{path}", key);
        using var answer = await _http.SendAsync(request, cancellation);
        if (answer.IsSuccessStatusCode) return await ReadAsync<T>(answer, cancellation);
        throw new ServiceRefusedException(
            $"GET {path}", answer.StatusCode, await answer.Content.ReadAsStringAsync(cancellation));
    }

    internal async Task PutAsync<T>(string path, string key, T body, CancellationToken cancellation) =>
        (await SendOrThrowAsync(HttpMethod.Put, path, key, body, cancellation)).Dispose();

    internal async Task PostAsync<T>(string path, string key, T body, CancellationToken cancellation) =>
        (await SendOrThrowAsync(HttpMethod.Post, path, key, body, cancellation)).Dispose();

    internal static async Task<T> ReadAsync<T>(HttpResponseMessage answer, CancellationToken cancellation) =>
        await answer.Content.ReadFromJsonAsync<T>(Json, cancellation)
        ?? throw new JsonException("An empty answer where a body was promised.");

    internal static T Parse<T>(string text) => JsonSerializer.Deserialize<T>(text, Json)
        ?? throw new JsonException("An empty answer where a body was promised.");

    public void Dispose() => _http.Dispose();
}
