using System.Data;
using System.Runtime.InteropServices;
using Fulfillment.Orders.States;
using Npgsql;

namespace Fulfillment.Orders.PlaceOrder;

/// <summary>
/// Writes a group of orders in one transaction of two round trips: claim the ids and lock the stock; then write what
/// memory has allocated, and commit. Lock order, here as everywhere: order keys, then stock by (client, SKU).
/// </summary>
internal static class GroupTransaction
{
    // Two groups with the same keys meet here: the rows go in by (client, clientOrderId), so that the second waits
    // for the first and never each for the other; what another group has is not returned. Arrays are unnested in the
    // select list, here and in all statements of a group: in FROM each column makes a table of its own first, which
    // costs four times as much.
    private const string InsertOrdersSql = """
        INSERT INTO orders (client_id, order_id, client_order_id, body_hash, idempotency_key, warehouse_id,
            service_level, allocation, ship_by, ship_to, placed_at, traceparent)
        SELECT unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), unnest($8),
            unnest($9), unnest($10), unnest($11), unnest($12)
        ON CONFLICT DO NOTHING RETURNING order_id
        """;

    // An id is the client's for ever, also when its order is past. After the INSERT, with a younger snapshot: an INSERT
    // that waited for the archiver to take the order away has succeeded, and finds it here. LATERAL keeps it one look
    // into a hash index for each order, whatever the planner thinks of the table's size.
    private const string FindPastSql = """
        SELECT k.client_id, k.client_order_id
        FROM (SELECT unnest($1) AS client_id, unnest($2) AS client_order_id) AS k
        CROSS JOIN LATERAL (
            SELECT FROM past_orders p
            WHERE p.identity = hashtextextended(k.client_order_id, hashtextextended(k.client_id, 0))
                AND p.client_id = k.client_id AND p.client_order_id = k.client_order_id LIMIT 1) AS past
        """;

    // The sort is below the locking, so every transaction locks stock in the same order. A row is told by its number
    // among those asked for, which is shorter than its key.
    private const string LockStockSql = """
        SELECT wanted.number, s.on_hand - s.reserved - s.missing
        FROM stock s JOIN (SELECT unnest($1) AS client_id, unnest($2) AS sku, unnest($3) AS number) AS wanted
            USING (client_id, sku)
        ORDER BY s.client_id, s.sku FOR UPDATE OF s
        """;

    // A statement of its own, with a younger snapshot than the INSERT that lost: it sees the order that won, which may
    // be past by now. What the INSERT has put where a past order is, is not yet taken back: the past one counts.
    private const string ReadLosersSql = """
        SELECT o.client_id, o.client_order_id, o.order_id, o.body_hash, o.ship_by, o.placed_at,
            EXISTS (SELECT FROM releases r WHERE r.client_id = o.client_id AND r.order_id = o.order_id
                AND r.release_no = 1 AND r.created_at = o.placed_at), false AS past
        FROM orders o JOIN unnest($1, $2) AS lost (client_id, client_order_id) USING (client_id, client_order_id)
        UNION ALL
        SELECT lost.client_id, lost.client_order_id, past.*
        FROM unnest($1, $2) AS lost (client_id, client_order_id)
        CROSS JOIN LATERAL (
            SELECT p.order_id, p.body_hash, p.ship_by, p.placed_at, p.released_at_once, true FROM past_orders p
            WHERE p.identity = hashtextextended(lost.client_order_id, hashtextextended(lost.client_id, 0))
                AND p.client_id = lost.client_id AND p.client_order_id = lost.client_order_id LIMIT 1) AS past
        ORDER BY past
        """;

    /// <summary>
    /// Writes the group and says for each order how it ended; nothing is written when it throws. The group holds each
    /// (client, clientOrderId) once, in order of arrival.
    /// </summary>
    internal static async Task<PlaceOutcome[]> WriteAsync(
        NpgsqlDataSource database, IReadOnlyList<NewOrder> group, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var wanted = new WantedStock(group);
        var (won, past, available) = await ClaimAsync(connection, group, wanted, cancellation);
        var outcomes = new PlaceOutcome[group.Count];
        var rows = new GroupRows(group.Count, wanted.LineCount);
        foreach (var order in past.Count == 0 ? [] : group)
        {
            if (past.Contains((order.ClientId, order.ClientOrderId)) && won.Remove(order.OrderId)) rows.TakeBack(order);
        }

        if (won.Count < group.Count) await AnswerLosersAsync(connection, group, won, outcomes, cancellation);
        for (var i = 0; i < group.Count; i++)
        {
            if (won.Contains(group[i].OrderId)) outcomes[i] = Place(group[i], wanted.Of(i), available, rows);
        }

        await using var write = new NpgsqlBatch(connection);
        rows.AddTo(write);
        write.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        await write.ExecuteNonQueryAsync(cancellation);
        return outcomes;
    }

