using Fulfillment.ServiceDefaults.Azure;
using Fulfillment.ServiceDefaults.Outages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace Fulfillment.ServiceDefaults;

/// <summary>What every service of the system has: telemetry, health, resilience, service discovery, a clock.</summary>
public static class ServiceDefaultsExtensions
{
    /// <summary>Our own activity sources and meters all start with this.</summary>
    public const string TelemetryNames = "Fulfillment.*";

    // A line for each statement and each request costs more than the work it tells of, and a surge would bury what
    // matters. First of the sources, so that any setting overrules it.
    private static MemoryConfigurationSource QuietByDefault => new()
    {
        InitialData = new Dictionary<string, string?>
        {
            ["Logging:LogLevel:Npgsql"] = "Warning",
            ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
            ["Logging:LogLevel:System.Net.Http.HttpClient"] = "Warning",
            // Who asked tells once what came of it; a line for each attempt says nothing more.
            ["Logging:LogLevel:Polly"] = "Critical",
            // StoreWatch and the parts themselves tell; the checks would at each probe.
            ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
            // A line for each try to connect again, of each connection; StoreWatch tells that it is lost.
            ["Logging:LogLevel:StackExchange.Redis"] = "Warning",
        },
    };

    /// <summary>
    /// Adds telemetry, health checks, service discovery, resilient HttpClients and <see cref="TimeProvider"/>.
    /// </summary>
    /// <param name="builder">The service's.</param>
    /// <param name="polls">Paths of POSTs that ask for work, most of them in vain: they begin no trace.</param>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder, params string[] polls)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Configuration.Sources.Insert(0, QuietByDefault);
        SystemData.RequireCertificates(builder.Configuration);
        builder.AddTelemetry(polls);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.AddOutages();
        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), ["live"]);
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            // A breaker for each address: one that is dead must not shut off the others.
            http.AddStandardResilienceHandler().SelectPipelineByAuthority();
            http.AddServiceDiscovery();
        });
        return builder;
    }

    /// <summary>
    /// /health: ready to serve, which is 200 also while something is Degraded; the body names what. /alive: the process
    /// itself is well; a lost store is no reason to restart it.
    /// </summary>
    public static void MapDefaultEndpoints(this IEndpointRouteBuilder app)
    {
        app.MapHealthChecks("/health", new HealthCheckOptions { ResponseWriter = HealthAnswer.WriteAsync });
        app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = check => check.Tags.Contains("live") });
    }

    // A question that nobody traces begins no trace: probes, feeds and boards ask every few seconds.
    private static bool IsWork(HttpRequest request) =>
        !(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        || request.Headers.ContainsKey("traceparent");

    private static void AddTelemetry(this IHostApplicationBuilder builder, string[] polls)
    {
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });

        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddMeter(TelemetryNames)
                .AddMetricLog(builder.Configuration))
            .WithTracing(tracing => tracing
                .SetSampler(new ParentBasedSampler(new WorkSampler()))
                .AddSource(builder.Environment.ApplicationName, TelemetryNames)
                .AddAspNetCoreInstrumentation(options => options.Filter = context =>
                    !polls.Contains(context.Request.Path.Value) && IsWork(context.Request))
                .AddHttpClientInstrumentation());

        // Exported only when somebody listens: an exporter without a listener delays the exit by ten seconds.
        var listener = builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"];
        if (!string.IsNullOrWhiteSpace(listener)) telemetry.UseOtlpExporter();
    }
}
