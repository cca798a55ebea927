using Fulfillment.Picking.Warehouse;
using Npgsql;

namespace Fulfillment.Picking.Floor;

/// <summary>Where what was short is asked for again: the SKU's slot with the next rank, if it has one.</summary>
internal static class MoveShorts
{
    /// <summary>The next slot by task number; no entry for a task without a short or without a further slot.</summary>
    internal static async Task<Dictionary<int, Slot>> FindAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string warehouseId,
        IReadOnlyList<TaskChange> changes,
        CancellationToken cancellation)
    {
        var shorts = changes.Where(c => c.Short > 0).Select(c => c.Task).ToList();
        if (shorts.Count == 0) return [];
        var slots = await SlotLookup.FirstAfterAsync(
            connection, transaction, warehouseId, [.. shorts.Select(t => new SkuKey(t.ClientId, t.Sku))],
            [.. shorts.Select(t => t.Rank)], cancellation);
        var moves = new Dictionary<int, Slot>();
        for (var i = 0; i < shorts.Count; i++)
        {
            if (slots[i] is { } slot) moves.Add(shorts[i].TaskNo, slot);
        }

        return moves;
    }
}
