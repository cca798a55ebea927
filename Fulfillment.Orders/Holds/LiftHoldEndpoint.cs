using System.Security.Claims;
using Fulfillment.Orders.Dispatch;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Orders.Holds;

/// <summary>DELETE /orders/{orderId}/holds/{name}. With the last hold of an order gone, what waits is
/// dispatched.</summary>
internal static class LiftHoldEndpoint
{
    // Locked first, as everywhere: two holds lifted at once see each other, and the second one lets the order go.
    private const string LockOrderSql = "SELECT FROM orders WHERE client_id = $1 AND order_id = $2 FOR UPDATE";

    private const string LiftSql = "DELETE FROM holds WHERE client_id = $1 AND order_id = $2 AND name = $3";

    private const string LetGoSql = """
        UPDATE releases SET held = false
        WHERE client_id = $1 AND order_id = $2 AND state = 'Waiting' AND held
              AND NOT EXISTS (SELECT FROM holds WHERE client_id = $1 AND order_id = $2)
        """;

    // After the lock: who waited there for the archiver finds the order here. The last hold leaves no list behind.
    private const string LiftPastSql = """
        UPDATE past_orders SET work = json_strip_nulls((work::jsonb || jsonb_build_object('holds', (
            SELECT jsonb_agg(hold ORDER BY hold->>'name') FROM json_array_elements(work->'holds') AS hold
            WHERE hold->>'name' <> $3)))::json)
        WHERE client_id = $1 AND order_id = $2 AND EXISTS (
            SELECT FROM json_array_elements(work->'holds') AS hold WHERE hold->>'name' = $3)
        """;

    internal static void MapLiftHold(this IEndpointRouteBuilder app) =>
        app.MapDelete("/orders/{orderId:guid}/holds/{name}", HandleAsync).RequireAuthorization("client");

    internal static async Task<Results<NoContent, JsonHttpResult<Problem>>> HandleAsync(
        Guid orderId, string name, ClaimsPrincipal user, NpgsqlDataSource database, DispatchSignal dispatch,
        CancellationToken cancellation)
    {
        var clientId = user.Subject()!;
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction);
        foreach (var sql in (string[])[LockOrderSql, LiftSql, LetGoSql, LiftPastSql])
        {
            var command = new NpgsqlBatchCommand(sql)
            {
                Parameters =
                {
                    new NpgsqlParameter<string> { TypedValue = clientId },
                    new NpgsqlParameter<Guid> { TypedValue = orderId },
                },
            };
            if (sql is LiftSql or LiftPastSql)
                command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
            batch.BatchCommands.Add(command);
        }

        await batch.ExecuteNonQueryAsync(cancellation);
        if (batch.BatchCommands[1].RecordsAffected + batch.BatchCommands[3].RecordsAffected == 0)
            return Problems.Result(
                StatusCodes.Status404NotFound, "unknown_hold", "The client's order has no such hold.");
        await transaction.CommitAsync(cancellation);
        dispatch.Pulse();
        return TypedResults.NoContent();
    }
}
