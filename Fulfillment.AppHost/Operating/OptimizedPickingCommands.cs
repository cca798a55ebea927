using Fulfillment.AppHost.Replicas;
using Microsoft.Extensions.DependencyInjection;

namespace Fulfillment.AppHost.Operating;

internal static class OptimizedPickingCommands
{
    internal const string On = "optimized-picking-on";
    internal const string Off = "optimized-picking-off";

    /// <summary>Two buttons of which one is shown: the one that would change something.</summary>
    internal static IResourceBuilder<PickingResource> WithOptimizedPickingCommands(
        this IResourceBuilder<PickingResource> picking, OptimizedPickingSwitch toggle)
    {
        picking.ApplicationBuilder.Eventing.Subscribe<ResourceReadyEvent>(
            picking.Resource.Replicas[0],
            (ready, cancellation) => toggle.BeginAsync(
                ready.Services.GetRequiredService<ResourceNotificationService>(), cancellation));
        return picking
            .WithToggle(toggle, On, "Turn optimized picking on", enabled: true)
            .WithToggle(toggle, Off, "Turn optimized picking off", enabled: false);
    }

    private static IResourceBuilder<PickingResource> WithToggle(
        this IResourceBuilder<PickingResource> picking, OptimizedPickingSwitch toggle, string name, string says,
        bool enabled) =>
        picking.WithCommand(name, says,
            context => toggle.TrySetAsync(
                enabled, context.Services.GetRequiredService<ResourceNotificationService>(), context.CancellationToken),
            new()
            {
                Description = says + ": from the next plan on, nothing restarts.",
                IconName = enabled ? "ToggleLeft" : "ToggleRight",
                IsHighlighted = true,
                UpdateState = context => StateOf(context.ResourceSnapshot, enabled),
            });

    // Until Picking has said how it is set, neither is offered.
    private static ResourceCommandState StateOf(CustomResourceSnapshot snapshot, bool enabled) =>
        Shown.Read(snapshot, OptimizedPickingSwitch.Property) is { } now
        && now != OptimizedPickingSwitch.Word(enabled)
            ? ResourceCommandState.Enabled
            : ResourceCommandState.Hidden;
}
