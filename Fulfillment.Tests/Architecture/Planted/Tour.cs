namespace Fulfillment.Tests.Architecture.Planted;

/// <summary>The name of something in Planning, for something else.</summary>
internal sealed class Tour;
