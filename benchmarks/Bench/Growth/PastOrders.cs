namespace Fulfillment.Bench.Growth;

/// <summary>
/// A history: orders of two lines, picked and shipped over the last year, the clients in turn. As the archiver leaves
/// them, one row each; or in the tables of work, where they would be without it.
/// </summary>
internal static class PastOrders
{
    internal const string PastPrefix = "past-";
    internal const string RecentPrefix = "recent-";

    // Seen with PostgreSQL 15: the row, its share of three indexes, and what the log keeps at most (max_wal_size).
    private const long BytesPerOrder = 900;
    private const long LogBytesMax = 4L << 30;
    private const long BytesAtLeast = 1L << 30;
    private const int ChunkOrders = 500_000;
    private const int PastDays = 365;

    // Younger than the archiver's rest: it leaves them where they are.
    private const int RecentDays = 5;

    // The n-th order of a year: a version 7 id has its time in front.
    private const string Numbered = """
        FROM generate_series($1::bigint, $2::bigint) AS n
        CROSS JOIN LATERAL (SELECT md5('$4' || n) AS drawn, 1000 + n % 999 AS sku,
            date_trunc('milliseconds', '$5'::timestamptz - interval '$6 days' * (1 - n / $3::float8)) AS at) AS o
        CROSS JOIN LATERAL (SELECT 'c' || lpad((n % 10)::text, 3, '0') AS client_id,
            (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || left(drawn, 3) || '8'
                || substr(drawn, 4, 15))::uuid AS order_id) AS k
        """;

    private const string ShipTo =
        """{"name":"A. Shopper","line1":"1 High Street","postalCode":"10115","city":"Berlin","country":"DE"}""";

    // What was done for an order is the same text for each pair of SKUs: to make ten million of them would take longer
    // than to write them.
    private const string WorkSql = """
        CREATE UNLOGGED TABLE bench_work AS
        SELECT sku, json_strip_nulls(json_build_object(
            'lines', json_build_array(
                json_build_object('line_no', 1, 'sku', 'S' || sku, 'quantity', 1, 'shipped', 1),
                json_build_object('line_no', 2, 'sku', 'S' || sku + 1, 'quantity', 2, 'shipped', 2)),
            'releases', json_build_array(json_build_object('release_no', 1, 'state', 'Picked', 'line_count', 2,
                'feed_version', 3, 'planned_at', clock_timestamp(), 'picked_at', clock_timestamp())),
            'allocations', json_build_array(
                json_build_object('release_no', 1, 'line_no', 1, 'sku', 'S' || sku, 'quantity', 1, 'picked', 1),
                json_build_object('release_no', 1, 'line_no', 2, 'sku', 'S' || sku + 1, 'quantity', 2, 'picked', 2))))
            AS work
        FROM generate_series(1000, 1998) AS sku;
        ANALYZE bench_work;
        ALTER TABLE past_orders DROP CONSTRAINT past_orders_pkey;
        DROP INDEX past_orders_by_id, past_orders_by_identity
        """;

    private const string ArchivedSql = $"""
        INSERT INTO past_orders (client_id, order_id, client_order_id, body_hash, warehouse_id, service_level,
            allocation, ship_by, ship_to, placed_at, shipped_at, released_at_once, archived_at, work)
        SELECT k.client_id, k.order_id, '$4' || lpad(n::text, 10, '0'), sha256(drawn::bytea), 'main', 'Standard',
            'FillAll', at + interval '8 hours', '{ShipTo}', at, at + interval '2 hours', true,
            at + interval '8 days', work
        {Numbered} JOIN bench_work USING (sku)
        """;

    private static readonly string[] IndexSql =
    [
        "ALTER TABLE past_orders ADD CONSTRAINT past_orders_pkey PRIMARY KEY (client_id, order_id)",
        "CREATE INDEX past_orders_by_id ON past_orders USING hash (order_id)",
        "CREATE INDEX past_orders_by_identity ON past_orders USING hash (identity)",
        "DROP TABLE bench_work",
    ];

    private static readonly string[] WorkingSql =
    [
        $"""
        INSERT INTO orders (client_id, order_id, client_order_id, body_hash, warehouse_id, service_level, allocation,
            ship_by, ship_to, placed_at, shipped_at)
        SELECT k.client_id, k.order_id, '$4' || lpad(n::text, 10, '0'), sha256(drawn::bytea), 'main', 'Standard',
            'FillAll', at + interval '8 hours', '{ShipTo}', at, at + interval '2 hours' {Numbered}
        """,
        $"""
        INSERT INTO order_lines (client_id, order_id, line_no, sku, quantity, shipped)
        SELECT k.client_id, k.order_id, line, 'S' || o.sku + line - 1, line, line
        {Numbered} CROSS JOIN generate_series(1, 2) AS line
        """,
        $"""
        INSERT INTO releases (client_id, order_id, release_no, warehouse_id, state, ship_by, line_count, created_at,
            start_tag, dispatched_at, published_at, stream_entry, feed_version, planned_at, picked_at)
        SELECT k.client_id, k.order_id, 1, 'main', 'Picked', at + interval '8 hours', 2, at, n, at, at, '1-1', 3, at, at
        {Numbered}
        """,
        $"""
        INSERT INTO allocations (client_id, order_id, release_no, line_no, sku, quantity, picked)
        SELECT k.client_id, k.order_id, 1, line, 'S' || o.sku + line - 1, line, line
        {Numbered} CROSS JOIN generate_series(1, 2) AS line
        """,
    ];

