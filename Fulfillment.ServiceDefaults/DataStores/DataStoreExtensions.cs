using Fulfillment.ServiceDefaults.Azure;
using Microsoft.Extensions.Hosting;
using Npgsql;
using StackExchange.Redis;
#if !USE_ASPIRE
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
#endif

namespace Fulfillment.ServiceDefaults.DataStores;

/// <summary>
/// The data stores of a service by the name of their connection string. This file holds the whole difference between a
/// feed with the Aspire client packages and one without: the registrations, checks and telemetry are the same.
/// </summary>
public static class DataStoreExtensions
{
    /// <summary>
    /// Registers an <see cref="NpgsqlDataSource"/>; the pool is bounded by <paramref name="poolMax"/>.
    /// </summary>
    public static void AddPostgres(this IHostApplicationBuilder builder, string name, int poolMax)
    {
        var connectionString = ConnectionSettings.Postgres(builder.Configuration, name, poolMax);
#if USE_ASPIRE
        builder.AddNpgsqlDataSource(
            name,
            settings => settings.ConnectionString = connectionString,
            source => Configure(source, builder));
#else
        builder.Services.AddNpgsqlDataSource(connectionString, source => Configure(source, builder));
        builder.Services.AddHealthChecks().AddNpgSql(name: "PostgreSQL");
#endif
    }

    /// <summary>
    /// Registers an <see cref="IConnectionMultiplexer"/> that connects in the background and reconnects.
    /// </summary>
    public static void AddRedis(this IHostApplicationBuilder builder, string name)
    {
        var options = ConnectionSettings.Redis(builder.Configuration, name)
            .UseEntra(EntraIdentity.CredentialOrNull(builder.Configuration), TimeProvider.System);
#if USE_ASPIRE
        builder.AddRedisClient(name, configureOptions: aspire =>
        {
            ConnectionSettings.ApplyRedisDefaults(aspire);
            aspire.UseEntra(EntraIdentity.CredentialOrNull(builder.Configuration), TimeProvider.System);
        });
#else
        builder.Services.AddSingleton<IConnectionMultiplexer>(_ => ConnectionMultiplexer.Connect(options));
        builder.Services.AddHealthChecks().AddRedis(
            services => services.GetRequiredService<IConnectionMultiplexer>(), "Redis", HealthStatus.Unhealthy);
#endif
    }

    // We use the built-in types alone: reading all types of the database would be the first thing a replica does.
    private static void Configure(NpgsqlDataSourceBuilder source, IHostApplicationBuilder builder) => source
        .ConfigureTypeLoading(types => types.EnableTypeLoading(false))
        .UseEntra(EntraIdentity.CredentialOrNull(builder.Configuration));
}
