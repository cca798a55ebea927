using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;

namespace Fulfillment.AppHost.Operating;

/// <summary>What an operator does from the dashboard.</summary>
internal static class OperatorCommands
{
    internal const string Surge = "surge";
    internal const string ToggleOptimizedPicking = "toggle-optimized-picking";

    /// <summary>A button that starts the load at the scale that the parameter says.</summary>
    internal static IResourceBuilder<T> WithSurgeCommand<T>(
        this IResourceBuilder<T> resource, IResourceBuilder<ProjectResource> surge, string scale) where T : IResource =>
        resource.WithCommand(Surge, $"{scale}x surge",
            context => context.Services.GetRequiredService<ResourceCommandService>()
                .ExecuteCommandAsync(surge.Resource, KnownResourceCommands.StartCommand, context.CancellationToken),
            new()
            {
                Description = "Sends a holiday's orders to this system and picks them on a simulated floor.",
                IconName = "Rocket",
                IsHighlighted = true,
            });

    /// <summary>A button that turns optimized picking on and off at run time; it begins as the parameter says.</summary>
    internal static IResourceBuilder<T> WithOptimizedPickingCommand<T>(
        this IResourceBuilder<T> resource, EndpointReference picking, ReferenceExpression operatorKey,
        IResourceBuilder<ParameterResource> optimizedPicking) where T : IResource
    {
        bool? on = null;

        async Task<ExecuteCommandResult> PutAsync(bool enabled, CancellationToken cancellation)
        {
            using var client = new HttpClient { BaseAddress = new Uri(picking.Url) };
            client.DefaultRequestHeaders.Add("X-Api-Key", await operatorKey.GetValueAsync(cancellation));
            using var answer = await client.PutAsJsonAsync("/toggles/optimized-picking", new { enabled }, cancellation);
            if (!answer.IsSuccessStatusCode)
                return CommandResults.Failure($"Picking answered {(int)answer.StatusCode} {answer.ReasonPhrase}.");
            on = enabled;
            return CommandResults.Success($"Optimized picking is {(enabled ? "on" : "off")}.");
        }

        return resource.WithCommand(ToggleOptimizedPicking, "Toggle optimized picking",
            async context =>
            {
                on ??= await optimizedPicking.Resource.GetValueAsync(context.CancellationToken) is "true";
                return await PutAsync(!on.Value, context.CancellationToken);
            },
            new() { Description = "Takes effect with the next plan; nothing restarts.", IconName = "Route" });
    }
}
