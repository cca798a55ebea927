using Npgsql;
using NpgsqlTypes;

namespace Fulfillment.Orders.Dispatch;

/// <summary>Many releases as three array parameters, for <c>unnest</c>.</summary>
internal static class ReleaseKeys
{
    /// <summary>
    /// Takes the order rows of $1 (clients) and $2 (orders), as everybody does first who changes an order: in the order
    /// (client, order id), so that no two wait for each other.
    /// </summary>
    internal const string LockOrdersSql = """
        SELECT 1 FROM orders o
        JOIN (SELECT DISTINCT client_id, order_id FROM unnest($1, $2) AS k(client_id, order_id)) k
            ON o.client_id = k.client_id AND o.order_id = k.order_id
        ORDER BY o.client_id, o.order_id FOR UPDATE OF o
        """;

    /// <summary>Adds clients, order ids and, if asked for, release numbers as the next parameters.</summary>
    internal static NpgsqlParameterCollection AddKeys(
        this NpgsqlParameterCollection parameters, IReadOnlyList<ReleaseKey> keys, bool releaseNumbers = true)
    {
        parameters.AddArray(NpgsqlDbType.Text, keys, key => key.ClientId);
        parameters.AddArray(NpgsqlDbType.Uuid, keys, key => key.OrderId);
        if (releaseNumbers) parameters.AddArray(NpgsqlDbType.Integer, keys, key => key.ReleaseNo);
        return parameters;
    }

    /// <summary>Adds one column of the rows as an array parameter.</summary>
    internal static void AddArray<TRow, TValue>(
        this NpgsqlParameterCollection parameters, NpgsqlDbType type, IReadOnlyList<TRow> rows,
        Func<TRow, TValue> column)
    {
        var values = new TValue[rows.Count];
        for (var row = 0; row < values.Length; row++) values[row] = column(rows[row]);
        parameters.Add(new NpgsqlParameter { Value = values, NpgsqlDbType = NpgsqlDbType.Array | type });
    }

    internal static void AddTime(this NpgsqlParameterCollection parameters, DateTimeOffset time) =>
        parameters.Add(new NpgsqlParameter { Value = time.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
}
