using System.Net.Http.Json;

namespace Fulfillment.AppHost.Operating;

/// <summary>Optimized picking as this AppHost last set it. Picking keeps the truth, for all its replicas.</summary>
internal sealed class OptimizedPickingSwitch(
    EndpointReference picking, ReferenceExpression operatorKey, IResourceBuilder<ParameterResource> first)
{
    private const string KeyHeader = "X-Api-Key";

    private bool? on;

    internal EndpointReference Picking => picking;

    /// <summary>Tells Picking how it is set here; one that does not know the toggle plans as it is built to.</summary>
    internal async Task ApplyAsync(CancellationToken cancellation) =>
        await PutAsync(await IsOnAsync(cancellation), cancellation);

    internal async Task<ExecuteCommandResult> FlipAsync(CancellationToken cancellation) =>
        await PutAsync(!await IsOnAsync(cancellation), cancellation);

    private async Task<bool> IsOnAsync(CancellationToken cancellation) =>
        on ?? await first.Resource.GetValueAsync(cancellation) is "true";

    private async Task<ExecuteCommandResult> PutAsync(bool enabled, CancellationToken cancellation)
    {
        using var client = new HttpClient { BaseAddress = new Uri(picking.Url) };
        client.DefaultRequestHeaders.Add(KeyHeader, await operatorKey.GetValueAsync(cancellation));
        try
        {
            using var answer = await client.PutAsJsonAsync("/toggles/optimized-picking", new { enabled }, cancellation);
            if (!answer.IsSuccessStatusCode)
                return CommandResults.Failure($"Picking answered {(int)answer.StatusCode} {answer.ReasonPhrase}.");
            on = enabled;
            return CommandResults.Success($"Optimized picking is {(enabled ? "on" : "off")}.");
        }
        catch (HttpRequestException down)
        {
            return CommandResults.Failure($"Picking does not answer: {down.Message}");
        }
    }
}
