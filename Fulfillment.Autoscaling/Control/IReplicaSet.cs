namespace Fulfillment.Autoscaling.Control;

/// <summary>
/// Something that has replicas: processes of a surge, resources of the AppHost, virtual ones of a simulation.
/// </summary>
public interface IReplicaSet
{
    /// <summary>Replicas asked for, whether or not they are up. The pace of scaling out goes by these.</summary>
    int SpecCount { get; }

    /// <summary>
    /// Replicas that exist, started or not: fewer than asked for where a quota or a failure holds them back.
    /// </summary>
    int ExistingCount => SpecCount;

    /// <summary>Replicas that have started and take work.</summary>
    int ReadyCount { get; }

    /// <summary>
    /// Asks for <paramref name="count"/> replicas; returns when they are asked for, not when they are up. A failure
    /// is thrown: the controller logs it, keeps its history and asks again at the next sync.
    /// </summary>
    ValueTask ScaleToAsync(int count, CancellationToken cancellation);
}
