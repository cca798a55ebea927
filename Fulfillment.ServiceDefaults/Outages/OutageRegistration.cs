using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Fulfillment.ServiceDefaults.Outages;

/// <summary>Registration of this folder.</summary>
internal static class OutageRegistration
{
    internal static void AddOutages(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<StoreHealth>();
        builder.Services.AddSingleton(KnownWhileAway.Read(builder.Configuration));
        builder.Services.AddHostedService<StoreWatch>();
        // The host's own registration stands before this one; the last wins.
        builder.Services.AddSingleton<ILoggerFactory>(services => new OutageLoggerFactory(
            new LoggerFactory(
                services.GetServices<ILoggerProvider>(),
                services.GetRequiredService<IOptionsMonitor<LoggerFilterOptions>>(),
                services.GetService<IOptions<LoggerFactoryOptions>>(), services.GetService<IExternalScopeProvider>()),
            services.GetRequiredService<StoreHealth>(), services.GetRequiredService<TimeProvider>()));
    }
}
