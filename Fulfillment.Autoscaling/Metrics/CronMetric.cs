using Fulfillment.Autoscaling.Rules;

namespace Fulfillment.Autoscaling.Metrics;

/// <summary>KEDA's <c>cron</c>: the wanted replicas inside the window, none outside, against a target of 1.</summary>
/// <param name="rule">The rule.</param>
/// <param name="calendar">Which calendar time a run's time stands for; null where they are the same.</param>
public sealed class CronMetric(CronRule rule, RunCalendar? calendar = null) : IScaleMetric
{
    // Between two matches the answer stands: a simulated season asks some hundred thousand times.
    private DateTimeOffset from = DateTimeOffset.MaxValue;
    private DateTimeOffset until = DateTimeOffset.MinValue;
    private bool inside;

    public string Name => rule.Name;
    public double Target => 1;

    public ValueTask<MetricReading> ReadAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var at = calendar?.At(now) ?? now;
        if (at < from || at >= until)
            (from, until, inside) = (at, Until(at), rule.Window.Contains(at));
        return ValueTask.FromResult<MetricReading>(new MetricReading.Value(inside ? rule.DesiredReplicas : 0, inside));
    }

    // A day at most, since the clock may change behind it; near a change of the clock every minute is asked anew.
    private DateTimeOffset Until(DateTimeOffset at)
    {
        var most = rule.Window.IsClockSteady(at) ? at.AddDays(1) : at.AddMinutes(1);
        var next = rule.Window.NextChange(at);
        return next < most ? next : most;
    }
}

/// <summary>A compressed run begins at one moment of a calendar and goes through it K times as fast.</summary>
public sealed record RunCalendar(DateTimeOffset RunStart, DateTimeOffset CalendarStart, double Compression)
{
    public DateTimeOffset At(DateTimeOffset now) => CalendarStart + ((now - RunStart) * Compression);
}
