using Fulfillment.ServiceDefaults.Azure;
using Microsoft.Extensions.Hosting;
using Npgsql;
using StackExchange.Redis;

namespace Fulfillment.ServiceDefaults.DataStores;

/// <summary>
/// The data stores of a service by the name of their connection string, with Aspire's checks and telemetry.
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
            settings => settings.ConnectionString = connectionString,
            source => Configure(source, builder));
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
            settings => settings.DisableTracing = true,
            options =>
            {
                ConnectionSettings.ApplyRedisDefaults(options);
                options.UseEntra(EntraIdentity.CredentialOrNull(builder.Configuration), TimeProvider.System);
            });
    }

    // We use the built-in types alone: reading all types of the database would be the first thing a replica does.
    private static void Configure(NpgsqlDataSourceBuilder source, IHostApplicationBuilder builder) => source
        .ConfigureTypeLoading(types => types.EnableTypeLoading(false))
        .UseEntra(EntraIdentity.CredentialOrNull(builder.Configuration));
}
