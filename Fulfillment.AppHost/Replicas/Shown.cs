using System.Collections.Immutable;

namespace Fulfillment.AppHost.Replicas;

/// <summary>Properties that the dashboard shows of a resource of ours: highlighted, in the given order.</summary>
internal static class Shown
{
    /// <summary>The properties with these in the place of those of the same names.</summary>
    internal static ImmutableArray<ResourcePropertySnapshot> In(
        ImmutableArray<ResourcePropertySnapshot> properties, params (string Name, object Value)[] changes) =>
    [
        .. properties.Where(property => !changes.Any(change => change.Name == property.Name)),
        .. changes.Select(change => new ResourcePropertySnapshot(change.Name, change.Value) { IsHighlighted = true }),
    ];

    /// <summary>Null when there is none of that name.</summary>
    internal static string? Read(CustomResourceSnapshot snapshot, string name) =>
        snapshot.Properties.FirstOrDefault(property => property.Name == name)?.Value as string;
}
