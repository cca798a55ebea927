using Fulfillment.ServiceDefaults.Leadership;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Fulfillment.Tests;

/// <summary>Leaders for tests that move one by hand, and what elects them for tests that do not.</summary>
internal static class Leaders
{
    private const string RaiseSql = """
        INSERT INTO leaderships (name, fence, holder, pid, taken_at, beat_at)
        VALUES ($1, 1, 'test', pg_backend_pid(), now(), now())
        ON CONFLICT (name) DO UPDATE SET fence = leaderships.fence + 1 RETURNING fence
        """;

    /// <summary>A leader of the name, who deposes the last one.</summary>
    internal static async Task<Leader> RaiseAsync(NpgsqlDataSource database, string name)
    {
        await using var raise = database.CreateCommand(RaiseSql);
        raise.Parameters.Add(new NpgsqlParameter { Value = name });
        return new Leader(name, (long)(await raise.ExecuteScalarAsync())!, database, TimeProvider.System);
    }

    /// <summary>What a process has; its own connection for the locks goes with it.</summary>
    internal static Leaderships Of(
        NpgsqlDataSource database, System.Diagnostics.Metrics.IMeterFactory meters, LeadershipOptions? options = null) =>
        new(NpgsqlDataSource.Create($"{database.ConnectionString};Pooling=false"), database,
            options ?? Quick(), new LeadershipMetrics(meters), TimeProvider.System, NullLogger<Leaderships>.Instance);

    internal static LeadershipOptions Quick() => new()
    {
        BeatEvery = TimeSpan.FromMilliseconds(100),
        LateAfter = TimeSpan.FromSeconds(1),
        RetryDelay = TimeSpan.FromMilliseconds(50),
    };
}
