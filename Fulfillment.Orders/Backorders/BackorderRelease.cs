using Fulfillment.Orders.PlaceOrder;
using Npgsql;

namespace Fulfillment.Orders.Backorders;

/// <summary>Asks the intake writer to send what waits for these SKUs of a client.</summary>
internal sealed record Reallocation(string ClientId, IReadOnlyCollection<string> Skus)
{
    internal TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Turns backorders into releases once stock is there: by ship-by, at most 256 orders a transaction.</summary>
internal static class BackorderRelease
{
    internal const int OrdersMax = 256;

    // Where the last page ended: an order that could not be filled must not come again in this round.
    private const string FindSql = """
        SELECT ship_by, order_id FROM backorders
        WHERE client_id = $1 AND sku = ANY ($2) AND (ship_by, order_id) > ($3, $4)
        GROUP BY ship_by, order_id ORDER BY ship_by, order_id LIMIT $5
        """;

    // A cancel or a hold of the same order waits here, or has been and is seen.
    private const string LockOrdersSql =
        "SELECT FROM orders WHERE client_id = $1 AND order_id = ANY ($2) ORDER BY order_id FOR UPDATE";

    // A statement after the lock: its snapshot has the hold that the lock may have waited for.
    private const string ReadOrdersSql = """
        SELECT o.order_id, o.warehouse_id, o.allocation = 'FillAll', o.ship_by,
            EXISTS (SELECT FROM holds h WHERE h.client_id = o.client_id AND h.order_id = o.order_id),
            (SELECT coalesce(max(r.release_no), 0) FROM releases r
                WHERE r.client_id = o.client_id AND r.order_id = o.order_id)
        FROM orders o WHERE o.client_id = $1 AND o.order_id = ANY ($2)
        """;

    private const string ReadBackordersSql = """
        SELECT order_id, line_no, sku, quantity FROM backorders
        WHERE client_id = $1 AND order_id = ANY ($2) ORDER BY ship_by, order_id, line_no
        """;

    private const string LockStockSql = """
        SELECT sku, on_hand - reserved - missing FROM stock WHERE client_id = $1 AND sku = ANY ($2)
        ORDER BY client_id, sku FOR UPDATE
        """;

    private const string LeaveQueueSql = """
        DELETE FROM backorders b USING unnest($2, $3) AS gone (order_id, line_no)
        WHERE b.client_id = $1 AND b.order_id = gone.order_id AND b.line_no = gone.line_no
        """;

    private const string WaitOnSql = """
        UPDATE backorders b SET quantity = rest.quantity FROM unnest($2, $3, $4) AS rest (order_id, line_no, quantity)
        WHERE b.client_id = $1 AND b.order_id = rest.order_id AND b.line_no = rest.line_no
        """;

