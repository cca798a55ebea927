using System.Collections.Concurrent;
using Fulfillment.ServiceDefaults.Outages;
using Npgsql;

namespace Fulfillment.Orders.Catalog;

/// <summary>
/// What an order takes from its client. The time zone is null when this machine does not know it: it was stored by one
/// with other data.
/// </summary>
internal sealed record Client(string ClientId, string WarehouseId, TimeOnly CutOff, TimeZoneInfo? TimeZone);

/// <summary>
/// Clients by id, at most <see cref="Lifetime"/> old, or while Postgres is away as old as <see cref="KnownWhileAway"/>
/// says; an unknown one is asked for each time.
/// </summary>
internal sealed class ClientDirectory(
    NpgsqlDataSource database, TimeProvider clock, StoreHealth stores, KnownWhileAway whileAway)
{
    internal static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    // Half of the lifetime is left for the answer to arrive.
    private static readonly TimeSpan RefreshAge = Lifetime / 2;

    private const string FindSql = """
        SELECT c.warehouse_id, w.cut_off, w.time_zone FROM clients c JOIN warehouses w USING (warehouse_id)
        WHERE c.client_id = $1
        """;

    // Bounded by the number of clients: only those that exist are kept.
    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);

    internal ValueTask<Client?> FindAsync(string clientId, CancellationToken cancellation)
    {
        if (!_known.TryGetValue(clientId, out var known)) return new(ReadAsync(clientId, cancellation));
        var age = clock.GetElapsedTime(known.ReadAt);
        // One caller reads anew while the others go on with what is known: it never runs out for all at once.
        if (age <= RefreshAge || (age <= Lifetime && !known.TakeTurn())) return new(known.Client);
        if (age > Lifetime && age > whileAway.For) return new(ReadAsync(clientId, cancellation));
        return stores.Answers(StoreFault.Postgres)
            ? KnownWhileAway.OrAsync(ReadAsync(clientId, cancellation), known.Client, clock)
            : new(known.Client);
    }

    private async Task<Client?> ReadAsync(string clientId, CancellationToken cancellation)
    {
        var now = clock.GetTimestamp();
        await using var find = database.CreateCommand(FindSql);
        find.Parameters.Add(new NpgsqlParameter<string> { TypedValue = clientId });
        await using var reader = await find.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation)) return null;
        var client = new Client(
            clientId, reader.GetString(0), reader.GetFieldValue<TimeOnly>(1),
            TimeZoneInfo.TryFindSystemTimeZoneById(reader.GetString(2), out var zone) ? zone : null);
        _known[clientId] = new Known(client, now);
        return client;
    }

    private sealed record Known(Client? Client, long ReadAt)
    {
        private int _turns;

        // True for one caller.
        internal bool TakeTurn() => Interlocked.Exchange(ref _turns, 1) == 0;
    }
}
