namespace Fulfillment.Bench.Intake;

/// <summary>The rows of one order as custom pgbench scripts.</summary>
internal static class PgbenchScripts
{
    internal const string SeparateStatements = "separate";
    internal const string OneStatement = "one";

    // Ids in order of time, as ours: random ones would cost pgbench 10-25 % in the indexes.
    private const string NewId = """
        ('0' || to_hex((date_part('epoch', clock_timestamp()) * 1000)::bigint)
            || substr(replace(gen_random_uuid()::text, '-', ''), 13))::uuid
        """;

    private const string OrderColumns = """
        client_id, order_id, client_order_id, body_hash, idempotency_key, warehouse_id, service_level, allocation,
        ship_by,
            ship_to, placed_at, traceparent
        """;

    // The hash, the address and the trace are constants: pgbench is spared their computation, not their bytes.
    private const string OrderValues = """
        'c00' || :c::text, id, '{prefix}' || id::text,
            '\x9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'::bytea, NULL, 'main', 'Standard',
            'FillAll', now() + interval '2 days',
            '{"name":"A. Shopper","line1":"1 High Street","city":"Berlin","postalCode":"10115","country":"DE"}', now(),
            '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
        """;

    // The stock goes last: a hot row is locked for the commit alone. pgbench tries a deadlock again.
    private const string Reserve = """
        UPDATE stock SET reserved = reserved + CASE sku WHEN 'S' || :a::text THEN 1 ELSE 2 END
        WHERE client_id = 'c00' || :c::text AND sku IN ('S' || :a::text, 'S' || :b::text)
        """;

    private const string Separate = $"""
        BEGIN;
        INSERT INTO orders ({OrderColumns}) SELECT {OrderValues} FROM (SELECT {NewId} AS id) AS new
            RETURNING order_id AS id \gset
        INSERT INTO order_lines (client_id, order_id, line_no, sku, quantity) VALUES
            ('c00' || :c::text, :id::uuid, 1, 'S' || :a::text, 1),
            ('c00' || :c::text, :id::uuid, 2, 'S' || :b::text, 2);
        INSERT INTO releases (client_id, order_id, release_no, warehouse_id, state, held, ship_by, line_count,
            created_at)
            VALUES ('c00' || :c::text, :id::uuid, 1, 'main', 'Waiting', false, now() + interval '2 days', 2, now());
        INSERT INTO allocations (client_id, order_id, release_no, line_no, sku, quantity) VALUES
            ('c00' || :c::text, :id::uuid, 1, 1, 'S' || :a::text, 1),
            ('c00' || :c::text, :id::uuid, 1, 2, 'S' || :b::text, 2);
        {Reserve};
        COMMIT;
        """;

    private const string One = $"""
        WITH new AS MATERIALIZED (SELECT {NewId} AS id),
        lines (line_no, sku, quantity) AS (VALUES (1, 'S' || :a::text, 1), (2, 'S' || :b::text, 2)),
        o AS (INSERT INTO orders ({OrderColumns}) SELECT {OrderValues} FROM new RETURNING client_id, order_id),
        l AS (INSERT INTO order_lines (client_id, order_id, line_no, sku, quantity)
            SELECT client_id, order_id, line_no, sku, quantity FROM o, lines),
        r AS (INSERT INTO releases
                (client_id, order_id, release_no, warehouse_id, state, held, ship_by, line_count, created_at)
            SELECT client_id, order_id, 1, 'main', 'Waiting', false, now() + interval '2 days', 2, now() FROM o),
        al AS (INSERT INTO allocations (client_id, order_id, release_no, line_no, sku, quantity)
            SELECT client_id, order_id, 1, line_no, sku, quantity FROM o, lines)
        {Reserve};
        """;

    internal static string For(string script, string @case, string prefix)
    {
        var draw = @case == OrderRequests.Hot
            ? $"\\set c 0\n\\set a random({Shop.SkuFirst}, {Shop.SkuLast - 1})\n\\set b {OrderRequests.HotSku}\n"
            : $"\\set c random(0, {Shop.Clients - 1})\n\\set a random({Shop.SkuFirst}, {Shop.SkuLast})\n"
                + $"\\set b {Shop.SkuFirst} + (:a - {Shop.SkuFirst} + random(1, {Shop.SkusPerClient - 1}))"
                + $" % {Shop.SkusPerClient}\n";
        var sql = script == SeparateStatements ? Separate : One;
        return draw + sql.Replace("{prefix}", prefix, StringComparison.Ordinal) + "\n";
    }
}