    // What the history took from the shelves, so that its picks are in the ledger as everybody's.
    private const string TakenSql = """
        WITH taken AS (
            SELECT 'c' || lpad((n % 10)::text, 3, '0') AS client_id, 'S' || 1000 + n % 999 + line - 1 AS sku,
                sum(line) AS units
            FROM generate_series(1, $1) AS n CROSS JOIN generate_series(1, 2) AS line GROUP BY 1, 2),
        booked AS (
            INSERT INTO stock_ledger (client_id, sku, on_hand_change, missing_change, reason, reference, at)
            SELECT client_id, sku, -units, 0, 'Picked', 'bench', now() FROM taken)
        UPDATE stock SET on_hand = on_hand - units FROM taken
        WHERE (stock.client_id, stock.sku) = (taken.client_id, taken.sku)
        """;

    /// <summary>The disk that a history of so many orders takes while it is written.</summary>
    internal static long BytesFor(int orders) =>
        BytesAtLeast + orders * BytesPerOrder + Math.Min(LogBytesMax, orders * BytesPerOrder);

    /// <summary>Fills the empty past_orders; indexes are made when the rows are there.</summary>
    internal static async Task FillArchiveAsync(
        TestBed bed, string database, int orders, CancellationToken cancellation)
    {
        await bed.ExecuteAsync(database, WorkSql, cancellation);
        await InChunksAsync(bed, database, orders, PastPrefix, PastDays, [ArchivedSql], cancellation);
        foreach (var sql in IndexSql)
            await bed.ExecuteAsync(database, $"SET maintenance_work_mem = '512MB'; {sql}", cancellation);
    }

    /// <summary>Adds finished orders to the tables of work: of the last days, or the history.</summary>
    internal static Task FillWorkingAsync(
        TestBed bed, string database, int orders, string prefix, CancellationToken cancellation) =>
        InChunksAsync(
            bed, database, orders, prefix, prefix == RecentPrefix ? RecentDays : PastDays, WorkingSql, cancellation);

    /// <summary>Ids of past orders, evenly out of all of them.</summary>
    internal static async Task<IReadOnlyList<(int Client, Guid Order)>> SampleAsync(
        TestBed bed, string database, int orders, int sample, bool archived, CancellationToken cancellation)
    {
        var step = Math.Max(1, orders / sample);
        if (step % 2 == 0 || step % 5 == 0) step = Math.Max(1, step / 10 * 10 - 1); // it meets all of the ten clients
        var found = await bed.ReadAsync<string[]>(database, $"""
            SELECT array_agg(n % 10 || '/' || order_id ORDER BY n)
            FROM generate_series(1, {orders}, {step}) AS n
            CROSS JOIN LATERAL (
                SELECT 'c' || lpad((n % 10)::text, 3, '0') AS client, '{PastPrefix}' || lpad(n::text, 10, '0') AS id) k
            JOIN {(archived ? "past_orders" : "orders")} ON client_id = client AND client_order_id = id
                {(archived ? "AND identity = hashtextextended(id, hashtextextended(client, 0))" : "")}
            """, cancellation);
        return [.. found.Take(sample).Select(id => (id[0] - '0', Guid.Parse(id[2..])))];
    }

    private static async Task InChunksAsync(
        TestBed bed, string database, int orders, string prefix, int days, string[] statements,
        CancellationToken cancellation)
    {
        // The same for all statements: an order's id begins with its time.
        var until = await bed.ReadAsync<string>(
            database, "SELECT (date_trunc('hour', now()) - interval '1 day')::text", cancellation);
        for (var from = 1; from <= orders; from += ChunkOrders)
        {
            foreach (var sql in statements)
            {
                var chunk = sql.Replace("$1", $"{from}", StringComparison.Ordinal)
                    .Replace("$2", $"{Math.Min(orders, from + ChunkOrders - 1)}", StringComparison.Ordinal)
                    .Replace("$3", $"{orders}", StringComparison.Ordinal)
                    .Replace("$4", prefix, StringComparison.Ordinal)
                    .Replace("$5", until, StringComparison.Ordinal)
                    .Replace("$6", $"{days}", StringComparison.Ordinal);
                await bed.ExecuteAsync(database, chunk, cancellation);
            }
        }

        await bed.ExecuteAsync(
            database, TakenSql.Replace("$1", $"{orders}", StringComparison.Ordinal), cancellation);
    }
}