    internal static async Task SendAsync(
        NpgsqlDataSource database, Reallocation work, TimeProvider clock, CancellationToken cancellation)
    {
        var (shipBy, orderId) = (DateTimeOffset.MinValue, Guid.Empty);
        while (true)
        {
            var page = await FindAsync(database, work, shipBy, orderId, cancellation);
            if (page.Count == 0) return;
            try
            {
                await SendPageAsync(database, work.ClientId, page, clock.GetUtcNow(), cancellation);
            }
            catch (PostgresException crossed) when (crossed.SqlState
                is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
            {
                continue; // nothing of the page was written
            }

            if (page.Count < OrdersMax) return;
            (shipBy, orderId) = page[^1];
        }
    }

    private static async Task<List<(DateTimeOffset ShipBy, Guid OrderId)>> FindAsync(
        NpgsqlDataSource database, Reallocation work, DateTimeOffset shipBy, Guid orderId,
        CancellationToken cancellation)
    {
        await using var find = database.CreateCommand(FindSql);
        find.Parameters.Add(new NpgsqlParameter<string> { TypedValue = work.ClientId });
        find.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. work.Skus] });
        find.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = shipBy });
        find.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = orderId });
        find.Parameters.Add(new NpgsqlParameter<int> { TypedValue = OrdersMax });
        await using var reader = await find.ExecuteReaderAsync(cancellation);
        var page = new List<(DateTimeOffset, Guid)>();
        while (await reader.ReadAsync(cancellation))
            page.Add((reader.GetFieldValue<DateTimeOffset>(0), reader.GetGuid(1)));
        return page;
    }

    private static async Task SendPageAsync(
        NpgsqlDataSource database, string clientId, List<(DateTimeOffset ShipBy, Guid OrderId)> page,
        DateTimeOffset now,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var ids = page.Select(row => row.OrderId).ToArray();
        var orders = await LockOrdersAsync(connection, clientId, ids, cancellation);
        var waiting = await ReadBackordersAsync(connection, clientId, ids, cancellation);
        var available = await LockStockAsync(
            connection, clientId, [.. waiting.Values.SelectMany(lines => lines).Select(line => line.Sku).Distinct()],
            cancellation);

        var rows = new GroupRows(ids.Length, waiting.Count);
        var (gone, rest) = (new List<(Guid Order, int Line)>(), new List<(Guid Order, int Line, int Quantity)>());
        foreach (var id in ids)
        {
            // Cancelled, or sent by another, since it was found.
            if (!waiting.TryGetValue(id, out var lines)) continue;
            var order = orders[id];
            var shares = Allocation.Take(
                [.. lines.Select(line => (line.Sku, line.Quantity))], order.FillAll, available);
            var released = 0;
            for (var i = 0; i < shares.Length; i++)
            {
                if (shares[i].Allocated == 0) continue;
                released++;
                rows.Allocate(clientId, id, order.LastRelease + 1, lines[i].LineNo, lines[i].Sku, shares[i].Allocated);
                if (shares[i].Backordered == 0) gone.Add((id, lines[i].LineNo));
                else rest.Add((id, lines[i].LineNo, shares[i].Backordered));
            }

            if (released > 0)
                rows.Release(
                    clientId, id, order.LastRelease + 1, order.Warehouse, order.Held, order.ShipBy, released, now);
        }

        await using var write = new NpgsqlBatch(connection, transaction);
        rows.AddTo(write);
        if (gone.Count > 0)
            write.BatchCommands.Add(new NpgsqlBatchCommand(LeaveQueueSql)
            {
                Parameters =
                {
                    new NpgsqlParameter<string> { TypedValue = clientId },
                    new NpgsqlParameter<Guid[]> { TypedValue = [.. gone.Select(row => row.Order)] },
                    new NpgsqlParameter<int[]> { TypedValue = [.. gone.Select(row => row.Line)] },
                },
            });
        if (rest.Count > 0)
            write.BatchCommands.Add(new NpgsqlBatchCommand(WaitOnSql)
            {
                Parameters =
                {
                    new NpgsqlParameter<string> { TypedValue = clientId },
                    new NpgsqlParameter<Guid[]> { TypedValue = [.. rest.Select(row => row.Order)] },
                    new NpgsqlParameter<int[]> { TypedValue = [.. rest.Select(row => row.Line)] },
                    new NpgsqlParameter<int[]> { TypedValue = [.. rest.Select(row => row.Quantity)] },
                },
            });
        if (write.BatchCommands.Count > 0) await write.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private static async Task<Dictionary<Guid, LockedOrder>> LockOrdersAsync(
        NpgsqlConnection connection, string clientId, Guid[] ids, CancellationToken cancellation)
    {
        await using (var locked = Command(connection, LockOrdersSql, clientId, ids))
            await locked.ExecuteNonQueryAsync(cancellation);
        await using var command = Command(connection, ReadOrdersSql, clientId, ids);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var orders = new Dictionary<Guid, LockedOrder>();
        while (await reader.ReadAsync(cancellation))
            orders.Add(reader.GetGuid(0), new LockedOrder(
                reader.GetString(1), reader.GetBoolean(2), reader.GetFieldValue<DateTimeOffset>(3),
                reader.GetBoolean(4),
                reader.GetInt32(5)));
        return orders;
    }

    private static async Task<Dictionary<Guid, List<(int LineNo, string Sku, int Quantity)>>> ReadBackordersAsync(
        NpgsqlConnection connection, string clientId, Guid[] ids, CancellationToken cancellation)
    {
        await using var command = Command(connection, ReadBackordersSql, clientId, ids);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var waiting = new Dictionary<Guid, List<(int, string, int)>>();
        while (await reader.ReadAsync(cancellation))
        {
            if (!waiting.TryGetValue(reader.GetGuid(0), out var lines)) waiting.Add(reader.GetGuid(0), lines = []);
            lines.Add((reader.GetInt32(1), reader.GetString(2), reader.GetInt32(3)));
        }

        return waiting;
    }

    private static async Task<Dictionary<string, long>> LockStockAsync(
        NpgsqlConnection connection, string clientId, string[] skus, CancellationToken cancellation)
    {
        await using var command = Command(connection, LockStockSql, clientId, skus);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var available = new Dictionary<string, long>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellation)) available.Add(reader.GetString(0), reader.GetInt64(1));
        return available;
    }

    private static NpgsqlCommand Command<T>(NpgsqlConnection connection, string sql, string clientId, T keys) =>
        new(sql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = clientId },
                new NpgsqlParameter<T> { TypedValue = keys },
            },
        };

    private sealed record LockedOrder(
        string Warehouse, bool FillAll, DateTimeOffset ShipBy, bool Held, int LastRelease);
}
