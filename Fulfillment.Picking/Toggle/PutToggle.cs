using System.Security.Claims;
using Fulfillment.Picking.Database;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Picking.Toggle;

/// <summary>
/// The whole toggle: what is left out takes its default (100 %, no client named, no shadow), not its last value.
/// </summary>
internal sealed record ToggleRequest(
    bool? Enabled, int? Percentage = null, Dictionary<string, bool>? Clients = null, bool? Shadow = null,
    string? Reason = null);

/// <summary>PUT /toggles/optimized-picking: from the next plan on, on every replica; nothing restarts.</summary>
internal static class PutToggle
{
    internal const int ClientsMax = 1_000;
    internal const int ReasonLengthMax = 500;

    // Two who change it at once queue here, so that each change has the one before as its old state.
    private const string LockSql =
        "SELECT version, state FROM toggles WHERE warehouse_id = $1 AND name = $2 FOR UPDATE";

    private const string ChangeSql = """
        WITH changed AS (UPDATE toggles SET version = $3, state = $4 WHERE warehouse_id = $1 AND name = $2)
        INSERT INTO toggle_changes (warehouse_id, name, version, changed_at, changed_by, old_state, new_state, reason)
        VALUES ($1, $2, $3, $6, $7, $5, $4, $8)
        """;

    internal static void MapPutToggle(this IEndpointRouteBuilder app) =>
        app.MapPut($"/toggles/{ToggleWatch.Name}", HandleAsync).RequireAuthorization("operator");

    internal static async Task<Results<Ok<ToggleView>, JsonHttpResult<Problem>>> HandleAsync(
        ToggleRequest request, ClaimsPrincipal caller, NpgsqlDataSource database, PickingSettings settings,
        ToggleWatch watch, TimeProvider clock, CancellationToken cancellation)
    {
        var faults = FaultsIn(request);
        if (faults.Count > 0)
            return Problems.Result(422, "bad_toggle", "The toggle stays as it is.", errors: faults);

        var state = new ToggleState(
            request.Enabled!.Value, request.Percentage ?? ToggleState.Off.Percentage,
            new SortedDictionary<string, bool>(request.Clients ?? [], StringComparer.Ordinal), request.Shadow ?? false);
        var by = caller.FindFirst(ApiKeyAuthentication.PrefixClaim)?.Value
            ?? throw new InvalidOperationException("An authorized caller without a key.");
        var changed = await ChangeAsync(database, settings.WarehouseId, state, by, request.Reason, clock, cancellation);
        watch.Take(changed);
        return TypedResults.Ok(await ShowToggle.ReadAsync(database, settings.WarehouseId, watch, cancellation));
    }

    /// <summary>Every fault in the request, keyed by field; empty when it may be put. Pure.</summary>
    internal static Dictionary<string, string[]> FaultsIn(ToggleRequest request)
    {
        var faults = new Dictionary<string, string[]>();
        if (request.Enabled is null) faults["enabled"] = ["is required"];
        if (request.Percentage is < 0 or > 100) faults["percentage"] = ["must be from 0 to 100"];
        if (request.Clients?.Count > ClientsMax) faults["clients"] = [$"must name at most {ClientsMax} clients"];
        else if (request.Clients?.Keys.All(Names.IsName) == false)
            faults["clients"] = [$"must be named by 1 to {PickingSettings.NameLengthMax} characters of text"];
        if (request.Reason is { } reason && (reason.Length > ReasonLengthMax || !Names.IsText(reason)))
            faults["reason"] = [$"must be at most {ReasonLengthMax} characters of text"];
        return faults;
    }

    private static async Task<VersionedToggle> ChangeAsync(
        NpgsqlDataSource database, string warehouseId, ToggleState state, string by, string? reason, TimeProvider clock,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var take = new NpgsqlCommand(LockSql, connection, transaction)
        {
            Parameters = { Typed.Text(warehouseId), Typed.Text(ToggleWatch.Name) },
        };
        long version;
        string old;
        await using (var row = await take.ExecuteReaderAsync(cancellation))
        {
            if (!await row.ReadAsync(cancellation))
                throw new InvalidOperationException("The toggle has no row, though the start makes one.");
            (version, old) = (row.GetInt64(0) + 1, row.GetString(1));
        }

        await using var change = new NpgsqlCommand(ChangeSql, connection, transaction)
        {
            Parameters =
            {
                Typed.Text(warehouseId), Typed.Text(ToggleWatch.Name), Typed.Bigint(version),
                Typed.Text(state.ToJson()), Typed.Text(old), Typed.Time(clock.GetUtcNow()), Typed.Text(by),
                Typed.Text(reason),
            },
        };
        await change.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return new VersionedToggle(version, state);
    }
}
