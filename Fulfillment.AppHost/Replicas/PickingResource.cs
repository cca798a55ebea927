namespace Fulfillment.AppHost.Replicas;

/// <summary>Picking as one thing: parent of its replicas, and what the dashboard shows of the autoscaler.</summary>
internal sealed class PickingResource(string name) : Resource(name)
{
    /// <summary><c>picking-1</c> to <c>picking-N</c>, the first of them always on.</summary>
    internal List<ProjectResource> Replicas { get; } = [];

    /// <summary>How many the rule asks for and how many of them are up; null until the rule was read once.</summary>
    internal (int Asked, int Ready)? Counts { get; set; }
}
