using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.Leadership;

namespace Fulfillment.Orders.Archive;

/// <summary>
/// Moves orders that are over out of the tables of work, a batch a transaction, in one replica at a time. A crash
/// between any two steps leaves each order where it was or where it belongs.
/// </summary>
internal sealed class Archiver(
    Leaderships leaderships, ArchiveOptions options, ArchiveMetrics metrics, TimeProvider clock, StopAt stopAt)
    : BackgroundService
{
    internal const string LockName = "archive";

    // The first entry of the index orders_over.
    private const string OldestSql = """
        SELECT COALESCE(shipped_at, cancelled_at) FROM orders
        WHERE shipped_at IS NOT NULL OR cancelled_at IS NOT NULL
        ORDER BY COALESCE(shipped_at, cancelled_at) LIMIT 1
        """;

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        leaderships.RunAsync(LockName, RunAsync, stoppingToken);

    private async Task RunAsync(Leader leader, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                await MoveAllAsync(leader, cancellation);
                await leader.RestAsync(options.Interval, cancellation);
            }
        }
        finally
        {
            metrics.Forget();
        }
    }

    /// <summary>Until nothing is due any more.</summary>
    internal async Task MoveAllAsync(Leader leader, CancellationToken cancellation)
    {
        while (true)
        {
            var now = clock.GetUtcNow();
            var moved = await MoveOrders.MoveAsync(
                leader, now - TimeSpan.FromDays(options.AfterDays), options.BatchMax, now, stopAt, cancellation);
            metrics.Archived(moved);
            if (moved < options.BatchMax) break;
            await leader.RestAsync(options.Pause, cancellation);
        }

        await using var oldest = leader.CreateCommand(OldestSql);
        metrics.OldestOver(await oldest.ExecuteScalarAsync(cancellation) is DateTime since
            ? clock.GetUtcNow() - since
            : TimeSpan.Zero);
    }
}

/// <summary>Registration of this folder.</summary>
internal static class ArchiveRegistration
{
    internal static void AddArchive(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton(ArchiveOptions.From(builder.Configuration));
        builder.Services.AddSingleton<ArchiveMetrics>();
        builder.Services.AddHostedService<Archiver>();
    }
}
