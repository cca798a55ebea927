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

    /// <summary>
    /// A button that turns optimized picking on and off at run time. It begins as the parameter says, and so does
    /// Picking, as soon as it answers.
    /// </summary>
    internal static IResourceBuilder<T> WithOptimizedPickingCommand<T>(
        this IResourceBuilder<T> resource, OptimizedPickingSwitch toggle) where T : IResource
    {
        resource.ApplicationBuilder.Eventing.Subscribe<ResourceReadyEvent>(
            toggle.Picking.Resource, (_, cancellation) => toggle.ApplyAsync(cancellation));
        return resource.WithCommand(ToggleOptimizedPicking, "Toggle optimized picking",
            context => toggle.FlipAsync(context.CancellationToken),
            new() { Description = "Takes effect with the next plan; nothing restarts.", IconName = "Route" });
    }
}
