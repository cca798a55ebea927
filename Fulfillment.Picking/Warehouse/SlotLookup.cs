using Fulfillment.Picking.Database;
using Npgsql;

namespace Fulfillment.Picking.Warehouse;

/// <summary>Whose SKU: two clients may use the same name.</summary>
internal readonly record struct SkuKey(string ClientId, string Sku);

/// <summary>A slot of a SKU.</summary>
internal readonly record struct Slot(short Rank, short Aisle, short Bay, string Side);

/// <summary>
/// Where SKUs lie, asked of the database for a whole pool at once: a slot that moved is never walked to.
/// </summary>
internal static class SlotLookup
{
    private const string FirstSql = """
        SELECT w.place, s.rank, s.aisle, s.bay, s.side
        FROM unnest($2, $3, $4, $5) AS w (client_id, sku, rank_after, place)
        CROSS JOIN LATERAL (
            SELECT rank, aisle, bay, side FROM slots
            WHERE warehouse_id = $1 AND client_id = w.client_id AND sku = w.sku AND rank > w.rank_after
            ORDER BY rank LIMIT 1) AS s
        """;

    /// <summary>For each SKU its first slot with a rank above the given one; null where there is none.</summary>
    internal static async Task<Slot?[]> FirstAfterAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, string warehouseId, IReadOnlyList<SkuKey> skus,
        IReadOnlyList<short> ranksAfter, CancellationToken cancellation)
    {
        var found = new Slot?[skus.Count];
        if (skus.Count == 0) return found;
        await using var command = new NpgsqlCommand(FirstSql, connection, transaction)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Texts([.. skus.Select(s => s.ClientId)]),
                Typed.Texts([.. skus.Select(s => s.Sku)]),
                Typed.Smallints([.. ranksAfter]), Typed.Integers([.. Enumerable.Range(0, skus.Count)]),
            },
        };
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        while (await rows.ReadAsync(cancellation))
            found[rows.GetInt32(0)] = new Slot(rows.GetInt16(1), rows.GetInt16(2), rows.GetInt16(3), rows.GetString(4));
        return found;
    }
}
