using Fulfillment.Autoscaling.Control;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Fulfillment.AppHost.Replicas;

/// <summary>
/// Resources of the app model as replicas: they are started and stopped by the same commands as the dashboard's
/// buttons, the highest number first to go.
/// </summary>
internal sealed class AspireReplicaSet(
    IReadOnlyList<IResource> replicas, int startedByThemselves,
    ResourceCommandService commands, ResourceNotificationService notifications) : IReplicaSet
{
    private const string Unknown = "Unknown"; // the orchestrator's word; Aspire keeps the constant to itself

    public int SpecCount { get; private set; } = startedByThemselves;

    public int ReadyCount => replicas.Count(replica =>
        Snapshot(replica) is { State.Text: var state, HealthStatus: HealthStatus.Healthy }
        && state == KnownResourceStates.Running);

    public ValueTask ScaleToAsync(int count, CancellationToken cancellation)
    {
        SpecCount = count;
        return MendAsync(cancellation);
    }

    /// <summary>
    /// Makes it so that the first <see cref="SpecCount"/> replicas are up and no other: what has crashed, or was
    /// stopped by hand, is started again, as a platform would.
    /// </summary>
    internal async ValueTask MendAsync(CancellationToken cancellation)
    {
        var orders = replicas.Select((replica, index) => (replica, index)).Select(pair =>
            (pair.index < SpecCount, IsDown(Snapshot(pair.replica)?.State?.Text)) switch
            {
                (true, true) => CommandAsync(pair.replica, KnownResourceCommands.StartCommand, cancellation),
                (false, false) => CommandAsync(pair.replica, KnownResourceCommands.StopCommand, cancellation),
                _ => Task.CompletedTask,
            });
        await Task.WhenAll(orders);
    }

    private async Task CommandAsync(IResource replica, string command, CancellationToken cancellation)
    {
        var result = await commands.ExecuteCommandAsync(replica, command, cancellation);
        if (!result.Success)
            throw new InvalidOperationException($"{replica.Name}: {command} refused: {result.Message}");
    }

    /// <summary>
    /// Whether a resource in this state has no process. <c>Unknown</c> stands for a process that is gone, as Aspire's
    /// own stop command takes it: asked to stop it, it would refuse.
    /// </summary>
    internal static bool IsDown(string? state) => state is null or Unknown
        || state == KnownResourceStates.NotStarted
        || KnownResourceStates.TerminalStates.Contains(state);

    private CustomResourceSnapshot? Snapshot(IResource replica) =>
        notifications.TryGetCurrentState(replica.Name, out var now) ? now.Snapshot : null;
}
