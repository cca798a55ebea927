using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Metrics;
using Fulfillment.Autoscaling.Rules;

namespace Fulfillment.Surge.Simulate.Recorded;

/// <summary>The two loops at the recorded instants on the recorded readings: what each would have asked for.</summary>
internal sealed class GivenReplay(RecordedFile file, RecordedScenario scenario)
{
    private readonly HorizontalPodAutoscaler scaler = new(
        new(scenario.Spec.MinReplicas, scenario.Spec.MaxReplicas), new AutoscalerOptions { Versions = file.Versions });
    private readonly ActivationLoop activation = new(
        new(scenario.Spec.MinReplicas, scenario.Spec.MaxReplicas), scenario.Spec.CooldownPeriod);
    private readonly List<int> syncs = [];
    private readonly List<int> polls = [];
    private int asked = scenario.InitialReplicas;

    /// <summary>Replicas asked for after each sync, and after each poll.</summary>
    internal static (IReadOnlyList<int> Syncs, IReadOnlyList<int> Polls) Run(
        RecordedFile file, RecordedScenario scenario) =>
        new GivenReplay(file, scenario).Run();

    private (IReadOnlyList<int> Syncs, IReadOnlyList<int> Polls) Run()
    {
        var turns = scenario.Operators.Select(by => (by.T, Turn: (Action)(() => Act(by))))
            .Concat(scenario.Polls.Select(poll => (poll.T, Turn: (Action)(() => Poll(poll)))))
            .Concat(scenario.Syncs.Select(sync => (sync.T, Turn: (Action)(() => Sync(sync)))));
        foreach (var (_, turn) in turns.OrderBy(turn => turn.T)) turn();
        return (syncs, polls);
    }

    private void Act(OperatorAt by)
    {
        asked = by.Replicas ?? asked;
        if (by.Bounds is { } bounds) (scaler.Bounds, activation.Bounds) = (bounds, bounds);
    }

    private void Poll(RecordedTurn poll)
    {
        asked = activation.Poll(At(poll.T), asked, Readings(poll)).Result;
        polls.Add(asked);
    }

    private void Sync(RecordedTurn sync)
    {
        var existing = scenario.Exist.LastOrDefault(row => row.T <= sync.T, (0, scenario.InitialReplicas)).Item2;
        asked = scaler.Sync(At(sync.T), asked, existing, Readings(sync)).Result;
        syncs.Add(asked);
    }

    private DateTimeOffset At(double t) => file.StartedAt.AddSeconds(t);

    private List<RuleReading> Readings(RecordedTurn turn) =>
        [.. scenario.Spec.Rules.Select((rule, index) => new RuleReading(rule.Name, Target(rule),
            turn.Readings?[index] is { } usage
                ? new MetricReading.Value(usage, usage > Activation(rule))
                : new MetricReading.Missing("recorded")))];

    private static double Target(ScaleRule rule) => rule is RedisStreamsRule streams ? streams.Target : 1;

    private static double Activation(ScaleRule rule) =>
        rule is RedisStreamsRule streams ? streams.ActivationLagCount : 0;
}
