using System.Collections.Concurrent;
using Npgsql;

namespace Fulfillment.Orders.Catalog;

/// <summary>What an order takes from its client.</summary>
internal sealed record Client(string ClientId, string WarehouseId, TimeOnly CutOff, TimeZoneInfo TimeZone);

/// <summary>Clients by id, at most <see cref="Lifetime"/> old; an unknown one is asked for each time.</summary>
internal sealed class ClientDirectory(NpgsqlDataSource database, TimeProvider clock)
{
    internal static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(5);

    private const string FindSql = """
        SELECT c.warehouse_id, w.cut_off, w.time_zone FROM clients c JOIN warehouses w USING (warehouse_id)
        WHERE c.client_id = $1
        """;

    // Bounded by the number of clients: only those that exist are kept.
    private readonly ConcurrentDictionary<string, (Client Client, DateTimeOffset ReadAt)> _known = new(
        StringComparer.Ordinal);

    internal async ValueTask<Client?> FindAsync(string clientId, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        if (_known.TryGetValue(clientId, out var known) && known.ReadAt + Lifetime > now) return known.Client;
        await using var find = database.CreateCommand(FindSql);
        find.Parameters.Add(new NpgsqlParameter<string> { TypedValue = clientId });
        await using var reader = await find.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation)) return null;
        var client = new Client(
            clientId, reader.GetString(0), reader.GetFieldValue<TimeOnly>(1),
            TimeZoneInfo.FindSystemTimeZoneById(reader.GetString(2)));
        _known[clientId] = (client, now);
        return client;
    }
}
