using System.Data.Common;
using Fulfillment.Orders.Catalog;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.Leadership;
using Npgsql;
using StackExchange.Redis;

namespace Fulfillment.Orders.Dispatch;

/// <summary>
/// A relay for every warehouse there is and whose Picking has an address, new ones included; each is active in one
/// replica at a time.
/// </summary>
internal sealed partial class DispatchHost(
    NpgsqlDataSource database, Leaderships leaderships, PickingSites sites, IConnectionMultiplexer redis,
    DispatchOptions options, DispatchSignal signal, DispatchMetrics metrics, TimeProvider clock, StopAt stopAt,
    ILogger<DispatchHost> log)
    : BackgroundService
{
    private const string WarehousesSql = "SELECT warehouse_id FROM warehouses";

    private readonly Dictionary<string, Task> _relays = new(StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var observing = leaderships.RunAsync(
            BacklogCount.LockName,
            (leader, stopping) => BacklogCount.ObserveAsync(leader, metrics, options, clock, log, stopping),
            stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                foreach (var warehouseId in await ReadWarehousesAsync(stoppingToken))
                    if (sites.Find(warehouseId) is not null && !_relays.ContainsKey(warehouseId))
                        _relays.Add(warehouseId, RelayAsync(warehouseId, stoppingToken));
            }
            catch (DbException lost)
            {
                NotRead(log, lost.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }

            await Task.Delay(options.RetryDelay, clock, stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await Task.WhenAll([observing, .. _relays.Values]);
    }

    private Task RelayAsync(string warehouseId, CancellationToken cancellation) => leaderships.RunAsync(
        $"dispatch:{warehouseId}",
        async (leader, stopping) =>
        {
            try
            {
                var relay = new WarehouseRelay(
                    warehouseId, leader, redis.GetDatabase(), options, metrics, clock, stopAt, log);
                await relay.RunAsync(signal, stopping);
            }
            finally
            {
                metrics.ForgetDepth(warehouseId);
            }
        },
        cancellation);

    private async Task<List<string>> ReadWarehousesAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(WarehousesSql);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var warehouses = new List<string>();
        while (await reader.ReadAsync(cancellation)) warehouses.Add(reader.GetString(0));
        return warehouses;
    }

    [LoggerMessage(1, LogLevel.Warning, "The warehouses could not be read: {Problem}")]
    private static partial void NotRead(ILogger log, string problem);
}

/// <summary>Registration of this folder.</summary>
internal static class DispatchRegistration
{
    /// <summary>
    /// Adds the relays. Who makes releases wait calls <see cref="DispatchSignal.Pulse"/> after the commit.
    /// </summary>
    internal static void AddDispatch(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton(DispatchOptions.From(builder.Configuration));
        builder.Services.AddSingleton<DispatchSignal>();
        builder.Services.AddSingleton<DispatchMetrics>();
        builder.Services.AddHostedService<DispatchHost>();
    }
}
