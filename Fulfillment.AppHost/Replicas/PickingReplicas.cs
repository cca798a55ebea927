using Fulfillment.AppHost.Preflight;
using Fulfillment.Autoscaling.Control;
using Microsoft.Extensions.DependencyInjection;
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
                ResourceType = "Replica set", Properties = [], State = KnownResourceStates.Waiting,
            })
            .WithIconName("ArrowAutofitContent")
            .ExcludeFromManifest();

        // What is published is scaled by the platform: one app there, N processes here.
        var replicasMax = builder.ExecutionContext.IsPublishMode ? 1 : desk.Scaling.MaxReplicas;
        for (var number = 1; number <= replicasMax; number++)
        {
            var project = replica(builder
                .AddProject<Projects.Fulfillment_Picking>($"picking-{number}", launchProfileName: null)
                .WithHttpEndpoint()
                .WithHttpHealthCheck("/health")
                .WithParentRelationship(picking));
            if (number > Math.Max(1, desk.Scaling.MinReplicas)) project.WithExplicitStart();
            picking.Resource.Replicas.Add(project.Resource);
        }

        if (builder.ExecutionContext.IsRunMode) builder.AddAutoscaler(picking.Resource, desk, redis.Resource);
        return picking;
    }

    /// <summary>The replica that is always on: the one address for those who want an answer, not work.</summary>
    internal static EndpointReference FirstReplica(this IResourceBuilder<PickingResource> picking) =>
        new(picking.Resource.Replicas[0], "http");

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
