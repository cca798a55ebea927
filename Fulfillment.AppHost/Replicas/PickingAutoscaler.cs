using System.Collections.Immutable;
using Fulfillment.AppHost.Preflight;
using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Autoscaling.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Fulfillment.AppHost.Replicas;

/// <summary>
/// Runs the deployed scale rule on the replicas of this app model, and says what it decides as the state and the log of
/// the resource <c>picking</c>, and as metrics.
/// </summary>
internal sealed partial class PickingAutoscaler(
    PickingResource picking, Desk.Ready desk, IResourceWithConnectionString redis, TimeProvider clock,
    ResourceCommandService commands, ResourceNotificationService notifications, ResourceLoggerService loggers,
    ILogger<Autoscaler> log) : BackgroundService
{
    private string said = "";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await notifications.WaitForResourceHealthyAsync(redis.Name, stoppingToken);
        var options = ConfigurationOptions.Parse(await redis.GetConnectionStringAsync(stoppingToken) ?? "");
        options.AbortOnConnectFail = false;
        await using var connection = await ConnectionMultiplexer.ConnectAsync(options);

        var rule = desk.Scaling.Compress(desk.Compress);
        var constants = new AutoscalerOptions().Compress(desk.Compress);
        var replicas = new AspireReplicaSet(
            picking.Replicas, Math.Max(1, rule.MinReplicas), commands, notifications);
        var decisions = new DecisionLog();
        using var telemetry = new AutoscalerTelemetry(rule.App);
        var autoscaler = new Autoscaler(
            rule, replicas, ScaleMetrics.From(rule, connection, constants, clock), constants, clock, decisions,
            telemetry, log);

        var words = loggers.GetLogger(picking);
        Begins(words, rule.MinReplicas, rule.MaxReplicas, desk.Compress);
        while (true)
        {
            var due = await autoscaler.StepAsync(stoppingToken);
            await TryMendAsync(replicas, words, stoppingToken);
            await ShowAsync(decisions.Snapshot()[^1], replicas, words);
            var wait = due - clock.GetUtcNow();
            if (wait > TimeSpan.Zero) await Task.Delay(wait, clock, stoppingToken);
        }
    }

    // A replica that will not start must not end the loop that scales the others.
    private static async Task TryMendAsync(AspireReplicaSet replicas, ILogger words, CancellationToken cancellation)
    {
        try
        {
            await replicas.MendAsync(cancellation);
        }
        catch (InvalidOperationException refused)
        {
            Refused(words, refused.Message);
        }
    }

    private async Task ShowAsync(ScaleDecision decision, AspireReplicaSet replicas, ILogger words)
    {
        var readings = string.Join(", ", decision.Metrics.Select(metric =>
            $"{metric.Rule} {metric.Usage?.ToString("0.#", null) ?? metric.Missing}/{metric.Target:0.#}"));
        // A quiet night is one line, not one every sync.
        var saying = $"{decision.Current} to {decision.Result} replicas ({decision.Reason}); {readings}";
        if (saying != said) Decided(words, decision.Loop, saying);
        said = saying;

        var (ready, asked) = (replicas.ReadyCount, replicas.SpecCount);
        await notifications.PublishUpdateAsync(picking, snapshot => snapshot with
        {
            State = new ResourceStateSnapshot(
                $"{ready} of {asked} up",
                ready == asked ? KnownResourceStateStyles.Success : KnownResourceStateStyles.Info),
            Properties = Changed(snapshot.Properties,
                ("Replicas asked for", asked), ("Replicas ready", ready), ("Rule", readings),
                ("Last decision", $"{decision.Current} to {decision.Result} ({decision.Reason})"),
                ("Decided at", decision.At.ToString("u", null))),
        });
    }

    private static ImmutableArray<ResourcePropertySnapshot> Changed(
        ImmutableArray<ResourcePropertySnapshot> properties, params (string Name, object Value)[] changes) =>
    [
        .. properties.Where(property => !changes.Any(change => change.Name == property.Name)),
        .. changes.Select(change => new ResourcePropertySnapshot(change.Name, change.Value)),
    ];

    [LoggerMessage(1, LogLevel.Information,
        "Scaling between {Min} and {Max} replicas by the deployed rule, times shortened by {Compress}")]
    private static partial void Begins(ILogger log, int min, int max, double compress);

    [LoggerMessage(2, LogLevel.Information, "{Loop}: {Decision}")]
    private static partial void Decided(ILogger log, ScaleLoop loop, string decision);

    [LoggerMessage(3, LogLevel.Warning, "{Problem}; asked again at the next turn")]
    private static partial void Refused(ILogger log, string problem);
}
