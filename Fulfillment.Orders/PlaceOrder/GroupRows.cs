using Npgsql;

namespace Fulfillment.Orders.PlaceOrder;

/// <summary>The rows that a transaction of the intake writer will write, column by column.</summary>
internal sealed class GroupRows
{
    private const string InsertLinesSql = """
        INSERT INTO order_lines (client_id, order_id, line_no, sku, quantity) SELECT * FROM unnest($1, $2, $3, $4, $5)
        """;

    private const string InsertReleasesSql = """
        INSERT INTO releases (client_id, order_id, release_no, warehouse_id, state, held, ship_by, line_count,
            created_at)
        SELECT client_id, order_id, release_no, warehouse_id, 'Waiting', held, ship_by, line_count, created_at
        FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
            AS new (client_id, order_id, release_no, warehouse_id, held, ship_by, line_count, created_at)
        """;

    private const string InsertAllocationsSql = """
        INSERT INTO allocations (client_id, order_id, release_no, line_no, sku, quantity)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6)
        """;

    // A line that waits already (a short of it) waits for more.
    private const string PutBackordersSql = """
        INSERT INTO backorders (client_id, sku, ship_by, order_id, line_no, quantity)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6)
        ON CONFLICT (client_id, order_id, line_no) DO UPDATE SET quantity = backorders.quantity + excluded.quantity
        """;

    // Its rows are locked by the same transaction since before the allocation.
    private const string ReserveSql = """
        UPDATE stock s SET reserved = s.reserved + taken.quantity
        FROM unnest($1, $2, $3) AS taken (client_id, sku, quantity)
        WHERE s.client_id = taken.client_id AND s.sku = taken.sku
        """;

    private const string TakeBackSql = """
        DELETE FROM orders o USING unnest($1, $2) AS gone (client_id, order_id)
        WHERE o.client_id = gone.client_id AND o.order_id = gone.order_id
        """;

    private readonly List<(string Client, Guid Order, int No, string Sku, int Quantity)> _lines = [];
    private readonly List<(string Client, Guid Order, int No, string Warehouse, bool Held, DateTimeOffset ShipBy,
        int Lines, DateTimeOffset At)> _releases = [];
    private readonly List<(string Client, Guid Order, int Release, int Line, string Sku, int Quantity)> _allocations =
        [];
    private readonly List<(string Client, string Sku, DateTimeOffset ShipBy, Guid Order, int Line, int Quantity)>
        _backorders = [];
    private readonly Dictionary<(string Client, string Sku), long> _reserved = [];
    private readonly List<(string Client, Guid Order)> _takenBack = [];

    /// <summary>A new order with its shares; true when something of it is released.</summary>
    internal bool Add(NewOrder order, LineShare[] shares)
    {
        var released = 0;
        for (var i = 0; i < shares.Length; i++)
        {
            var line = order.Lines[i];
            _lines.Add((order.ClientId, order.OrderId, i + 1, line.Sku, line.Quantity));
            if (shares[i].Allocated > 0)
            {
                released++;
                Allocate(order.ClientId, order.OrderId, 1, i + 1, line.Sku, shares[i].Allocated);
            }

            if (shares[i].Backordered > 0)
                _backorders.Add(
                    (order.ClientId, line.Sku, order.ShipBy, order.OrderId, i + 1, shares[i].Backordered));
        }

        if (released > 0)
            Release(order.ClientId, order.OrderId, 1, order.WarehouseId, false, order.ShipBy, released, order.PlacedAt);
        return released > 0;
    }

    internal void Release(
        string client, Guid order, int releaseNo, string warehouse, bool held, DateTimeOffset shipBy, int lines,
        DateTimeOffset at) => _releases.Add((client, order, releaseNo, warehouse, held, shipBy, lines, at));

    internal void Allocate(string client, Guid order, int releaseNo, int lineNo, string sku, int quantity)
    {
        _allocations.Add((client, order, releaseNo, lineNo, sku, quantity));
        _reserved[(client, sku)] = _reserved.GetValueOrDefault((client, sku)) + quantity;
    }

    internal void TakeBack(NewOrder order) => _takenBack.Add((order.ClientId, order.OrderId));

    /// <summary>Adds a statement for each table that has rows.</summary>
    internal void AddTo(NpgsqlBatch batch)
    {
        if (_takenBack.Count > 0)
            Add(batch, TakeBackSql, Column(_takenBack, row => row.Client), Column(_takenBack, row => row.Order));
        if (_lines.Count > 0)
            Add(batch, InsertLinesSql, Column(_lines, row => row.Client), Column(_lines, row => row.Order),
                Column(_lines, row => row.No), Column(_lines, row => row.Sku), Column(_lines, row => row.Quantity));
        if (_releases.Count > 0)
            Add(batch, InsertReleasesSql, Column(_releases, row => row.Client), Column(_releases, row => row.Order),
                Column(_releases, row => row.No), Column(_releases, row => row.Warehouse),
                Column(_releases, row => row.Held), Column(_releases, row => row.ShipBy),
                Column(_releases, row => row.Lines), Column(_releases, row => row.At));
        if (_allocations.Count > 0)
            Add(batch, InsertAllocationsSql, Column(_allocations, row => row.Client),
                Column(_allocations, row => row.Order), Column(_allocations, row => row.Release),
                Column(_allocations, row => row.Line), Column(_allocations, row => row.Sku),
                Column(_allocations, row => row.Quantity));
        if (_backorders.Count > 0)
            Add(batch, PutBackordersSql, Column(_backorders, row => row.Client), Column(_backorders, row => row.Sku),
                Column(_backorders, row => row.ShipBy), Column(_backorders, row => row.Order),
                Column(_backorders, row => row.Line), Column(_backorders, row => row.Quantity));
        if (_reserved.Count > 0)
        {
            var reserved = _reserved.ToList();
            Add(batch, ReserveSql, Column(reserved, row => row.Key.Client), Column(reserved, row => row.Key.Sku),
                Column(reserved, row => row.Value));
        }
    }

    private static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters) command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
    }

    private static NpgsqlParameter<T[]> Column<TRow, T>(List<TRow> rows, Func<TRow, T> value)
    {
        var column = new T[rows.Count];
        for (var i = 0; i < column.Length; i++) column[i] = value(rows[i]);
        return new NpgsqlParameter<T[]> { TypedValue = column };
    }
}
