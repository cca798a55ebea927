using Fulfillment.Picking.Database;
using Fulfillment.Planning;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Picking.Warehouse;

/// <summary>A SKU's slot as an operator gives it; rank 1 (the default) is asked first.</summary>
internal sealed record SlotRequest(string? ClientId, string? Sku, short? Rank, int Aisle, int Bay, string? Side);

/// <summary>How many slots were put.</summary>
internal sealed record SlotsPut(int Slots);

/// <summary>A SKU's slots in the order in which they are asked.</summary>
internal sealed record SlotList(string ClientId, string Sku, IReadOnlyList<SlotView> Slots);

/// <summary>One of them.</summary>
internal sealed record SlotView(short Rank, int Aisle, int Bay, string Side);

/// <summary>PUT /slots and GET /slots/{clientId}/{sku}: where the SKUs lie.</summary>
internal static class SlotEndpoints
{
    internal const int SlotsMax = 10_000;
    private const int RankMax = 9;

    // In key order, so that two bulk calls over the same SKUs queue and do not deadlock.
    private const string PutSql = """
        INSERT INTO slots (warehouse_id, client_id, sku, rank, aisle, bay, side)
        SELECT $1, s.* FROM unnest($2, $3, $4, $5, $6, $7) AS s (client_id, sku, rank, aisle, bay, side)
        ORDER BY s.client_id, s.sku, s.rank
        ON CONFLICT (warehouse_id, client_id, sku, rank)
        DO UPDATE SET aisle = excluded.aisle, bay = excluded.bay, side = excluded.side
        """;

    private const string GetSql = """
        SELECT rank, aisle, bay, side FROM slots WHERE warehouse_id = $1 AND client_id = $2 AND sku = $3 ORDER BY rank
        """;

    internal static void MapSlots(this IEndpointRouteBuilder app)
    {
        app.MapPut("/slots", PutAsync).RequireAuthorization("lead");
        app.MapGet("/slots/{clientId}/{sku}", GetAsync).RequireAuthorization("lead");
    }

    internal static async Task<Results<Ok<SlotsPut>, JsonHttpResult<Problem>>> PutAsync(
        IReadOnlyList<SlotRequest> slots, NpgsqlDataSource database, PickingSettings settings, WarehouseLayout layout,
        CancellationToken cancellation)
    {
        if (slots.Count is < 1 or > SlotsMax)
            return Problems.Result(400, "bad_slot_count", $"A call puts 1 to {SlotsMax} slots.");
        var faults = FaultsIn(slots, layout);
        if (faults.Count > 0)
            return Problems.Result(422, "bad_slots", "Some slots cannot be used; none was put.", errors: faults);

        await using var command = database.CreateCommand(PutSql);
        command.Parameters.Add(Typed.Text(settings.WarehouseId));
        command.Parameters.Add(Typed.Texts([.. slots.Select(s => s.ClientId)]));
        command.Parameters.Add(Typed.Texts([.. slots.Select(s => s.Sku)]));
        command.Parameters.Add(Typed.Smallints([.. slots.Select(s => s.Rank ?? 1)]));
        command.Parameters.Add(Typed.Smallints([.. slots.Select(s => (short)s.Aisle)]));
        command.Parameters.Add(Typed.Smallints([.. slots.Select(s => (short)s.Bay)]));
        command.Parameters.Add(Typed.Texts([.. slots.Select(s => s.Side)]));
        return TypedResults.Ok(new SlotsPut(await command.ExecuteNonQueryAsync(cancellation)));
    }

    internal static async Task<Results<Ok<SlotList>, JsonHttpResult<Problem>>> GetAsync(
        string clientId, string sku, NpgsqlDataSource database, PickingSettings settings,
        CancellationToken cancellation)
    {
        var slots = new List<SlotView>();
        if (Names.IsName(clientId) && Names.IsName(sku))
        {
            await using var command = database.CreateCommand(GetSql);
            command.Parameters.Add(Typed.Text(settings.WarehouseId));
            command.Parameters.Add(Typed.Text(clientId));
            command.Parameters.Add(Typed.Text(sku));
            await using var rows = await command.ExecuteReaderAsync(cancellation);
            while (await rows.ReadAsync(cancellation))
                slots.Add(new SlotView(rows.GetInt16(0), rows.GetInt16(1), rows.GetInt16(2), rows.GetString(3)));
        }

        return slots.Count == 0
            ? Problems.Result(404, "slot_not_found", "The SKU lies nowhere in this warehouse.")
            : TypedResults.Ok(new SlotList(clientId, sku, slots));
    }

    /// <summary>Every fault by its place in the request; empty when all may be put. Pure.</summary>
    internal static Dictionary<string, string[]> FaultsIn(IReadOnlyList<SlotRequest> slots, WarehouseLayout layout)
    {
        var faults = new Dictionary<string, string[]>();
        var seen = new HashSet<(string, string, short)>();
        for (var i = 0; i < slots.Count; i++)
        {
            if (FaultIn(slots[i], layout) is { } fault) faults[$"[{i}]"] = [fault];
            else if (!seen.Add((slots[i].ClientId!, slots[i].Sku!, slots[i].Rank ?? 1)))
                faults[$"[{i}]"] = ["is there twice"];
        }

        return faults;
    }

    private static string? FaultIn(SlotRequest slot, WarehouseLayout layout) =>
        slot is null ? "is null"
        : !Names.IsName(slot.ClientId) ? "clientId must be 1 to 64 characters of text"
        : !Names.IsName(slot.Sku) ? "sku must be 1 to 64 characters of text"
        : slot.Rank is < 1 or > RankMax ? $"rank must be from 1 to {RankMax}"
        : slot.Side is null || !new Shelf(slot.Aisle, slot.Bay, slot.Side).IsOn(layout) ? "is no location of the layout"
        : null;
}
