using Fulfillment.Picking.Database;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Picking.Toggle;

/// <summary>
/// The toggle as it is stored, and the version that the replica which answers plans by; the last changes first.
/// </summary>
internal sealed record ToggleView(
    bool Enabled, int Percentage, IReadOnlyDictionary<string, bool> Clients, bool Shadow, long Version,
    long VersionInEffect, IReadOnlyList<ToggleChange> Changes);

/// <summary>One change: by which API key, and why if it was said. The first one has no old state.</summary>
internal sealed record ToggleChange(
    long Version, DateTimeOffset ChangedAt, string ChangedBy, ToggleState? Old, ToggleState New, string? Reason);

/// <summary>GET /toggles/optimized-picking.</summary>
internal static class ShowToggle
{
    internal const int ChangesShown = 20;

    // The newest change is the state: both are written in one transaction.
    private const string ChangesSql = """
        SELECT version, changed_at, changed_by, old_state, new_state, reason FROM toggle_changes
        WHERE warehouse_id = $1 AND name = $2 ORDER BY version DESC LIMIT $3
        """;

    internal static void MapShowToggle(this IEndpointRouteBuilder app) =>
        app.MapGet($"/toggles/{ToggleWatch.Name}", HandleAsync).RequireAuthorization("operator");

    internal static async Task<Ok<ToggleView>> HandleAsync(
        NpgsqlDataSource database, PickingSettings settings, ToggleWatch watch, CancellationToken cancellation) =>
        TypedResults.Ok(await ReadAsync(database, settings.WarehouseId, watch, cancellation));

    internal static async Task<ToggleView> ReadAsync(
        NpgsqlDataSource database, string warehouseId, ToggleWatch watch, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(ChangesSql);
        command.Parameters.Add(Typed.Text(warehouseId));
        command.Parameters.Add(Typed.Text(ToggleWatch.Name));
        command.Parameters.Add(Typed.Integer(ChangesShown));
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var changes = new List<ToggleChange>();
        while (await rows.ReadAsync(cancellation))
        {
            changes.Add(new ToggleChange(
                rows.GetInt64(0), rows.GetFieldValue<DateTimeOffset>(1), rows.GetString(2),
                rows.IsDBNull(3) ? null : ToggleState.FromJson(rows.GetString(3)),
                ToggleState.FromJson(rows.GetString(4)), rows.IsDBNull(5) ? null : rows.GetString(5)));
        }

        var (version, state) = changes.Count > 0 ? (changes[0].Version, changes[0].New) : (0, ToggleState.Off);
        return new ToggleView(
            state.Enabled, state.Percentage, state.Clients, state.Shadow, version, watch.Current.Version, changes);
    }
}
