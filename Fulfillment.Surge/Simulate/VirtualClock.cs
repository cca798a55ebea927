namespace Fulfillment.Surge.Simulate;

/// <summary>A clock that stands where the simulation put it.</summary>
internal sealed class VirtualClock(DateTimeOffset start) : TimeProvider
{
    /// <summary>
    /// Since the start. Setting it to a span's <c>TotalSeconds</c> is that very instant, to the tick.
    /// </summary>
    internal double Seconds { get; set; }

    public override DateTimeOffset GetUtcNow() => start.AddTicks((long)Math.Round(Seconds * TimeSpan.TicksPerSecond));
}
