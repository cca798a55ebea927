using Fulfillment.AppHost.Replicas;

namespace Fulfillment.AppHost.Operating;

/// <summary>
/// Optimized picking, on or off, at run time. Picking keeps the truth for all its replicas; what it says is shown as a
/// property of the resource <c>picking</c>, and of the two commands the one that changes it is offered.
/// </summary>
internal sealed class OptimizedPickingSwitch(ServiceApi api, PickingResource picking)
{
    internal const string Property = "Optimized picking";

    private const string Path = "/toggles/optimized-picking";

    /// <summary>Shows how it is set when Picking begins to answer.</summary>
    internal async Task BeginAsync(ResourceNotificationService notifications, CancellationToken cancellation)
    {
        var said = await api.SendAsync(HttpMethod.Get, Path, null, cancellation);
        await ShowAsync(said!["enabled"]!.GetValue<bool>(), notifications);
    }

    internal async Task<ExecuteCommandResult> TrySetAsync(
        bool enabled, ResourceNotificationService notifications, CancellationToken cancellation)
    {
        try
        {
            await SetAsync(enabled, notifications, cancellation);
            return CommandResults.Success($"Optimized picking is {Word(enabled)}, from the next plan on.");
        }
        catch (HttpRequestException refused)
        {
            return CommandResults.Failure(refused.Message);
        }
    }

    internal static string Word(bool enabled) => enabled ? "on" : "off";

    private async Task SetAsync(
        bool enabled, ResourceNotificationService notifications, CancellationToken cancellation)
    {
        await api.SendAsync(HttpMethod.Put, Path, new { enabled, reason = "from the dashboard" }, cancellation);
        await ShowAsync(enabled, notifications);
    }

    private Task ShowAsync(bool enabled, ResourceNotificationService notifications) =>
        notifications.PublishUpdateAsync(picking, snapshot => snapshot with
        {
            Properties = Shown.In(snapshot.Properties, (Property, Word(enabled))),
        });
}
