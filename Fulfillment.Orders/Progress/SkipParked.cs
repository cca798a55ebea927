using Fulfillment.Orders.Dispatch;
using Npgsql;

namespace Fulfillment.Orders.Progress;

/// <summary>What becomes of the open units of a release that is skipped.</summary>
internal static class SkipUnits
{
    /// <summary>They are cancelled, and free to be sold again.</summary>
    internal const string Free = "free";

    /// <summary>They stay reserved and go to picking again, as a new release.</summary>
    internal const string Again = "again";

    /// <summary>They have left the shelf: they are booked as picked.</summary>
    internal const string Picked = "picked";

    /// <summary>There are none: nobody here knows the release.</summary>
    internal const string None = "none";

    internal static bool IsOne(string? units) => units is Free or Again or Picked or None;
}

/// <summary>A release that was skipped: how many units were open, and under which number they go on.</summary>
internal sealed record Skipped(string Units, int Quantity, int? NewReleaseNo);

/// <summary>
/// Ends a parked release as a person says. Its queue is dropped, and so is what Picking may still tell of it.
/// </summary>
internal static class SkipParked
{
    private const string OfRelease = "WHERE warehouse_id = $1 AND client_id = $2 AND order_id = $3 AND release_no = $4";

    private const string VersionSql =
        $"SELECT coalesce(max((event::json ->> 'version')::integer), 0) FROM parked_events {OfRelease}";

    private const string DropSql = $"DELETE FROM parked_events {OfRelease}";

    private const string SkipSql = $"UPDATE parked_releases SET skipped_at = $5, units = $6 {OfRelease}";

    /// <summary>
    /// Null when the release is not parked. <see cref="Skipped.Units"/> is <see cref="SkipUnits.None"/> when nobody
    /// knows it, and only then may that be asked for.
    /// </summary>
    /// <exception cref="EventsRefusedException">The units cannot be booked so.</exception>
    internal static async Task<(Skipped? Skipped, Effects Effects)> RunAsync(
        NpgsqlDataSource database, string warehouseId, ReleaseKey key, string units, DateTimeOffset now,
        CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var known = await ApplyEvents.LockAsync(connection, warehouseId, [key], [key], false, cancellation);
        if (!known.Parked.TryGetValue(key, out var already) || already) return (null, new Effects());
        var isKnown = known.Releases.ContainsKey(key);
        if (isKnown == (units == SkipUnits.None))
        {
            throw new EventsRefusedException(isKnown
                ? "the release is known: say what becomes of its units (free, again, picked)"
                : "nobody here knows the release, so it has no units: say none");
        }

        var open = known.Lines.GetValueOrDefault(key)?.Sum(line => line.Open) ?? 0;
        var effects = Effects.OfSkip(
            key, units, await VersionAsync(connection, warehouseId, key, cancellation), known, now);
        await using var batch = new NpgsqlBatch(connection, transaction);
        WriteEffects.AddTo(batch, effects, $"skip:{key.OrderId}/{key.ReleaseNo}", now, resuming: false);
        RetryParked.Add(batch, DropSql, warehouseId, key);
        var skip = RetryParked.Add(batch, SkipSql, warehouseId, key);
        skip.AddTime(now);
        skip.Add(new() { Value = units });
        await batch.ExecuteNonQueryAsync(cancellation);
        WriteEffects.CheckCounts(batch, effects);
        await transaction.CommitAsync(cancellation);
        return (new Skipped(units, open, effects.Moves.Count > 0 ? effects.Moves[0].NewReleaseNo : null), effects);
    }

    private static async Task<int> VersionAsync(
        NpgsqlConnection connection, string warehouseId, ReleaseKey key, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        RetryParked.Add(batch, VersionSql, warehouseId, key);
        return (int)(await batch.ExecuteScalarAsync(cancellation))!;
    }
}
