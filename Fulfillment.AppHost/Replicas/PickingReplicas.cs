using Fulfillment.AppHost.Preflight;
using Fulfillment.Autoscaling.Control;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace Fulfillment.AppHost.Replicas;

internal static class PickingReplicas
{
    /// <summary>
    /// Adds <c>picking-1..N</c>; those above the rule's minimum wait to be started, and the autoscaler starts and
    /// stops them by the deployed rule, as Container Apps would.
    /// </summary>
    /// <param name="builder">The app model.</param>
    /// <param name="desk">Rule and limits.</param>
    /// <param name="redis">Where the rule's stream is.</param>
    /// <param name="replica">Settings that every replica has.</param>
    internal static IResourceBuilder<PickingResource> AddPickingReplicas(
        this IDistributedApplicationBuilder builder, Desk.Ready desk,
        IResourceBuilder<IResourceWithConnectionString> redis,
        Func<IResourceBuilder<ProjectResource>, IResourceBuilder<ProjectResource>> replica)
    {
        var picking = builder.AddResource(new PickingResource("picking"))
            .WithInitialState(new()
            {
                ResourceType = "Replica set",
                Properties = [],
                State = KnownResourceStates.Waiting,
            })
            .WithIconName("BoxMultiple");
        builder.Services.AddHealthChecks().AddCheck("picking-replicas", () => HealthOf(picking.Resource));
        picking.WithHealthCheck("picking-replicas");

        for (var number = 1; number <= desk.Scaling.MaxReplicas; number++)
        {
            var project = replica(builder
                .AddProject<Projects.Fulfillment_Picking>($"picking-{number}", launchProfileName: null)
                .WithHttpEndpoint()
                .WithHttpHealthCheck("/health")
                .WithUrlForEndpoint("http", url => url.DisplayText = "Picking")
                .WithIconName("Box")
                .WithParentRelationship(picking));
            if (number > Math.Max(1, desk.Scaling.MinReplicas)) project.WithExplicitStart();
            picking.Resource.Replicas.Add(project.Resource);
        }

        builder.AddAutoscaler(picking.Resource, desk, redis.Resource);
        return picking;
    }

    /// <summary>The replica that is always on: the one address for those who want an answer, not work.</summary>
    internal static EndpointReference FirstReplica(this IResourceBuilder<PickingResource> picking) =>
        new(picking.Resource.Replicas[0], "http");

    /// <summary>Healthy when all that the rule asks for are up, degraded when some are.</summary>
    private static HealthCheckResult HealthOf(PickingResource picking) => picking.Counts switch
    {
        null => HealthCheckResult.Unhealthy("the rule was not read yet"),
        var (asked, ready) when ready >= asked => HealthCheckResult.Healthy($"{ready} of {asked} replicas are up"),
        var (asked, ready) when ready > 0 => HealthCheckResult.Degraded($"{ready} of {asked} replicas are up"),
        var (asked, _) => HealthCheckResult.Unhealthy($"none of {asked} replicas is up"),
    };

    private static void AddAutoscaler(
        this IDistributedApplicationBuilder builder, PickingResource picking, Desk.Ready desk,
        IResourceWithConnectionString redis)
    {
        builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<PickingAutoscaler>(
            services, picking, desk, redis, TimeProvider.System));

        // The dashboard takes the AppHost's own metrics at the address and with the key that it gives every resource.
        if (builder.Configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] is not { Length: > 0 } listener) return;
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("picking-autoscaler"))
            .WithMetrics(metrics => metrics.AddMeter(AutoscalerTelemetry.MeterName).AddOtlpExporter(exporter =>
            {
                exporter.Endpoint = new Uri(listener);
                if (builder.Configuration["AppHost:OtlpApiKey"] is { } key) exporter.Headers = $"x-otlp-api-key={key}";
            }));
    }
}
