namespace Fulfillment.ServiceDefaults;

/// <summary>
/// A clock that shows the time of its making and what has passed since, whatever is done to the clock of the machine
/// meanwhile. For work that compares times of its own: a step would let it wait for as long as the step is wide, or do
/// at once what is due much later. It is made anew whenever such work begins, and shows the right time then.
/// </summary>
public sealed class SteadyClock : TimeProvider
{
    private readonly TimeProvider _clock;
    private readonly DateTimeOffset _madeAt;
    private readonly long _madeAtTimestamp;

    /// <param name="clock">Whose timestamps are followed.</param>
    public SteadyClock(TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        (_clock, _madeAt, _madeAtTimestamp) = (clock, clock.GetUtcNow(), clock.GetTimestamp());
    }

    public override long TimestampFrequency => _clock.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => _clock.LocalTimeZone;

    public override DateTimeOffset GetUtcNow() => _madeAt + _clock.GetElapsedTime(_madeAtTimestamp);

    public override long GetTimestamp() => _clock.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _clock.CreateTimer(callback, state, dueTime, period);
}
