namespace Fulfillment.Autoscaling.Control;

/// <summary>The least and the most replicas of a rule.</summary>
public readonly record struct ReplicaBounds(int Min, int Max);
