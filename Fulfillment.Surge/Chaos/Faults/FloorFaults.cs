using Npgsql;

namespace Fulfillment.Surge.Chaos.Faults;

/// <summary>Leases that run out under pickers who are still walking, and go on confirming.</summary>
internal static class FloorFaults
{
    private const string EndLeasesSql = """
        UPDATE tours SET leased_until = now() - interval '1 second' WHERE state IN ('Leased', 'InProgress')
        """;

    internal static readonly FaultKind[] All = [new("leases-ended", EndLeasesAsync) { RuledBy = Rules.Lease }];

    private static async Task EndLeasesAsync(ChaosWorld world, Strike strike, CancellationToken cancellation)
    {
        await using var connection = await world.Postgres.OpenAsync(world.System.PickingDb, cancellation);
        await using var end = new NpgsqlCommand(EndLeasesSql, connection);
        strike.On = $"{await end.ExecuteNonQueryAsync(cancellation)} tours";
        strike.EndsNow();
    }
}
