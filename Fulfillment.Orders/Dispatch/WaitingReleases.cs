using Fulfillment.ServiceDefaults.Leadership;
using Npgsql;

namespace Fulfillment.Orders.Dispatch;

/// <summary>
/// Looks at what waits, without reading all of it: the clients one by one, and the first releases of each.
/// </summary>
internal static class WaitingReleases
{
    // The recursion jumps from client to client through the index releases_waiting, so a backlog of a million costs
    // what one of a hundred does. Of a client, the earliest ship-by that can still be met goes first, then what is late
    // anyway.
    internal const string HeadsSql = """
        WITH RECURSIVE waiting (client_id) AS (
            (SELECT client_id FROM releases
             WHERE warehouse_id = $1 AND state = 'Waiting' AND NOT held ORDER BY client_id LIMIT 1)
            UNION ALL
            SELECT (SELECT r.client_id FROM releases r
                    WHERE r.warehouse_id = $1 AND r.state = 'Waiting' AND NOT r.held AND r.client_id > w.client_id
                    ORDER BY r.client_id LIMIT 1)
            FROM waiting w WHERE w.client_id IS NOT NULL)
        SELECT w.client_id, c.weight, h.order_id, h.release_no, h.line_count
        FROM waiting w
        JOIN clients c ON c.client_id = w.client_id
        CROSS JOIN LATERAL (
            (SELECT r.order_id, r.release_no, r.line_count, r.ship_by, false AS late FROM releases r
             WHERE r.warehouse_id = $1 AND r.client_id = w.client_id AND r.state = 'Waiting' AND NOT r.held
                   AND r.ship_by >= $2
             ORDER BY r.ship_by, r.order_id, r.release_no LIMIT $3)
            UNION ALL
            (SELECT r.order_id, r.release_no, r.line_count, r.ship_by, true FROM releases r
             WHERE r.warehouse_id = $1 AND r.client_id = w.client_id AND r.state = 'Waiting' AND NOT r.held
                   AND r.ship_by < $2
             ORDER BY r.ship_by, r.order_id, r.release_no LIMIT $3)
            ORDER BY late, ship_by, order_id, release_no LIMIT $3) h
        ORDER BY w.client_id, h.late, h.ship_by, h.order_id, h.release_no
        """;

    /// <summary>Every client with releases waiting, with the first <paramref name="perClient"/> of them.</summary>
    internal static async Task<List<WaitingClient>> ReadHeadsAsync(
        Leader leader, string warehouseId, DateTimeOffset mustShipFrom, int perClient,
        CancellationToken cancellation)
    {
        await using var command = leader.CreateCommand(HeadsSql);
        command.Parameters.Add(new NpgsqlParameter { Value = warehouseId });
        command.Parameters.AddTime(mustShipFrom);
        command.Parameters.Add(new NpgsqlParameter { Value = perClient });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var clients = new List<WaitingClient>();
        var releases = new List<WaitingRelease>();
        while (await reader.ReadAsync(cancellation))
        {
            var (clientId, weight) = (reader.GetString(0), reader.GetInt32(1));
            if (releases.Count > 0 && releases[^1].Key.ClientId != clientId) Close();
            var key = new ReleaseKey(clientId, reader.GetGuid(2), reader.GetInt32(3));
            releases.Add(new WaitingRelease(key, reader.GetInt32(4), weight));
        }

        if (releases.Count > 0) Close();
        return clients;

        void Close()
        {
            clients.Add(new WaitingClient(
                releases[0].Key.ClientId, releases[0].Weight, releases, MoreWait: releases.Count == perClient));
            releases = [];
        }
    }
}
