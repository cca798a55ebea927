using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Autoscaling.Metrics;
using Fulfillment.Autoscaling.Rules;

namespace Fulfillment.Surge.Simulate.Recorded;

/// <summary>
/// The twin on a clock of its own, over what the streams held; in a closed loop the stream follows from the arrivals
/// and from the workers that the twin asks for.
/// </summary>
internal sealed class OwnReplay
{
    private readonly RecordedFile file;
    private readonly RecordedScenario scenario;
    private readonly RecordedStreams streams;
    private readonly VirtualClock clock;
    private readonly QuotaReplicas replicas;
    private readonly Autoscaler autoscaler;
    private readonly List<(double T, int Replicas)> asked = [];

    private OwnReplay(RecordedFile file, RecordedScenario scenario)
    {
        (this.file, this.scenario) = (file, scenario);
        var options = new AutoscalerOptions { Versions = file.Versions };
        clock = new(file.StartedAt) { Seconds = scenario.Created };
        streams = new(scenario, options.Versions);
        replicas = new(scenario.InitialReplicas, scenario.PodQuota ?? int.MaxValue);
        IReadOnlyList<IScaleMetric> metrics = [.. scenario.Spec.Rules.Select((rule, index) => rule is CronRule cron
            ? (IScaleMetric)new CronMetric(cron)
            : new RecordedMetric((RedisStreamsRule)rule, index, streams))];
        autoscaler = new(scenario.Spec, replicas, metrics, options, clock, new DecisionLog(capacity: 1));
    }

    /// <summary>Replicas asked for, changes only, and the longest that the streams were.</summary>
    internal static (IReadOnlyList<(double T, int Replicas)> Asked, long PeakBacklog) Run(
        RecordedFile file, RecordedScenario scenario, CancellationToken cancellation) =>
        new OwnReplay(file, scenario).Run(cancellation);

    private (IReadOnlyList<(double T, int Replicas)> Asked, long PeakBacklog) Run(CancellationToken cancellation)
    {
        Note(scenario.Created);
        var due = scenario.Created;
        var operators = new Queue<OperatorAt>(scenario.Operators.OrderBy(by => by.T));
        for (var second = Math.Floor(scenario.Created); second <= file.Seconds; second++)
        {
            cancellation.ThrowIfCancellationRequested();
            streams.Sample(second, replicas.ExistingCount);
            while (true)
            {
                var byHand = operators.TryPeek(out var by) && by.T <= due;
                var at = byHand ? by!.T : due;
                if (at >= second + 1 || at > file.Seconds) break;
                clock.Seconds = at;
                if (byHand) due = Act(operators.Dequeue());
                else due = Step(cancellation);
                Note(at);
            }
        }
        return (asked, streams.Peak);
    }

    private double Act(OperatorAt by)
    {
        if (by.Replicas is { } count) replicas.Set(count);
        if (by.Bounds is { } bounds) autoscaler.Change(bounds);
        return by.T; // whatever is due is asked for next
    }

    private double Step(CancellationToken cancellation)
    {
        var step = autoscaler.StepAsync(cancellation);
        return step.IsCompleted
            ? (step.Result - file.StartedAt).TotalSeconds
            : throw new InvalidOperationException("The controller waited inside a simulation.");
    }

    private void Note(double t)
    {
        if (asked.Count == 0 || asked[^1].Replicas != replicas.SpecCount) asked.Add((t, replicas.SpecCount));
    }

    private sealed class QuotaReplicas(int count, int quota) : IReplicaSet
    {
        public int SpecCount { get; private set; } = count;
        public int ExistingCount => Math.Min(SpecCount, quota);
        public int ReadyCount => ExistingCount;

        internal void Set(int replicas) => SpecCount = replicas;

        public ValueTask ScaleToAsync(int count, CancellationToken cancellation)
        {
            SpecCount = count;
            return ValueTask.CompletedTask;
        }
    }

    private sealed class RecordedMetric(RedisStreamsRule rule, int index, RecordedStreams streams) : IScaleMetric
    {
        public string Name => rule.Name;
        public double Target => rule.Target;

        public ValueTask<MetricReading> ReadAsync(DateTimeOffset now, CancellationToken cancellation) =>
            ValueTask.FromResult(streams.Read(rule, index));
    }
}
