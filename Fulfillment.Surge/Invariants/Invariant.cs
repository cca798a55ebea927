using Npgsql;

namespace Fulfillment.Surge.Invariants;

/// <summary>
/// What must hold in one database once all is quiet. <see cref="OffendersSql"/> returns a text for each row that breaks
/// it, and nothing when it holds.
/// </summary>
internal sealed record Invariant(int Number, string Name, string OffendersSql)
{
    /// <summary>More rows than this say nothing new.</summary>
    internal const int OffendersMax = 20;

    /// <summary>How long a query may take: a database of ten million orders is read whole.</summary>
    internal const int SecondsMax = 600;

    internal async Task<List<string>> OffendersAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"SELECT offender FROM ({OffendersSql}) AS found(offender) LIMIT {OffendersMax}");
        command.CommandTimeout = SecondsMax;
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var offenders = new List<string>();
        while (await rows.ReadAsync(cancellation)) offenders.Add(rows.GetString(0));
        return offenders;
    }
}

/// <summary>The outcome for one of the numbered invariants.</summary>
internal sealed record Finding(int Number, string Name, IReadOnlyList<string> Offenders)
{
    internal bool Broken => Offenders.Count > 0;
}
