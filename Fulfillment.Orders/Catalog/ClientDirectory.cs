using System.Collections.Concurrent;
using Npgsql;

namespace Fulfillment.Orders.Catalog;

/// <summary>What an order takes from its client.</summary>
internal sealed record Client(string ClientId, string WarehouseId, TimeOnly CutOff, TimeZoneInfo TimeZone);

/// <summary>Clients by id, at most <see cref="Lifetime"/> old; an unknown one is asked for each time.</summary>
internal sealed class ClientDirectory(NpgsqlDataSource database, TimeProvider clock)
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

    internal async ValueTask<Client?> FindAsync(string clientId, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        if (!_known.TryGetValue(clientId, out var known) || known.ReadAt + Lifetime < now)
            return await ReadAsync(clientId, now, cancellation);
        if (known.ReadAt + RefreshAge >= now || !known.TakeTurn()) return known.Client;
        try
        {
            // One caller reads anew while the others go on with what is known: it never runs out for all at once.
            return await ReadAsync(clientId, now, cancellation);
        }
        catch (NpgsqlException)
        {
            return known.Client; // until its lifetime ends
        }
    }

    private async Task<Client?> ReadAsync(string clientId, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var find = database.CreateCommand(FindSql);
        find.Parameters.Add(new NpgsqlParameter<string> { TypedValue = clientId });
        await using var reader = await find.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation)) return null;
        var client = new Client(
            clientId, reader.GetString(0), reader.GetFieldValue<TimeOnly>(1),
            TimeZoneInfo.FindSystemTimeZoneById(reader.GetString(2)));
        _known[clientId] = new Known(client, now);
        return client;
    }

    private sealed record Known(Client Client, DateTimeOffset ReadAt)
    {
        private int _turns;

        // True for one caller.
        internal bool TakeTurn() => Interlocked.Exchange(ref _turns, 1) == 0;
    }
}
