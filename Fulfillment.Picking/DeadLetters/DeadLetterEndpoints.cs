using Fulfillment.Picking.Database;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Picking.DeadLetters;

/// <summary>
/// A page of dead letters, oldest first; <paramref name="Next"/> is the <c>after</c> of the next page.
/// </summary>
internal sealed record DeadLetterPage(IReadOnlyList<DeadLetterView> Letters, Guid? Next);

/// <summary>
/// A message that was given up. <paramref name="Raw"/> (base64): for each field of the entry the length of its name (4
/// bytes, big endian), its name, the length of its value, its value. With an order id, Orders knows that the release
/// failed, and sending it again there makes a new release; without one nobody knows whose it was.
/// </summary>
internal sealed record DeadLetterView(
    Guid LetterId, string StreamEntry, string? ClientId, Guid? OrderId, int? ReleaseNo, string Reason,
    DateTimeOffset At,
    bool CanBeSentAgain, byte[] Raw);

/// <summary>GET /dead-letters?after=&amp;max=: what was given up, for the lead and the operator.</summary>
internal static class DeadLetterEndpoints
{
    internal const int LettersMax = 200;

    private const string PageSql = """
        SELECT letter_id, stream_entry, client_id, order_id, release_no, reason, at, raw FROM dead_letters
        WHERE warehouse_id = $1 AND letter_id > $2 ORDER BY letter_id LIMIT $3
        """;

    internal static void MapDeadLetters(this IEndpointRouteBuilder app) =>
        app.MapGet("/dead-letters", ListAsync).RequireAuthorization("lead");

    internal static async Task<Results<Ok<DeadLetterPage>, JsonHttpResult<Problem>>> ListAsync(
        Guid? after, int? max, NpgsqlDataSource database, PickingSettings settings, CancellationToken cancellation)
    {
        if (max is < 1 or > LettersMax) return Problems.Result(400, "bad_max", $"max must be from 1 to {LettersMax}.");
        var count = max ?? LettersMax;
        await using var command = database.CreateCommand(PageSql);
        command.Parameters.Add(Typed.Text(settings.WarehouseId));
        command.Parameters.Add(Typed.Uuid(after ?? Guid.Empty));
        command.Parameters.Add(Typed.Integer(count));
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var letters = new List<DeadLetterView>();
        while (await rows.ReadAsync(cancellation))
        {
            var known = !rows.IsDBNull(3);
            letters.Add(new DeadLetterView(
                rows.GetGuid(0), rows.GetString(1), rows.IsDBNull(2) ? null : rows.GetString(2),
                known ? rows.GetGuid(3) : null,
                known ? rows.GetInt32(4) : null, rows.GetString(5), rows.GetFieldValue<DateTimeOffset>(6), known,
                rows.GetFieldValue<byte[]>(7)));
        }

        return TypedResults.Ok(new DeadLetterPage(letters, letters.Count == count ? letters[^1].LetterId : null));
    }
}
