using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Autoscaling.Metrics;
using Fulfillment.Autoscaling.Rules;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Fulfillment.Tests.Autoscaling;

/// <summary>The real controller over a scripted metric and a replica set that only counts, second by second.</summary>
internal sealed class AutoscalerBench
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly FakeTimeProvider clock = new(Start);
    private readonly Fulfillment.Autoscaling.Control.Autoscaler autoscaler;

    internal AutoscalerBench(
        int min, int max, int startAt, IReadOnlyList<IScaleMetric> metrics, AutoscalerOptions? options = null)
    {
        Replicas = new CountedReplicas { SpecCount = startAt };
        var spec = new ScaleSpec("picking", min, max, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(300), []);
        autoscaler = new(spec, Replicas, metrics, options ?? new AutoscalerOptions(), clock, Log);
    }

    internal CountedReplicas Replicas { get; }
    internal DecisionLog Log { get; } = new();

    /// <summary>Runs to a second, every turn at its own instant, and returns the replicas asked for then.</summary>
    internal async Task<int> AtAsync(int second)
    {
        while (true)
        {
            var due = await autoscaler.StepAsync(TestContext.Current.CancellationToken);
            if (due > At(second)) break;
            if (due > clock.GetUtcNow()) clock.SetUtcNow(due);
        }
        clock.SetUtcNow(At(second));
        return Replicas.SpecCount;
    }

    /// <summary>Another least and most, now.</summary>
    internal void Change(int min, int max) => autoscaler.Change(new(min, max));

    internal static DateTimeOffset At(int second) => Start.AddSeconds(second);

    internal static int SecondsOf(DateTimeOffset at) => (int)(at - Start).TotalSeconds;
}

/// <summary>A metric that follows a script: second to usage; null is unreadable.</summary>
internal sealed class ScriptedMetric(
    string name, double target, Func<int, double?> usageAt, bool unreachable = false) : IScaleMetric
{
    public string Name => name;
    public double Target => target;

    public ValueTask<MetricReading> ReadAsync(DateTimeOffset now, CancellationToken cancellation) =>
        ValueTask.FromResult<MetricReading>(usageAt(AutoscalerBench.SecondsOf(now)) is { } usage
            ? new MetricReading.Value(usage, usage > 0)
            : new MetricReading.Missing("scripted", unreachable));
}

internal sealed class CountedReplicas : IReplicaSet
{
    public int SpecCount { get; set; }
    public int ReadyCount => SpecCount;
    public int ExistingCount => Math.Min(SpecCount, Quota);

    /// <summary>So many can exist.</summary>
    internal int Quota { get; set; } = int.MaxValue;

    /// <summary>While set, every change is refused.</summary>
    internal bool Refuses { get; set; }

    public ValueTask ScaleToAsync(int count, CancellationToken cancellation)
    {
        if (Refuses) throw new InvalidOperationException("no more cores");
        SpecCount = count;
        return ValueTask.CompletedTask;
    }
}
