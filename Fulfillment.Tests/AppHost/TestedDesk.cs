using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Fulfillment.Tests.AppHost;

/// <summary>The AppHost as a test runs it: every port a free one, the dashboard only where it is asked for.</summary>
internal static class TestedDesk
{
    internal static async Task<DistributedApplication> StartAsync(
        string[] args, CancellationToken cancellation, bool withDashboard = false)
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Fulfillment_AppHost>(
            new() { EnableDashboard = withDashboard }, args, cancellation);
        // A service that exports to nobody takes ten seconds to exit.
        foreach (var project in builder.Resources.OfType<ProjectResource>().Where(_ => !withDashboard))
            builder.CreateResourceBuilder(project).WithEnvironment("OTEL_EXPORTER_OTLP_ENDPOINT", "");
        var app = await builder.BuildAsync(cancellation);
        await app.StartAsync(cancellation);
        return app;
    }

    internal static async Task<string> OperatorKeyAsync(
        this DistributedApplication app, CancellationToken cancellation)
    {
        var model = app.Services.GetRequiredService<DistributedApplicationModel>();
        var secret = model.Resources.OfType<ParameterResource>().Single(one => one.Name == "operator-secret");
        return $"operator.{await secret.GetValueAsync(cancellation)}";
    }
}
