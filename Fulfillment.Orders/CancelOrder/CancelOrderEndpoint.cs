using System.Diagnostics;
using System.Security.Claims;
using Fulfillment.Orders.Dispatch;
using Fulfillment.Orders.PlaceOrder;
using Fulfillment.Orders.States;
using Fulfillment.ServiceDefaults;
using Fulfillment.ServiceDefaults.ApiKeys;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Fulfillment.Orders.CancelOrder;

/// <summary>
/// POST /orders/{orderId}/cancel. What was not dispatched is cancelled now, what may still lie in the picking queue is
/// asked back (202), and what is on a tour is too late. A repeat answers what has become of it since.
/// </summary>
internal static class CancelOrderEndpoint
{
    internal static void MapCancelOrder(this IEndpointRouteBuilder app) =>
        app.MapPost("/orders/{orderId:guid}/cancel", HandleAsync).RequireAuthorization("client");

    internal static async Task<Results<Ok<CancelAnswer>, Accepted<CancelAnswer>, JsonHttpResult<Problem>>> HandleAsync(
        Guid orderId, ClaimsPrincipal user, NpgsqlDataSource database, IntakeWriter intake, DispatchSignal dispatch,
        TimeProvider clock, CancellationToken cancellation)
    {
        var clientId = user.Subject()!;
        var cancel = await CancelTransaction.RunAsync(
            database, clientId, orderId, clock.GetUtcNow(), Activity.Current?.Id, cancellation);
        if (cancel is null)
            return Problems.Result(StatusCodes.Status404NotFound, "unknown_order", "The client has no such order.");
        if (cancel.Refusal is { } code)
        {
            return Problems.Result(StatusCodes.Status409Conflict, code, "Nothing of the order can be cancelled any more.",
                $"The order is {OrderStates.Name(cancel.Status)}.");
        }

        // Also for a repeat: the process that cancelled may have died before it gave the stock to those who wait.
        if (cancel.FreedSkus.Count > 0)
            await intake.ReallocateAsync(clientId, cancel.FreedSkus).WaitAsync(cancellation);
        var answer = new CancelAnswer(orderId, OrderStates.Name(cancel.Status),
            [.. cancel.Releases.Select(release => new CancelledRelease(release.ReleaseNo, $"{release.Outcome}"))]);
        if (!cancel.Releases.Any(release => release.Outcome == CancelOutcome.Requested)) return TypedResults.Ok(answer);
        dispatch.Pulse();
        return TypedResults.Accepted($"/orders/{orderId}", answer);
    }
}

/// <summary>Outcome: Cancelled, Requested (the picking queue is asked) or TooLate (it is on a tour, or picked).</summary>
internal sealed record CancelledRelease(int ReleaseNo, string Outcome);

/// <summary>Status: of the order as a whole, after this.</summary>
internal sealed record CancelAnswer(Guid OrderId, string Status, IReadOnlyList<CancelledRelease> Releases);
