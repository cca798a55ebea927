using Fulfillment.Surge.Invariants;
using Fulfillment.Surge.Wire;
using Npgsql;

namespace Fulfillment.Bench.Intake;

/// <summary>
/// The world that every contender writes into: the same clients, SKUs and stock in the same schema, each in a database
/// of its own, empty of orders at the start of each run.
/// </summary>
internal sealed class Shop
{
    internal const int Clients = 10;
    internal const int SkusPerClient = 1_000;

    // Their numbers have four digits without padding, which every contender can print for nothing.
    internal const int SkuFirst = 1_000;
    internal const int SkuLast = SkuFirst + SkusPerClient - 1;
    internal const string Warehouse = "main";
    internal const string TemplateDatabase = "ordersdb";

    // More than any run can sell: a benchmark of intake is not one of backorders.
    private const long OnHand = 1_000_000_000;
    private const int ResetsMax = 10;

    private static readonly string[] OrderTables = ["orders", "order_lines", "releases", "allocations", "backorders"];

    private readonly TestBed _bed;

    private Shop(TestBed bed, IReadOnlyList<string> keys) => (_bed, Keys) = (bed, keys);

    /// <summary>An API key per client; client i is c00i.</summary>
    internal IReadOnlyList<string> Keys { get; }

    internal static string Client(int number) => $"c{number:D3}";

    /// <summary>
    /// Migrates and fills a database through Orders itself, then stops it: the template of all others.
    /// </summary>
    internal static async Task<Shop> BuildAsync(TestBed bed, string orders, CancellationToken cancellation)
    {
        await bed.CreateDatabaseAsync(TemplateDatabase, cancellation);
        var child = await bed.StartOrdersAsync(
            orders, TemplateDatabase, new Dictionary<string, string>(), cancellation);
        using var api = new ServiceApi([child.Url!]);
        var key = bed.Keys.Operator;
        await api.PutAsync($"/warehouses/{Warehouse}", key, new PutWarehouse(Warehouse), cancellation);
        var keys = new List<string>();
        for (var client = 0; client < Clients; client++)
        {
            var path = $"/clients/{Client(client)}";
            await api.PutAsync(path, key, new PutClient(Client(client), Warehouse, 1), cancellation);
            using var made = await api.SendOrThrowAsync(HttpMethod.Post, $"{path}/keys", key, new { }, cancellation);
            keys.Add((await ServiceApi.ReadAsync<NewKey>(made, cancellation)).Key);
            var skus = Enumerable.Range(SkuFirst, SkusPerClient).Select(sku => new PutSku($"S{sku}", $"Thing {sku}"));
            await api.PutAsync($"{path}/skus", key, skus, cancellation);
        }

        await TestBed.StopAsync(child);
        await bed.ExecuteAsync(TemplateDatabase, $"""
            INSERT INTO stock_ledger (client_id, sku, on_hand_change, missing_change, reason, reference, at)
            SELECT client_id, sku, {OnHand}, 0, 'Received', 'bench', now() FROM stock;
            UPDATE stock SET on_hand = on_hand + {OnHand}
            """, cancellation);
        await bed.ExecuteAsync(TemplateDatabase, "VACUUM (FULL, ANALYZE)", cancellation);
        return new Shop(bed, keys);
    }

    internal Task CopyToAsync(string database, CancellationToken cancellation) =>
        _bed.CopyDatabaseAsync(TemplateDatabase, database, cancellation);

    /// <summary>
    /// No orders, nothing reserved, no dead rows, and a checkpoint behind us: each run begins in the same state and
    /// none pays for the one before.
    /// </summary>
    internal async Task ResetAsync(string database, CancellationToken cancellation)
    {
        // Messages that a peer has not yet sent go with their orders.
        var messages = await _bed.ReadAsync<string>(database, """
            SELECT coalesce(string_agg(format(', %s', oid::regclass), ''), '') FROM pg_class
            WHERE relkind = 'r' AND relname IN ('outbox', 'wolverine_incoming_envelopes',
                'wolverine_outgoing_envelopes')
            """, cancellation);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await _bed.ExecuteAsync(database, $"""
                    TRUNCATE {string.Join(", ", OrderTables)}{messages};
                    UPDATE stock SET reserved = 0 WHERE reserved <> 0
                    """, cancellation);
                break;
            }
            catch (PostgresException deadlock) when (
                deadlock.SqlState == PostgresErrorCodes.DeadlockDetected && attempt < ResetsMax)
            {
                // A peer goes on with the messages it has left, and takes its locks in its own order.
            }
        }

        foreach (var table in (string[])["stock", .. OrderTables])
            await _bed.ExecuteAsync(database, $"VACUUM (ANALYZE) {table}", cancellation);
        await _bed.ExecuteAsync(database, "CHECKPOINT", cancellation);
    }

    /// <summary>
    /// What is wrong in the database after a run: broken invariants, and orders that were acknowledged and are not
    /// there. The same for all contenders, for they do the same work in the same tables.
    /// </summary>
    internal async Task<List<string>> FaultsAsync(
        string database, string ordersPrefix, long acknowledged, CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(_bed.Database(database));
        var faults = await OrdersInvariants.FaultsWithoutPlanningAsync(source, cancellation);

        var stored = await _bed.ReadAsync<long>(
            database, $"SELECT count(*) FROM orders WHERE client_order_id LIKE '{ordersPrefix}%'", cancellation);
        if (stored != acknowledged) faults.Add($"{acknowledged} orders were acknowledged, {stored} are stored");
        return faults;
    }
}
