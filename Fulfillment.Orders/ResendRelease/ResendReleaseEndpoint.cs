using Fulfillment.Orders.Archive;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.Progress;
using Fulfillment.Orders.States;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Orders.ResendRelease;

/// <summary>
/// POST /orders/{orderId}/releases/{releaseNo}/resend?client={clientId}, by an operator: a failed release, whose lines
/// are parked and still reserved, goes to picking again as a new release.
/// </summary>
internal static class ResendReleaseEndpoint
{
    private const string LockSql = """
        SELECT r.state, (SELECT max(n.release_no) FROM releases n
                         WHERE n.client_id = r.client_id AND n.order_id = r.order_id)
        FROM releases r WHERE r.client_id = $1 AND r.order_id = $2 AND r.release_no = $3 FOR UPDATE
        """;

    private const string CloseSql = """
        UPDATE releases SET state = 'Cancelled', reason = 'resent as release ' || $4
        WHERE client_id = $1 AND order_id = $2 AND release_no = $3
        """;

    internal static void MapResendRelease(this IEndpointRouteBuilder app) => app
        .MapPost("/orders/{orderId:guid}/releases/{releaseNo:int}/resend", HandleAsync)
        .RequireAuthorization("operator");

    internal static async Task<Results<Ok<ResentRelease>, JsonHttpResult<Problem>>> HandleAsync(
        Guid orderId, int releaseNo, string client, NpgsqlDataSource database, DispatchSignal dispatch,
        TimeProvider clock, CancellationToken cancellation)
    {
        var key = new ReleaseKey(client, orderId, releaseNo);
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var release = await LockAsync(connection, key, cancellation)
            ?? await FindPastAsync(connection, key, cancellation);
        if (release is not var (state, releaseNoMax))
            return Problems.Result(StatusCodes.Status404NotFound, "release_not_found", "There is no such release");
        if (state != ReleaseState.Failed)
        {
            return Problems.Result(StatusCodes.Status409Conflict, ReleaseStates.IllegalTransition,
                "Only a failed release can be sent again", $"The release is {ReleaseStates.Name(state)}.");
        }

        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.AddMoves([(key, releaseNoMax + 1)], clock.GetUtcNow());
        var close = new NpgsqlBatchCommand(CloseSql);
        AddKey(close.Parameters, key);
        close.Parameters.Add(new NpgsqlParameter { Value = $"{releaseNoMax + 1}" });
        batch.BatchCommands.Add(close);
        await batch.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        dispatch.Pulse();
        return TypedResults.Ok(new ResentRelease(orderId, releaseNoMax + 1));
    }

    private static async Task<(ReleaseState State, int ReleaseNoMax)?> LockAsync(
        NpgsqlConnection connection, ReleaseKey key, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        var lockOrder = new NpgsqlBatchCommand(ReleaseKeys.LockOrdersSql);
        lockOrder.Parameters.AddKeys([key], releaseNumbers: false);
        var lockRelease = new NpgsqlBatchCommand(LockSql);
        AddKey(lockRelease.Parameters, key);
        batch.BatchCommands.Add(lockOrder);
        batch.BatchCommands.Add(lockRelease);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        return await reader.ReadAsync(cancellation)
            ? (ReleaseStates.Parse(reader.GetString(0)), reader.GetInt32(1))
            : null;
    }

    // Of a past order: it is over, so it is none that failed.
    private static async Task<(ReleaseState State, int ReleaseNoMax)?> FindPastAsync(
        NpgsqlConnection connection, ReleaseKey key, CancellationToken cancellation)
    {
        var past = await PastOrder.FindAsync(connection, key.ClientId, key.OrderId, cancellation);
        return past?.Work.Releases.FirstOrDefault(release => release.ReleaseNo == key.ReleaseNo) is { } found
            ? (ReleaseStates.Parse(found.State), past.Work.Releases[^1].ReleaseNo)
            : null;
    }

    private static void AddKey(NpgsqlParameterCollection parameters, ReleaseKey key)
    {
        parameters.Add(new NpgsqlParameter { Value = key.ClientId });
        parameters.Add(new NpgsqlParameter { Value = key.OrderId });
        parameters.Add(new NpgsqlParameter { Value = key.ReleaseNo });
    }
}

/// <summary>The new number under which the lines go.</summary>
internal sealed record ResentRelease(Guid OrderId, int ReleaseNo);
