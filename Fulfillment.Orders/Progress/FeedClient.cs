using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Fulfillment.Contracts;
using Fulfillment.Orders.Catalog;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// Asks one warehouse's Picking for its events. Any replica of it can answer: they share one log.
/// </summary>
internal sealed class FeedClient(IHttpClientFactory clients, PickingSites sites, ProgressOptions options)
{
    internal const string HttpClientName = "picking-feed";

    /// <summary>Under which name Picking remembers how far we have come.</summary>
    internal const string Reader = "orders";

    /// <summary>
    /// The events after the cursor; none when there was none for <see cref="ProgressOptions.Wait"/>.
    /// </summary>
    /// <exception cref="FeedRefusedException">The cursor, or the warehouse, is none of Picking's.</exception>
    /// <exception cref="HttpRequestException">Picking is away, or refuses (a wrong Service:Key).</exception>
    /// <exception cref="JsonException">What it answers is no page.</exception>
    internal async Task<FeedPage> FetchAsync(string warehouseId, FeedCursor after, CancellationToken cancellation)
    {
        var path = string.Create(
            CultureInfo.InvariantCulture,
            $"events?after={Uri.EscapeDataString(after.ToString())}&max={options.PageMax}&reader={Reader}" +
            $"&wait={(int)options.Wait.TotalSeconds}&warehouse={Uri.EscapeDataString(warehouseId)}");
        using var client = CreateClient(warehouseId);
        using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), cancellation);
        await RefuseConflictAsync(answer, cancellation);
        answer.EnsureSuccessStatusCode();
        await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
        using var page = await JsonDocument.ParseAsync(body, cancellationToken: cancellation);
        return ReadPage.From(page.RootElement);
    }

    /// <summary>Begins to read again where the log and we agree.</summary>
    internal Task<ResumeAnswer> ResumeAsync(
        string warehouseId, ResumeRequest request, CancellationToken cancellation) => PostAsync(
        warehouseId, "events/resume", request, ContractsJson.Default.ResumeRequest, ContractsJson.Default.ResumeAnswer,
        cancellation);

    /// <summary>Tells what we have applied of these releases; one answer each, in their order.</summary>
    internal async Task<IReadOnlyList<ReconciledRelease>> ReconcileAsync(
        string warehouseId, IReadOnlyList<AppliedRelease> releases, CancellationToken cancellation)
    {
        var answer = await PostAsync(
            warehouseId, "events/reconcile", new ReconcileRequest(releases), ContractsJson.Default.ReconcileRequest,
            ContractsJson.Default.ReconcileAnswer, cancellation);
        return answer.Releases.Count == releases.Count
            ? answer.Releases
            : throw new JsonException($"{releases.Count} releases were asked about, {answer.Releases.Count} answered");
    }

    private async Task<TAnswer> PostAsync<TRequest, TAnswer>(
        string warehouseId, string path, TRequest request, JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TAnswer> answerType, CancellationToken cancellation)
    {
        using var client = CreateClient(warehouseId);
        using var answer = await client.PostAsJsonAsync(
            new Uri(path, UriKind.Relative), request, requestType, cancellation);
        await RefuseConflictAsync(answer, cancellation);
        answer.EnsureSuccessStatusCode();
        return await answer.Content.ReadFromJsonAsync(answerType, cancellation)
            ?? throw new JsonException("the answer is null");
    }

    private HttpClient CreateClient(string warehouseId)
    {
        var client = clients.CreateClient(HttpClientName);
        var site = sites.Find(warehouseId)
            ?? throw new InvalidOperationException($"The feed of {warehouseId} is read, and nothing says where it is.");
        client.BaseAddress = site.Url;
        client.DefaultRequestHeaders.Add("X-Api-Key", site.Key);
        return client;
    }

    private static async Task RefuseConflictAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        if (answer.StatusCode != HttpStatusCode.Conflict) return;
        await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
        using var problem = await JsonDocument.ParseAsync(body, cancellationToken: cancellation);
        throw new FeedRefusedException(Text("code") ?? "", Text("detail") ?? Text("title") ?? "it does not say why");

        string? Text(string name) =>
            problem.RootElement.ValueKind == JsonValueKind.Object
            && problem.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : null;
    }
}

/// <summary>Picking answers that it and this reader do not belong together; one of <see cref="FeedCodes"/>.</summary>
internal sealed class FeedRefusedException(string code, string detail) : Exception($"{code}: {detail}")
{
    internal string Code => code;
}
