using FsCheck.Xunit;
using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Metrics;

namespace Fulfillment.Tests.Autoscaling;

/// <summary>Over any sequence of readings, with holes in it, and any bounds.</summary>
public sealed class HorizontalPodAutoscalerProperties
{
    private const double Target = 10;
    private const double UsageFactor = 25;
    private const int MinMax = 6;
    private static readonly AutoscalerOptions Options = new();

    [Property(MaxTest = 500)]
    public bool Never_above_the_maximum_and_never_below_the_minimum(byte min, byte span, short[] usages) =>
        Run(min, span, usages).All(turn => turn.Result >= Math.Max(1, turn.Min) && turn.Result <= turn.Max);

    [Property(MaxTest = 500)]
    public bool At_most_twice_as_many_or_four_in_one_sync(byte min, byte span, short[] usages) =>
        Run(min, span, usages).All(turn => turn.Result <= Math.Max(4, 2 * turn.Before) || turn.Before < turn.Min);

    [Property(MaxTest = 500)]
    public bool Never_below_what_was_asked_for_within_the_window(byte min, byte span, short[] usages)
    {
        var turns = Run(min, span, usages);
        return turns.All(turn =>
        {
            var asked = turns
                .Where(other => other.At <= turn.At && other.At >= turn.At - Options.StabilizationWindow)
                .Max(other => other.Desired ?? 0);
            return turn.Result >= Math.Min(turn.Before, asked) && turn.Result >= Math.Min(asked, Ceiling(turn));
        });
    }

    [Property(MaxTest = 500)]
    public bool Never_fewer_on_a_reading_that_is_missing(byte min, byte span, short[] usages) =>
        Run(min, span, usages).All(turn => !turn.SomeMissing || turn.Result >= Math.Min(turn.Before, turn.Max));

    // What one sync may reach; where a reading was missing the last decision holds instead.
    private static int Ceiling(Turn turn) =>
        turn.SomeMissing ? turn.Before : Math.Min(turn.Max, Math.Max(4, 2 * turn.Before));

    // A second rule that always asks for one replica: with the first one unreadable, it alone must not scale in.
    // The generators' small numbers are spread so that the pace, both bounds and the window all bite.
    private static List<Turn> Run(byte anyMin, byte span, short[] usages)
    {
        var min = anyMin % MinMax;
        int max = Math.Max(1, min + span);
        var scaler = new HorizontalPodAutoscaler(new(min, max), Options);
        var (turns, current, now) = (new List<Turn>(), Math.Max(1, min), DateTimeOffset.UnixEpoch);
        foreach (var usage in usages)
        {
            var missing = usage < 0;
            MetricReading reading = missing ? new MetricReading.Missing("hole")
                : new MetricReading.Value(usage * UsageFactor, true);
            var verdict = scaler.Sync(
                now, current, current,
                [new("entries", Target, reading), new("one", 1, new MetricReading.Value(1, true))]);
            turns.Add(new(now, min, max, current, verdict.Stabilized is null ? null : verdict.Desired, verdict.Result,
                missing));
            current = verdict.Result;
            now += Options.SyncPeriod;
        }
        return turns;
    }

    private sealed record Turn(
        DateTimeOffset At, int Min, int Max, int Before, int? Desired, int Result, bool SomeMissing);
}
