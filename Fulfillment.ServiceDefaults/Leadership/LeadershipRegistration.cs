using Fulfillment.ServiceDefaults.Azure;
using Fulfillment.ServiceDefaults.DataStores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Fulfillment.ServiceDefaults.Leadership;

/// <summary>Where a process keeps its locks, and through what its leaders work.</summary>
internal sealed record LeaderStores(NpgsqlDataSource Locks, NpgsqlDataSource Leaders, bool OwnsLeaders)
    : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        await Locks.DisposeAsync();
        if (OwnsLeaders) await Leaders.DisposeAsync();
    }
}

/// <summary>Registration of leadership.</summary>
public static class LeadershipRegistration
{
    /// <summary>Connections a leading process opens for its locks.</summary>
    public const int LockConnections = 1;

    // The server's side of a host that vanished: its lock is free, and its transactions are over, within 15 s.
    private const string NoticeLoss =
        "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=10000";

    // Beats wait for no disk; a take that waits for a writer must not hold up the beats.
    private const string LockSession = "-c synchronous_commit=off -c lock_timeout=1000";

    // These loops start on empty tables and prepare their statements there; a plan for an empty table must not be kept
    // for a full one. Sequential scans are never right here, and their penalty must not wake the JIT compiler.
    private const string LeaderSession = "-c plan_cache_mode=force_custom_plan -c enable_seqscan=off -c jit=off";

    /// <summary>
    /// Adds <see cref="Leaderships"/> over the database <paramref name="name"/>, past a pooler if
    /// <c>ConnectionStrings:{name}-direct</c> says how. Before the services that lead, so that it stops after them.
    /// </summary>
    /// <param name="builder">The service.</param>
    /// <param name="name">Of the connection string.</param>
    /// <param name="leadersMax">
    /// Connections of the leaders' own pool; 0: they are few and work through the service's.
    /// </param>
    public static void AddLeadership(this IHostApplicationBuilder builder, string name, int leadersMax)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = LeadershipOptions.From(builder.Configuration);
        var direct = ConnectionSettings.Direct(builder.Configuration, name, poolMax: 1);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton<LeadershipMetrics>();
        builder.Services.AddSingleton(services => new LeaderStores(
            Build(LocksOf(direct, options), "locks"),
            leadersMax > 0
                ? Build(LeadersOf(direct, leadersMax), "leaders")
                : services.GetRequiredService<NpgsqlDataSource>(),
            OwnsLeaders: leadersMax > 0));
        builder.Services.AddSingleton(services => services.GetRequiredService<LeaderStores>() is var stores
            ? new Leaderships(
                stores.Locks, stores.Leaders, options, services.GetRequiredService<LeadershipMetrics>(),
                services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<Leaderships>>())
            : null!);
        builder.Services.AddHostedService(services => services.GetRequiredService<Leaderships>());

        NpgsqlDataSource Build(string connectionString, string purpose)
        {
            var source = new NpgsqlDataSourceBuilder(connectionString) { Name = $"{name} {purpose}" };
            return source.ConfigureTypeLoading(types => types.EnableTypeLoading(false))
                .UseEntra(EntraIdentity.CredentialOrNull(builder.Configuration)).Build();
        }
    }

    /// <summary>The session that holds the locks: ended with its connection, and noticed when it is cut off.</summary>
    internal static string LocksOf(string connectionString, LeadershipOptions options)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false,
            CommandTimeout = (int)Math.Ceiling(options.LateAfter.TotalSeconds),
            ApplicationName = "fulfillment locks",
        };
        parts.Options = $"{parts.Options} {NoticeLoss} {LockSession}".Trim();
        return parts.ConnectionString;
    }

    /// <summary>The pool of the leaders.</summary>
    internal static string LeadersOf(string connectionString, int poolMax)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString)
        {
            MaxPoolSize = poolMax,
            CommandTimeout = 30,
            ApplicationName = "fulfillment leaders",
        };
        parts.Options = $"{parts.Options} {NoticeLoss} {LeaderSession}".Trim();
        return parts.ConnectionString;
    }
}