    private static async Task<Claim> ClaimAsync(
        NpgsqlConnection connection, IReadOnlyList<NewOrder> group, WantedStock wanted, CancellationToken cancellation)
    {
        await using var claim = new NpgsqlBatch(connection);
        claim.BatchCommands.Add(new NpgsqlBatchCommand("BEGIN"));
        claim.BatchCommands.Add(InsertOrders(group));
        claim.BatchCommands.Add(FindPast(group));
        claim.BatchCommands.Add(LockStock(wanted));
        var won = new HashSet<Guid>(group.Count);
        var past = new HashSet<(string, string)>();
        var available = new Dictionary<int, long>(wanted.Skus.Count);
        await using var reader = await claim.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) won.Add(reader.GetGuid(0));
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) past.Add((reader.GetString(0), reader.GetString(1)));
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            available.Add(reader.GetInt32(0), reader.GetInt64(1));
        return new Claim(won, past, available);
    }

    private static PlaceOutcome Place(
        NewOrder order, (int Stock, int Quantity)[] lines, Dictionary<int, long> available, GroupRows rows)
    {
        for (var i = 0; i < lines.Length; i++)
        {
            if (available.ContainsKey(lines[i].Stock)) continue;
            // Its row was claimed before the stock was known: taken back in the same transaction, nobody sees it.
            rows.TakeBack(order);
            return new PlaceOutcome(PlaceResult.UnknownSku, Sku: order.Lines[i].Sku);
        }

        var shares = Allocation.Take(lines, order.FillAll, available);
        var released = rows.Add(order, shares);
        return new PlaceOutcome(PlaceResult.Placed, AnswerTo(order, released));
    }

    private static async Task AnswerLosersAsync(
        NpgsqlConnection connection, IReadOnlyList<NewOrder> group, HashSet<Guid> won, PlaceOutcome[] outcomes,
        CancellationToken cancellation)
    {
        var lost = new Dictionary<(string, string), int>();
        for (var i = 0; i < group.Count; i++)
        {
            if (!won.Contains(group[i].OrderId)) lost.Add((group[i].ClientId, group[i].ClientOrderId), i);
        }

        await using var read = new NpgsqlCommand(ReadLosersSql, connection)
        {
            Parameters =
            {
                new NpgsqlParameter<string[]> { TypedValue = [.. lost.Keys.Select(key => key.Item1)] },
                new NpgsqlParameter<string[]> { TypedValue = [.. lost.Keys.Select(key => key.Item2)] },
            },
        };
        await using var reader = await read.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var i = lost[(reader.GetString(0), reader.GetString(1))];
            var same = reader.GetFieldValue<byte[]>(3).AsSpan().SequenceEqual(group[i].BodyHash);
            var orderId = reader.GetGuid(2);
            outcomes[i] = same
                // Our own id: a commit whose answer was lost, and that happened after all.
                ? new PlaceOutcome(
                    orderId == group[i].OrderId ? PlaceResult.Placed : PlaceResult.Repeated,
                    new PlacedOrder(orderId, group[i].ClientOrderId, StatusAtFirst(reader.GetBoolean(6)),
                        reader.GetFieldValue<DateTimeOffset>(4), reader.GetFieldValue<DateTimeOffset>(5)))
                : new PlaceOutcome(PlaceResult.Reused);
        }

        foreach (var i in lost.Values)
        {
            // Seen by the insert and gone by now, and not past either: orders are never deleted.
            if (outcomes[i] is { Result: PlaceResult.Placed, Answer: null })
                throw new DataException(
                    $"Order {group[i].ClientOrderId} of {group[i].ClientId} conflicted with no row.");
        }
    }

    private static PlacedOrder AnswerTo(NewOrder order, bool released) =>
        new(order.OrderId, order.ClientOrderId, StatusAtFirst(released), order.ShipBy, order.PlacedAt);

    private static string StatusAtFirst(bool released) =>
        OrderStates.Name(released ? OrderStatus.Accepted : OrderStatus.Backordered);

    private static NpgsqlBatchCommand InsertOrders(IReadOnlyList<NewOrder> group)
    {
        var sorted = group.ToArray();
        Array.Sort(sorted, static (left, right) =>
            string.CompareOrdinal(left.ClientId, right.ClientId) is var byClient and not 0
                ? byClient
                : string.CompareOrdinal(left.ClientOrderId, right.ClientOrderId));
        return new NpgsqlBatchCommand(InsertOrdersSql)
        {
            Parameters =
            {
                Column(sorted, order => order.ClientId),
                Column(sorted, order => order.OrderId),
                Column(sorted, order => order.ClientOrderId),
                Column(sorted, order => order.BodyHash),
                Column(sorted, order => order.IdempotencyKey),
                Column(sorted, order => order.WarehouseId),
                Column(sorted, order => order.ServiceLevel),
                Column(sorted, order => order.FillAll ? "FillAll" : "FillAllAvailable"),
                Column(sorted, order => order.ShipBy),
                Column(sorted, order => order.ShipTo),
                Column(sorted, order => order.PlacedAt),
                Column(sorted, order => order.TraceParent),
            },
        };
    }

    private static NpgsqlBatchCommand FindPast(IReadOnlyList<NewOrder> group)
    {
        var (clients, ids) = (new string[group.Count], new string[group.Count]);
        for (var i = 0; i < clients.Length; i++) (clients[i], ids[i]) = (group[i].ClientId, group[i].ClientOrderId);
        return new NpgsqlBatchCommand(FindPastSql)
        {
            Parameters =
            {
                new NpgsqlParameter<string[]> { TypedValue = clients },
                new NpgsqlParameter<string[]> { TypedValue = ids },
            },
        };
    }

    private static NpgsqlBatchCommand LockStock(WantedStock wanted) => new(LockStockSql)
    {
        Parameters =
        {
            new NpgsqlParameter<string[]> { TypedValue = [.. wanted.Clients] },
            new NpgsqlParameter<string[]> { TypedValue = [.. wanted.Skus] },
            new NpgsqlParameter<int[]> { TypedValue = [.. Enumerable.Range(0, wanted.Skus.Count)] },
        },
    };

    private static NpgsqlParameter<T[]> Column<T>(NewOrder[] orders, Converter<NewOrder, T> value) =>
        new() { TypedValue = Array.ConvertAll(orders, value) };

    // Past: ids whose order is past, however the INSERT fared.
    private sealed record Claim(
        HashSet<Guid> Won, HashSet<(string, string)> Past, Dictionary<int, long> Available);

    /// <summary>The stock that the group asks for, each row once and with a number, which stands for its key.</summary>
    private sealed class WantedStock
    {
        private readonly (int Stock, int Quantity)[][] _lines;

        internal WantedStock(IReadOnlyList<NewOrder> group)
        {
            _lines = new (int, int)[group.Count][];
            var numbers = new Dictionary<(string Client, string Sku), int>(2 * group.Count);
            for (var i = 0; i < _lines.Length; i++)
            {
                var order = group[i];
                _lines[i] = new (int, int)[order.Lines.Length];
                LineCount += order.Lines.Length;
                for (var line = 0; line < order.Lines.Length; line++)
                {
                    ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(
                        numbers, (order.ClientId, order.Lines[line].Sku), out var known);
                    if (!known)
                    {
                        number = Skus.Count;
                        Clients.Add(order.ClientId);
                        Skus.Add(order.Lines[line].Sku);
                    }

                    _lines[i][line] = (number, order.Lines[line].Quantity);
                }
            }
        }

        internal List<string> Clients { get; } = [];

        internal List<string> Skus { get; } = [];

        internal int LineCount { get; }

        /// <summary>The lines of an order of the group, their SKUs by number.</summary>
        internal (int Stock, int Quantity)[] Of(int order) => _lines[order];
    }
}
