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
    private readonly HorizontalPodAutoscaler scaler = new(spec.MinReplicas, spec.MaxReplicas, options);
    private readonly ActivationLoop activation = new(spec.MinReplicas, spec.CooldownPeriod);
    private DateTimeOffset nextPoll = DateTimeOffset.MinValue;
    private DateTimeOffset nextSync = DateTimeOffset.MinValue;

    /// <summary>Turns the loops until cancelled. The first turn of both is at once.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var due = await StepAsync(cancellation);
            var wait = due - clock.GetUtcNow();
            if (wait > TimeSpan.Zero) await Task.Delay(wait, clock, cancellation);
        }
    }

    /// <summary>Does what is due by the clock and returns when something is due next.</summary>
    public async ValueTask<DateTimeOffset> StepAsync(CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var (poll, sync) = (now >= nextPoll, now >= nextSync);
        if (poll || sync)
        {
            var readings = new RuleReading[metrics.Count];
            for (var index = 0; index < readings.Length; index++)
            {
                var metric = metrics[index];
                readings[index] = new(metric.Name, metric.Target, await metric.ReadAsync(now, cancellation));
            }
            if (poll)
            {
                nextPoll = Next(nextPoll, spec.PollingInterval, now);
                var verdict = activation.Poll(now, replicas.SpecCount, readings);
                await CarryOutAsync(now, ScaleLoop.Activation, readings, verdict, cancellation);
            }
            if (sync)
            {
                nextSync = Next(nextSync, options.SyncPeriod, now);
                var verdict = scaler.Sync(now, replicas.SpecCount, readings);
                await CarryOutAsync(now, ScaleLoop.HorizontalPodAutoscaler, readings, verdict, cancellation);
            }
        }
        return nextPoll < nextSync ? nextPoll : nextSync;
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
        if (due == DateTimeOffset.MinValue) return now + period;
        var missed = Math.Floor((now - due) / period);
        return due + (period * (missed + 1));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{App}: {From} to {To} replicas ({Reason})")]
    private static partial void LogScaled(ILogger logger, string app, int from, int to, DecisionReason reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{App}: {From} to {To} replicas refused; asked again next turn")]
    private static partial void LogRefused(ILogger logger, string app, int from, int to, Exception refused);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{App}: rule {Rule} unreadable ({Why}); holding {Replicas} replicas")]
    private static partial void LogMissing(ILogger logger, string app, string rule, string why, int replicas);
}
