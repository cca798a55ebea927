using System.Data.Common;
using Fulfillment.Orders.Catalog;
using Fulfillment.Orders.Dispatch;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.Leadership;

namespace Fulfillment.Orders.Progress;

/// <summary>
/// A reader for the feed of each warehouse whose Picking has an address, new ones included. One replica at a time reads
/// them all; a warehouse whose Picking is dead holds up no other.
/// </summary>
internal sealed partial class FeedHost(
    Leaderships leaderships, FeedClient picking, ProgressOptions options, FeedState feeds, FreedStock freed,
    DispatchSignal dispatch, PickingSites sites, TimeProvider clock, StopAt stopAt, ILogger<FeedHost> log)
    : BackgroundService
{
    // The name of the time when there was one feed: a replica of that version and one of this do not read together.
    internal const string LeadershipName = "progress:picking";

    private const string WarehousesSql = "SELECT warehouse_id FROM warehouses";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        leaderships.RunAsync(LeadershipName, ReadAllAsync, stoppingToken),
        freed.TellAsync(stoppingToken));

    // A reader who was deposed while it slept is refused by the cursor, which another one has moved.
    private async Task ReadAllAsync(Leader leader, CancellationToken cancellation)
    {
        using var active = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var readers = new Dictionary<string, Task>(StringComparer.Ordinal);
        try
        {
            while (true)
            {
                foreach (var warehouse in await WarehousesAsync(leader, cancellation))
                {
                    if (!readers.ContainsKey(warehouse) && sites.Find(warehouse) is not null)
                        readers.Add(warehouse, ReadAsync(warehouse, leader, active.Token));
                }

                await leader.RestAsync(options.RetryDelay, cancellation);
            }
        }
        finally
        {
            await active.CancelAsync();
            await Task.WhenAll(readers.Values);
        }
    }

    /// <summary>Reads one warehouse's feed until cancelled, whatever a turn of it fails with.</summary>
    private async Task ReadAsync(string warehouseId, Leader leader, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                var reader = new FeedReader(
                    warehouseId, leader.Database, picking, options, feeds, freed, dispatch, clock, stopAt, log);
                await reader.RunAsync(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (DbException lost)
            {
                LostDatabase(log, warehouseId, lost.Message);
            }
#pragma warning disable CA1031 // A bug in one turn of one feed must not end the others; the log and the lag tell.
            catch (Exception failure)
            {
                Failed(log, warehouseId, failure);
            }
#pragma warning restore CA1031

            await Task.Delay(options.RetryDelay, clock, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<List<string>> WarehousesAsync(Leader leader, CancellationToken cancellation)
    {
        await using var command = leader.CreateCommand(WarehousesSql);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var warehouses = new List<string>();
        while (await reader.ReadAsync(cancellation)) warehouses.Add(reader.GetString(0));
        return warehouses;
    }

    [LoggerMessage(1, LogLevel.Warning, "The feed of {Warehouse} begins again, the database failed: {Problem}")]
    private static partial void LostDatabase(ILogger log, string warehouse, string problem);

    [LoggerMessage(2, LogLevel.Error, "The feed of {Warehouse} failed and begins again")]
    private static partial void Failed(ILogger log, string warehouse, Exception failure);
}
