using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Autoscaling.Metrics;
using Fulfillment.Autoscaling.Rules;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fulfillment.Autoscaling.Control;

/// <summary>
/// Container Apps' scaling of one app, on the desk: KEDA's activation loop and the horizontal pod autoscaler over one
/// replica set. The same controller drives processes, AppHost resources and a simulation's virtual replicas.
/// A metric that cannot be read or a replica set that refuses leaves things as they are until the next turn.
/// </summary>
public sealed partial class Autoscaler(
    ScaleSpec spec, IReplicaSet replicas, IReadOnlyList<IScaleMetric> metrics, AutoscalerOptions options,
    TimeProvider clock, DecisionLog log, AutoscalerTelemetry? telemetry = null, ILogger<Autoscaler>? logger = null)
{
    private readonly ILogger logger = logger ?? NullLogger<Autoscaler>.Instance;
    private readonly HorizontalPodAutoscaler scaler = new(new(spec.MinReplicas, spec.MaxReplicas), options);
    private readonly ActivationLoop activation = new(new(spec.MinReplicas, spec.MaxReplicas), spec.CooldownPeriod);
    private readonly ScalerCache scalers = new(metrics);
    private TimeSpan pause = options.MakingPause;
    private DateTimeOffset nextMaking = DateTimeOffset.MinValue;
    private DateTimeOffset nextPoll = DateTimeOffset.MaxValue;
    private DateTimeOffset nextSync = DateTimeOffset.MaxValue;

    /// <summary>
    /// False until every rule's store has answered once: until then nothing scales, the minimum not either.
    /// </summary>
    public bool IsMade { get; private set; }

    /// <summary>Turns the loops until cancelled. The first poll is at once, the first sync a period later.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var due = await StepAsync(cancellation);
            var wait = due - clock.GetUtcNow();
            if (wait > TimeSpan.Zero) await Task.Delay(wait, clock, cancellation);
        }
    }

    /// <summary>
    /// Another least and most. KEDA's loop turns at once and counts anew from here; the autoscaler waits for its next
    /// sync.
    /// </summary>
    public void Change(ReplicaBounds bounds)
    {
        (scaler.Bounds, activation.Bounds) = (bounds, bounds);
        if (IsMade) nextPoll = clock.GetUtcNow();
    }

    /// <summary>Does what is due by the clock and returns when something is due next.</summary>
    public async ValueTask<DateTimeOffset> StepAsync(CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        if (!IsMade && now >= nextMaking) await MakeAsync(now, cancellation);
        if (now >= nextPoll)
        {
            nextPoll = Next(nextPoll, spec.PollingInterval, now);
            var readings = await scalers.ReadAsync(now, cancellation);
            var verdict = activation.Poll(now, replicas.SpecCount, readings);
            await CarryOutAsync(now, ScaleLoop.Activation, readings, verdict, cancellation);
        }
        if (now >= nextSync)
        {
            nextSync = Next(nextSync, options.SyncPeriod, now);
            var readings = await scalers.ReadAsync(now, cancellation);
            var verdict = scaler.Sync(now, replicas.SpecCount, replicas.ExistingCount, readings);
            await CarryOutAsync(now, ScaleLoop.HorizontalPodAutoscaler, readings, verdict, cancellation);
        }
        if (!IsMade) return nextMaking;
        return nextPoll < nextSync ? nextPoll : nextSync;
    }

    // The reconciler builds the scalers to learn the metrics' names; where that fails there is no autoscaler at all.
    private async ValueTask MakeAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var readings = await scalers.ReadAsync(now, cancellation);
        if (readings.Any(rule => rule.Reading is MetricReading.Missing { Unreachable: true }))
        {
            nextMaking = now + options.FailedMaking + pause;
            LogNotMade(logger, spec.App, nextMaking);
            pause = pause * 2 < options.MakingPauseMax ? pause * 2 : options.MakingPauseMax;
            log.Add(new(now, ScaleLoop.Making, [.. readings.Select(Logged)], replicas.SpecCount, replicas.ReadyCount,
                null, null, replicas.SpecCount, DecisionReason.NotMade));
            return;
        }
        IsMade = true;
        (nextPoll, nextSync) = (now, now + options.FirstSync);
    }

    private async ValueTask CarryOutAsync(
        DateTimeOffset now, ScaleLoop loop, RuleReading[] readings, Verdict verdict, CancellationToken cancellation)
    {
        var (current, ready) = (replicas.SpecCount, replicas.ReadyCount);
        var (result, reason) = (verdict.Result, verdict.Reason);
        if (result != current)
        {
            try
            {
                await replicas.ScaleToAsync(result, cancellation);
                LogScaled(logger, spec.App, current, result, reason);
            }
            catch (Exception refused) when (refused is not OperationCanceledException)
            {
                // Whatever a replica set is made of, its failure must not end the loop that would mend it.
                LogRefused(logger, spec.App, current, result, refused);
                (result, reason) = (replicas.SpecCount, DecisionReason.ReplicaSetFailed);
            }
        }
        var decision = new ScaleDecision(
            now, loop, [.. readings.Select(Logged)], current, ready,
            verdict.Desired, verdict.Stabilized, result, reason);
        foreach (var metric in decision.Metrics.Where(metric => metric.Missing is not null))
            LogMissing(logger, spec.App, metric.Rule, metric.Missing!, result);
        log.Add(decision);
        telemetry?.Record(decision);
    }

    private static MetricOfDecision Logged(RuleReading rule) => rule.Reading switch
    {
        MetricReading.Value value => new(rule.Rule, rule.Target, value.Usage, null),
        MetricReading.Missing missing => new(rule.Rule, rule.Target, null, missing.Why),
        _ => throw new InvalidOperationException("A reading is a value or missing."),
    };

    // Turns keep their beat; those that were slept through are left out, as a ticker does.
    private static DateTimeOffset Next(DateTimeOffset due, TimeSpan period, DateTimeOffset now)
    {
        var missed = Math.Floor((now - due) / period);
        return due + (period * (missed + 1));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{App}: {From} to {To} replicas ({Reason})")]
    private static partial void LogScaled(ILogger logger, string app, int from, int to, DecisionReason reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{App}: {From} to {To} replicas refused; asked again next turn")]
    private static partial void LogRefused(ILogger logger, string app, int from, int to, Exception refused);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{App}: no autoscaler, for a store of its rules does not answer; tried again at {At}")]
    private static partial void LogNotMade(ILogger logger, string app, DateTimeOffset at);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{App}: rule {Rule} unreadable ({Why}); holding {Replicas} replicas")]
    private static partial void LogMissing(ILogger logger, string app, string rule, string why, int replicas);
}
