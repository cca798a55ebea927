using Fulfillment.ServiceDefaults.Azure;
using Fulfillment.ServiceDefaults.Outages;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Npgsql;
using StackExchange.Redis;

namespace Fulfillment.ServiceDefaults.DataStores;

/// <summary>
/// The data stores of a service by the name of their connection string, with Aspire's telemetry. The health checks are
/// ours (<see cref="StoreWatch"/>): Aspire's ask the store within the probe's own time, and call a service unhealthy
/// whose callers could be answered.
/// </summary>
public static class DataStoreExtensions
{
    /// <summary>
    /// Registers an <see cref="NpgsqlDataSource"/>; the pool is bounded by <paramref name="poolMax"/>.
    /// </summary>
    public static void AddPostgres(this IHostApplicationBuilder builder, string name, int poolMax)
    {
        var connectionString = ConnectionSettings.Postgres(builder.Configuration, name, poolMax);
        builder.AddNpgsqlDataSource(
            name,
            settings => (settings.ConnectionString, settings.DisableHealthChecks) = (connectionString, true),
            source => Configure(source, builder.Configuration));
        builder.AddProbe(StoreFault.Postgres, poolMax, async services =>
        {
            await using var command = services.GetRequiredService<NpgsqlDataSource>().CreateCommand("SELECT 1");
            await command.ExecuteScalarAsync();
        });
    }

    /// <summary>
    /// Registers an <see cref="IConnectionMultiplexer"/> that connects in the background and reconnects.
    /// </summary>
    public static void AddRedis(this IHostApplicationBuilder builder, string name)
    {
        // Read here too, so that a wrong setting ends the start and not the first command.
        _ = ConnectionSettings.Redis(builder.Configuration, name);
        builder.AddRedisClient(
            name,
            // A trace shows an order; what it asked of the queue is in our own spans, and idle polls are nobody's work.
            settings => (settings.DisableTracing, settings.DisableHealthChecks) = (true, true),
            options =>
            {
                ConnectionSettings.ApplyRedisDefaults(options);
                options.UseEntra(EntraIdentity.CredentialOrNull(builder.Configuration), TimeProvider.System);
            });
        // The first to ask for it connects, and waits.
        builder.AddProbe(StoreFault.Redis, threadsMax: 0, services => Task.Run(() =>
            services.GetRequiredService<IConnectionMultiplexer>().GetDatabase().PingAsync()));
    }

    /// <summary>
    /// One connection to the database <paramref name="name"/> itself, past a pooler: for what lives in a session, such
    /// as locks and migrations (<see cref="ConnectionSettings.Direct"/>).
    /// </summary>
    internal static NpgsqlDataSource CreateDirect(IConfiguration configuration, string name) => Configure(
        new NpgsqlDataSourceBuilder(ConnectionSettings.Direct(configuration, name, poolMax: 1)), configuration).Build();

    private static void AddProbe(
        this IHostApplicationBuilder builder, string store, int threadsMax, Func<IServiceProvider, Task> askAsync)
    {
        builder.Services.AddSingleton(new StoreProbe(store, threadsMax, askAsync));
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            store, services => new StoreHealthCheck(services.GetRequiredService<StoreHealth>(), store), null, null));
    }

    // We use the built-in types alone: reading all types of the database would be the first thing a replica does.
    private static NpgsqlDataSourceBuilder Configure(
        NpgsqlDataSourceBuilder source, IConfiguration configuration) => source
        .ConfigureTypeLoading(types => types.EnableTypeLoading(false))
        .UseEntra(EntraIdentity.CredentialOrNull(configuration));
}
