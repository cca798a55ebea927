using Npgsql;

namespace Fulfillment.Orders;

/// <summary>What every statement about one order begins with: its key, as $1 and $2.</summary>
internal static class OrderCommand
{
    /// <summary>Adds the statement with (client, order) bound; returns its parameters for those that follow.</summary>
    internal static NpgsqlParameterCollection AddForOrder(
        this NpgsqlBatch batch, string sql, string clientId, Guid orderId)
    {
        var command = new NpgsqlBatchCommand(sql)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = clientId },
                new NpgsqlParameter<Guid> { TypedValue = orderId },
            },
        };
        batch.BatchCommands.Add(command);
        return command.Parameters;
    }
}
