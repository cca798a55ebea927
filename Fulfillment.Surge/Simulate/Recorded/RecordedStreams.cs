using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Metrics;
using Fulfillment.Autoscaling.Rules;

namespace Fulfillment.Surge.Simulate.Recorded;

/// <summary>
/// What each rule's key holds, second by second: as recorded, or, in a closed loop, what arrivals and workers leave.
/// </summary>
internal sealed class RecordedStreams(RecordedScenario scenario, EngineVersions versions)
{
    private static readonly StreamAt Empty = new(0, 0, new Dictionary<string, (long?, long)>(), false);

    // The newest worker last: they go first.
    private readonly List<double> readyFrom = [];
    private readonly StreamAt[] now = [.. scenario.Spec.Rules.Select(_ => Empty)];
    private double left;

    /// <summary>The longest that any of them was.</summary>
    internal long Peak { get; private set; }

    /// <summary>
    /// One second. A worker first seen in it takes from the second after it on, plus its start.
    /// </summary>
    internal void Sample(double second, int existing)
    {
        for (var index = 0; index < now.Length && index < scenario.Streams.Count; index++)
            now[index] = scenario.Streams[index].LastOrDefault(at => Math.Floor(at.T) <= second)
                ?? (scenario.Streams[index] is [var first, ..] ? first : Empty);
        if (scenario.Workers is { } workers) Work(workers, second, existing);
        foreach (var stream in now) Peak = Math.Max(Peak, stream.Length ?? 0);
    }

    internal MetricReading Read(RedisStreamsRule rule, int index)
    {
        var held = now[index];
        if (held.Length is not { } length) return new MetricReading.Missing("as recorded", held.Unreachable);
        var group = rule.ConsumerGroup is { } name && held.Groups.TryGetValue(name, out var found)
            ? found
            : ((long?)length, -1);
        if (rule.Measure == StreamMeasure.Pending && group.Item2 < 0) return new MetricReading.Missing("no group");
        var usage = rule.Measure switch
        {
            StreamMeasure.Length => length,
            StreamMeasure.Pending => group.Item2,
            _ => group.Item1 ?? versions.NullLag,
        };
        return new MetricReading.Value(usage, usage > rule.ActivationLagCount);
    }

    private void Work(RecordedWorkers workers, double second, int existing)
    {
        var arrive = workers.Arrivals.LastOrDefault(row => row.From <= second, (0, 0.0)).Item2;
        var ready = readyFrom.Count(from => from <= second);
        left = Math.Round(Math.Max(0, left + arrive - (ready * workers.EntriesPerSecond)));
        now[0] = Empty with { Length = (long)left };
        while (readyFrom.Count < existing) readyFrom.Add(second + 1 + workers.StartSeconds);
        if (readyFrom.Count > existing) readyFrom.RemoveRange(existing, readyFrom.Count - existing);
    }
}
