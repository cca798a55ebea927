using System.Runtime.InteropServices;
using Npgsql;

namespace Fulfillment.Orders.PlaceOrder;

/// <summary>The rows that a transaction of the intake writer will write, column by column.</summary>
internal sealed class GroupRows
{
    private const string InsertLinesSql = """
        INSERT INTO order_lines (client_id, order_id, line_no, sku, quantity)
        SELECT unnest($1), unnest($2), unnest($3), unnest($4), unnest($5)
        """;

    private const string InsertReleasesSql = """
        INSERT INTO releases (client_id, order_id, release_no, warehouse_id, state, held, ship_by, line_count,
            created_at)
        SELECT unnest($1), unnest($2), unnest($3), unnest($4), 'Waiting', unnest($5), unnest($6), unnest($7), unnest($8)
        """;

    private const string InsertAllocationsSql = """
        INSERT INTO allocations (client_id, order_id, release_no, line_no, sku, quantity)
        SELECT unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6)
        """;

    // A line that waits already (a short of it) waits for more.
    private const string PutBackordersSql = """
        INSERT INTO backorders (client_id, sku, ship_by, order_id, line_no, quantity)
        SELECT unnest($1), unnest($2), unnest($3), unnest($4), unnest($5), unnest($6)
        ON CONFLICT (client_id, order_id, line_no) DO UPDATE SET quantity = backorders.quantity + excluded.quantity
        """;

    // Its rows are locked by the same transaction since before the allocation.
    private const string ReserveSql = """
        UPDATE stock s SET reserved = s.reserved + taken.quantity
        FROM (SELECT unnest($1) AS client_id, unnest($2) AS sku, unnest($3) AS quantity) AS taken
        WHERE s.client_id = taken.client_id AND s.sku = taken.sku
        """;

    private const string TakeBackSql = """
        DELETE FROM orders o USING unnest($1, $2) AS gone (client_id, order_id)
        WHERE o.client_id = gone.client_id AND o.order_id = gone.order_id
        """;

    private readonly LineColumns _lines;
    private readonly ReleaseColumns _releases;
    private readonly AllocationColumns _allocations;
    private readonly List<(string Client, string Sku, DateTimeOffset ShipBy, Guid Order, int Line, int Quantity)>
        _backorders = [];
    private readonly Dictionary<(string Client, string Sku), long> _reserved = [];
    private readonly List<(string Client, Guid Order)> _takenBack = [];

    /// <summary>For about so many orders and lines; there may be more.</summary>
    internal GroupRows(int orders, int lines)
    {
        _lines = new LineColumns(new(lines), new(lines), new(lines), new(lines), new(lines));
        _releases = new ReleaseColumns(
            new(orders), new(orders), new(orders), new(orders), new(orders), new(orders), new(orders), new(orders));
        _allocations = new AllocationColumns(
            new(lines), new(lines), new(lines), new(lines), new(lines), new(lines));
    }

    /// <summary>A new order with its shares; true when something of it is released.</summary>
    internal bool Add(NewOrder order, LineShare[] shares)
    {
        var released = 0;
        for (var i = 0; i < shares.Length; i++)
        {
            var line = order.Lines[i];
            _lines.Client.Add(order.ClientId);
            _lines.Order.Add(order.OrderId);
            _lines.No.Add(i + 1);
            _lines.Sku.Add(line.Sku);
            _lines.Quantity.Add(line.Quantity);
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
        DateTimeOffset at)
    {
        _releases.Client.Add(client);
        _releases.Order.Add(order);
        _releases.No.Add(releaseNo);
        _releases.Warehouse.Add(warehouse);
        _releases.Held.Add(held);
        _releases.ShipBy.Add(shipBy);
        _releases.Lines.Add(lines);
        _releases.At.Add(at);
    }

    internal void Allocate(string client, Guid order, int releaseNo, int lineNo, string sku, int quantity)
    {
        _allocations.Client.Add(client);
        _allocations.Order.Add(order);
        _allocations.Release.Add(releaseNo);
        _allocations.Line.Add(lineNo);
        _allocations.Sku.Add(sku);
        _allocations.Quantity.Add(quantity);
        CollectionsMarshal.GetValueRefOrAddDefault(_reserved, (client, sku), out _) += quantity;
    }

    internal void TakeBack(NewOrder order) => _takenBack.Add((order.ClientId, order.OrderId));

    /// <summary>Adds a statement for each table that has rows.</summary>
    internal void AddTo(NpgsqlBatch batch)
    {
        if (_takenBack.Count > 0)
            Add(batch, TakeBackSql, Column(_takenBack, row => row.Client), Column(_takenBack, row => row.Order));
        if (_lines.No.Count > 0)
            Add(batch, InsertLinesSql, _lines.Client.Bound(), _lines.Order.Bound(), _lines.No.Bound(),
                _lines.Sku.Bound(), _lines.Quantity.Bound());
        if (_releases.No.Count > 0)
            Add(batch, InsertReleasesSql, _releases.Client.Bound(), _releases.Order.Bound(), _releases.No.Bound(),
                _releases.Warehouse.Bound(), _releases.Held.Bound(), _releases.ShipBy.Bound(),
                _releases.Lines.Bound(), _releases.At.Bound());
        if (_allocations.Line.Count > 0)
            Add(batch, InsertAllocationsSql, _allocations.Client.Bound(), _allocations.Order.Bound(),
                _allocations.Release.Bound(), _allocations.Line.Bound(), _allocations.Sku.Bound(),
                _allocations.Quantity.Bound());
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

    private sealed record LineColumns(
        ColumnOf<string> Client, ColumnOf<Guid> Order, ColumnOf<int> No, ColumnOf<string> Sku, ColumnOf<int> Quantity);

    private sealed record ReleaseColumns(
        ColumnOf<string> Client, ColumnOf<Guid> Order, ColumnOf<int> No, ColumnOf<string> Warehouse,
        ColumnOf<bool> Held, ColumnOf<DateTimeOffset> ShipBy, ColumnOf<int> Lines, ColumnOf<DateTimeOffset> At);

    private sealed record AllocationColumns(
        ColumnOf<string> Client, ColumnOf<Guid> Order, ColumnOf<int> Release, ColumnOf<int> Line,
        ColumnOf<string> Sku, ColumnOf<int> Quantity);

    /// <summary>One column; its array is handed to the statement as it is.</summary>
    private sealed class ColumnOf<T>(int capacity)
    {
        private T[] _values = new T[capacity];

        internal int Count { get; private set; }

        internal void Add(T value)
        {
            if (Count == _values.Length) Array.Resize(ref _values, Math.Max(4, 2 * Count));
            _values[Count++] = value;
        }

        internal NpgsqlParameter<T[]> Bound()
        {
            if (Count < _values.Length) Array.Resize(ref _values, Count);
            return new NpgsqlParameter<T[]> { TypedValue = _values };
        }
    }
}
