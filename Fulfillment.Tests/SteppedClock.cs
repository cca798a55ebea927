namespace Fulfillment.Tests;

/// <summary>A clock that somebody sets: its time of day jumps, its timestamps go on.</summary>
internal sealed class SteppedClock(TimeProvider inner) : TimeProvider
{
    internal TimeSpan Step { get; set; }

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow() + Step;

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        inner.CreateTimer(callback, state, dueTime, period);
}
