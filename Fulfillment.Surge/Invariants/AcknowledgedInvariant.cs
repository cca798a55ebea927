using Fulfillment.Surge.Load;
using Npgsql;
using NpgsqlTypes;

namespace Fulfillment.Surge.Invariants;

/// <summary>Invariant 3: what the harness was told stands in ordersdb, once, under the id it was told.</summary>
internal static class AcknowledgedInvariant
{
    internal const int Number = 3;
    internal const string Name = "every acknowledged order exists once, and a repeat got the same answer";

    private const string MissingSql = """
        SELECT format('%s/%s: acknowledged as %s, stored as %s', told.client_id, told.client_order_id, told.order_id,
                      coalesce(string_agg(stored.order_id::text, ', '), 'nothing'))
        FROM unnest($1::text[], $2::text[], $3::uuid[]) AS told(client_id, client_order_id, order_id)
        LEFT JOIN (
            SELECT client_id, client_order_id, order_id FROM orders
            UNION ALL
            SELECT client_id, client_order_id, order_id FROM past_orders
        ) AS stored USING (client_id, client_order_id)
        GROUP BY told.client_id, told.client_order_id, told.order_id
        HAVING count(stored.order_id) <> 1 OR bool_or(stored.order_id <> told.order_id)
        LIMIT 20
        """;

    internal static async Task<Finding> CheckAsync(
        NpgsqlDataSource ordersDb, Acknowledgements acknowledged, CancellationToken cancellation)
    {
        var told = acknowledged.Orders.ToList();
        await using var command = ordersDb.CreateCommand(MissingSql);
        Add(command, NpgsqlDbType.Text, told.Select(order => order.ClientId).ToArray());
        Add(command, NpgsqlDbType.Text, told.Select(order => order.ClientOrderId).ToArray());
        Add(command, NpgsqlDbType.Uuid, told.Select(order => order.OrderId).ToArray());
        var offenders = acknowledged.Contradictions.Take(Invariant.OffendersMax).ToList();
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation)) offenders.Add(rows.GetString(0));
        return new Finding(Number, Name, offenders);
    }

    private static void Add<T>(NpgsqlCommand command, NpgsqlDbType element, T[] values) =>
        command.Parameters.Add(new() { Value = values, NpgsqlDbType = NpgsqlDbType.Array | element });
}
