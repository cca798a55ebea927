using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fulfillment.ServiceDefaults.Outages;

/// <summary>
/// Answers that no endpoint gives itself are problems with a stable code too. The one place where a store's fault
/// becomes an answer: 503 with Retry-After. Nobody is held longer than the timeouts of the connection string allow
/// (<see cref="DataStores.ConnectionSettings"/>).
/// </summary>
public sealed partial class RequestFaults(RequestDelegate next, StoreHealth stores, ILogger<RequestFaults> log)
{
    /// <summary>A lost store is back in seconds or in minutes; asking sooner finds the same.</summary>
    public const string RetryAfterSeconds = "2";

    public async Task InvokeAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            await next(context);
            var answer = context.Response;
            if (answer is { StatusCode: >= 400, HasStarted: false, ContentType: null, ContentLength: null })
                await AnswerStatusAsync(context, answer.StatusCode);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone: nobody reads an answer.
        }
        catch (Exception failed)
        {
            if (!await TryAnswerAsync(context, failed)) throw; // the server cuts the answer off, and logs why
        }
    }

    private async ValueTask<bool> TryAnswerAsync(HttpContext context, Exception failed)
    {
        var isStores = StoreFault.StoreOf(failed) is not null;
        if (isStores) stores.Failed(failed);
        if (context.Response.HasStarted)
        {
            if (isStores) context.Abort(); // half an answer must not look like a whole one
            return isStores;
        }

        context.Response.Clear();
        if (isStores || StoreFault.IsCrossed(failed))
        {
            context.Response.Headers.RetryAfter = RetryAfterSeconds;
            await Problems.WriteAsync(
                context, StatusCodes.Status503ServiceUnavailable, "store_unavailable",
                "A store of this service does not answer: send the same request again.");
        }
        else if (failed is BadHttpRequestException bad)
        {
            await AnswerStatusAsync(context, bad.StatusCode);
        }
        else
        {
            Failed(log, context.Request.Method, context.GetEndpoint()?.DisplayName, failed);
            await Problems.WriteAsync(context, 500, "internal_error", "Something went wrong on our side.");
        }

        return true;
    }

    private static Task AnswerStatusAsync(HttpContext context, int status)
    {
        var (code, title) = status switch
        {
            400 => ("malformed_request", "The request cannot be read: check its JSON and its parameters."),
            404 => ("not_found", "There is nothing here."),
            405 => ("method_not_allowed", "The resource does not know this method."),
            413 => ("body_too_large", "The body is too large."),
            415 => ("unsupported_media_type", "Send application/json."),
            var other => ($"status_{other}", "The request failed."),
        };
        return Problems.WriteAsync(context, status, code, title);
    }

    [LoggerMessage(1, LogLevel.Error, "{Method} {Endpoint} failed")]
    private static partial void Failed(ILogger log, string method, string? endpoint, Exception failed);
}

/// <summary>Registration.</summary>
public static class RequestFaultsExtensions
{
    /// <summary>First of all steps: what it does not see it cannot answer.</summary>
    public static void UseRequestFaults(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.UseMiddleware<RequestFaults>();
    }
}
