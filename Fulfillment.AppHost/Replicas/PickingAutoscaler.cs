using System.Globalization;
using Fulfillment.AppHost.Preflight;
using Fulfillment.Autoscaling.Control;
using Fulfillment.Autoscaling.Decisions;
using Fulfillment.Autoscaling.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Fulfillment.AppHost.Replicas;

/// <summary>
/// Runs the deployed scale rule on the replicas of this app model, and says what it read and decided as properties and
/// in the log of the resource <c>picking</c>, and as metrics.
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
        var reading = DecisionWords.Reading(decision);
        // A quiet night is one line, not one every sync.
        var saying = $"{DecisionWords.Decided(decision)} Read: {reading}.";
        if (saying != said) Decided(words, saying);
        said = saying;

        var (ready, asked) = (replicas.ReadyCount, replicas.SpecCount);
        picking.Counts = (asked, ready);
        await notifications.PublishUpdateAsync(picking, snapshot => snapshot with
        {
            State = KnownResourceStates.Running,
            StartTimeStamp = snapshot.StartTimeStamp ?? clock.GetUtcNow().UtcDateTime,
            Properties = Shown.In(snapshot.Properties,
                ("Replicas", $"{ready} of {asked} up, {desk.Scaling.MaxReplicas} at most"),
                ("Work read", reading), ("Last decision", DecisionWords.Decided(decision)),
                ("Decided at", decision.At.ToString("HH:mm:ss 'UTC'", CultureInfo.InvariantCulture))),
        });
    }

    [LoggerMessage(1, LogLevel.Information,
        "Scaling between {Min} and {Max} replicas by the deployed rule, times shortened by {Compress}")]
    private static partial void Begins(ILogger log, int min, int max, double compress);

    [LoggerMessage(2, LogLevel.Information, "{Decision}")]
    private static partial void Decided(ILogger log, string decision);

    [LoggerMessage(3, LogLevel.Warning, "{Problem}; asked again at the next turn")]
    private static partial void Refused(ILogger log, string problem);
}
