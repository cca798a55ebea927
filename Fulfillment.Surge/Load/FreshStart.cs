using Fulfillment.Hosting;
using Npgsql;

namespace Fulfillment.Surge.Load;

/// <summary>
/// A run measures what it sent. In a database that holds an earlier run's orders the same seed's would all be repeats,
/// answered at once and planned long ago, and the figures would be nonsense.
/// </summary>
internal static class FreshStart
{
    private const string AnyOrderSql = "SELECT EXISTS (SELECT FROM orders) OR EXISTS (SELECT FROM past_orders)";

    /// <exception cref="HostingException">There are orders.</exception>
    internal static async Task RequireAsync(NpgsqlDataSource ordersDb, CancellationToken cancellation)
    {
        await using var command = ordersDb.CreateCommand(AnyOrderSql);
        if (await command.ExecuteScalarAsync(cancellation) is true)
            throw new HostingException("--ordersdb holds orders of an earlier run", "name an empty database");
    }
}
