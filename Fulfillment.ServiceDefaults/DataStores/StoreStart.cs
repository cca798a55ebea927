using System.Reflection;
using Fulfillment.ServiceDefaults.Outages;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fulfillment.ServiceDefaults.DataStores;

/// <summary>What a replica does before it listens.</summary>
public static partial class StoreStart
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Returns when Postgres has answered, its schema is what this version needs and <paramref name="firstSteps"/> are
    /// done: then this replica is ready. A Postgres that is lost in between is waited for again.
    /// </summary>
    /// <exception cref="MigrationException">A migration failed.</exception>
    public static async Task PrepareAsync(
        this WebApplication app, string name, Assembly scripts, Func<CancellationToken, Task> firstSteps)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(firstSteps);
        var (database, clock) = (
            app.Services.GetRequiredService<NpgsqlDataSource>(), app.Services.GetRequiredService<TimeProvider>());
        var (options, stopping) = (MigrationOptions.Read(app.Configuration), app.Lifetime.ApplicationStopping);
        while (true)
        {
            try
            {
                await StoreReadiness.WaitForPostgresAsync(database, name, clock, app.Logger, stopping);
                if (!options.AtStart)
                {
                    await Migrator.WaitUntilMigratedAsync(database, scripts, clock, app.Logger, stopping);
                }
                else if (!await Migrator.IsMigratedAsync(database, scripts, stopping))
                {
                    await using var direct = DataStoreExtensions.CreateDirect(app.Configuration, name);
                    await Migrator.MigrateAsync(direct, scripts, options, clock, app.Logger, stopping);
                }

                await firstSteps(stopping);
                app.Services.GetRequiredService<StoreHealth>().Of(StoreFault.Postgres).Answered();
                return;
            }
            catch (Exception lost) when (StoreFault.StoreOf(lost) is not null && !stopping.IsCancellationRequested)
            {
                LostAgain(app.Logger, StoreFault.LineOf(lost));
            }

            await Task.Delay(RetryDelay, clock, stopping);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The start begins again, its database failed: {Problem}")]
    private static partial void LostAgain(ILogger log, string problem);
}
