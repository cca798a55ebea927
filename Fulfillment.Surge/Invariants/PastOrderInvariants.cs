using System.Text.Json;
using System.Text.Json.Serialization;
using Npgsql;

namespace Fulfillment.Surge.Invariants;

/// <summary>
/// An order that is over is one row of past_orders, with its lines, releases and allocations inside: what holds for the
/// tables of work holds within the row. All rows are read once, in the order they lie in: the database would unfold
/// every document anew for each invariant.
/// </summary>
internal static class PastOrderInvariants
{
    private const string RowsSql =
        "SELECT client_id, order_id, cancelled_at IS NOT NULL, work FROM past_orders";

    /// <summary>The offenders of each invariant of <see cref="OrdersInvariants"/>.</summary>
    internal static async Task<ILookup<string, string>> OffendersAsync(
        NpgsqlDataSource ordersDb, CancellationToken cancellation)
    {
        var offenders = new List<(string Invariant, string Row)>();
        await using var command = ordersDb.CreateCommand(RowsSql);
        command.CommandTimeout = Invariant.SecondsMax;
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (offenders.Count < Invariant.OffendersMax && await row.ReadAsync(cancellation))
        {
            var work = JsonSerializer.Deserialize(row.GetFieldValue<byte[]>(3), PastWorkJson.Default.PastWork);
            foreach (var (invariant, fault) in Faults(work, cancelled: row.GetBoolean(2)))
                offenders.Add((invariant, $"past order {row.GetString(0)}/{row.GetGuid(1)}: {fault}"));
        }

        return offenders.ToLookup(offender => offender.Invariant, offender => offender.Row);
    }

    private static IEnumerable<(string Invariant, string Fault)> Faults(PastWork work, bool cancelled)
    {
        if (!cancelled && work.Releases is not { Length: > 0 })
            yield return (OrdersInvariants.NoOrderIsLost, "no release, not cancelled");

        foreach (var release in work.Releases ?? [])
        {
            if (release.State is not ("Picked" or "Cancelled"))
                yield return (OrdersInvariants.NoReleaseIsStuck, $"release {release.ReleaseNo} is {release.State}");
        }

        foreach (var line in work.Lines ?? [])
        {
            // As of open lines: units found short, or cancelled in one release, are ordered still.
            var (held, picked) = (0, 0);
            foreach (var part in work.Allocations ?? [])
            {
                if (part.LineNo != line.LineNo) continue;
                held += part.Quantity - part.Short - part.Cancelled;
                picked += part.Picked;
            }

            if (line.Quantity != held + line.Cancelled || line.Shipped > picked)
            {
                yield return (OrdersInvariants.LineAddsUp,
                    $"line {line.LineNo}: ordered {line.Quantity}, allocated {held}, cancelled {line.Cancelled}, "
                    + $"shipped {line.Shipped} of {picked} picked");
            }
        }

        foreach (var signal in work.Signals ?? [])
        {
            if (signal.AnsweredAt is null)
                yield return (OrdersInvariants.SignalsAnswered, $"{signal.Kind} of release {signal.ReleaseNo}");
        }

        // Past and not cancelled is shipped.
        if (!cancelled && !Array.Exists(work.Lines ?? [], line => line.Shipped > 0))
            yield return (OrdersInvariants.ShippedHasUnits, "shipped, no unit of it");
        if (!cancelled && Array.TrueForAll(work.Lines ?? [], line => line.Quantity == line.Cancelled))
            yield return (OrdersInvariants.NothingLeftIsCancelled, "all its units are cancelled, it is not");

        foreach (var part in work.Allocations ?? [])
        {
            if (part.Quantity != part.Picked + part.Short + part.Cancelled)
            {
                yield return (OrdersInvariants.ReservedIsOpen,
                    $"release {part.ReleaseNo}, line {part.LineNo}: units of {part.Sku} are still open");
            }

            if (!Array.Exists(work.Lines ?? [], line => line.LineNo == part.LineNo && line.Sku == part.Sku))
            {
                yield return (OrdersInvariants.RowsOfTheirClient,
                    $"allocation {part.ReleaseNo}/{part.LineNo} of {part.Sku}: no such line");
            }
        }
    }
}

/// <summary>What past_orders keeps of an order's work, as far as the invariants ask. Zeros are left out.</summary>
internal readonly record struct PastWork(
    PastLine[]? Lines, PastRelease[]? Releases, PastAllocation[]? Allocations, PastSignal[]? Signals);

internal readonly record struct PastLine(int LineNo, string? Sku, int Quantity, int Cancelled, int Shipped);

internal readonly record struct PastRelease(int ReleaseNo, string? State);

internal readonly record struct PastSignal(int ReleaseNo, string? Kind, DateTimeOffset? AnsweredAt);

internal readonly record struct PastAllocation(
    int ReleaseNo, int LineNo, string? Sku, int Quantity, int Picked, int Short, int Cancelled);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(PastWork))]
internal sealed partial class PastWorkJson : JsonSerializerContext;
