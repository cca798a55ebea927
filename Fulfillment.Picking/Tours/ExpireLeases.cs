using Fulfillment.Picking.Database;
using Npgsql;

namespace Fulfillment.Picking.Tours;

/// <summary>
/// Gives tours back whose picker fell silent. What he confirmed stays; what he sends later is refused.
/// </summary>
internal sealed class ExpireLeases(NpgsqlDataSource database, PickingSettings settings)
{
    // Leases begin and end by the clock of the database: those of the replicas differ, and are set.
    // A confirm that renews the lease at this moment holds the row; the WHERE is looked at again after the wait.
    private const string ExpireSql = """
        UPDATE tours SET state = 'Planned', fence = fence + 1, picker_id = NULL, leased_until = NULL
        WHERE warehouse_id = $1 AND state IN ('Leased', 'InProgress') AND leased_until < now()
        """;

    /// <summary>The number of tours given back.</summary>
    internal async Task<int> ExpireAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(ExpireSql);
        command.Parameters.Add(Typed.Text(settings.WarehouseId));
        return await command.ExecuteNonQueryAsync(cancellation);
    }
}
