namespace Fulfillment.Surge.Simulate;

/// <summary>A clock that stands where the simulation put it.</summary>
internal sealed class VirtualClock(DateTimeOffset start) : TimeProvider
{
    internal double Seconds { get; set; }

    public override DateTimeOffset GetUtcNow() => start.AddSeconds(Seconds);
}
