using System.Data.Common;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Diagnostics;

namespace Fulfillment.Picking;

/// <summary>Answers that no endpoint gives itself are problems with a stable code too.</summary>
internal static class RequestFaults
{
    /// <summary>Above the largest call there is: 10,000 slots.</summary>
    internal const int BodyBytesMax = 4 * 1024 * 1024;

    internal static void UseRequestFaults(this WebApplication app)
    {
        app.UseExceptionHandler(handler => handler.Run(AnswerExceptionAsync));
        app.UseStatusCodePages(page => AnswerStatusAsync(page.HttpContext));
        app.Use(async (context, next) =>
        {
            if (await BodyCap.AllowAsync(context, BodyBytesMax)) await next(context);
        });
    }

    private static Task AnswerExceptionAsync(HttpContext context)
    {
        var thrown = context.Features.Get<IExceptionHandlerFeature>()?.Error;
        if (thrown is not DbException { IsTransient: true })
            return Problems.WriteAsync(context, 500, "internal_error", "Something went wrong on our side.");
        context.Response.Headers.RetryAfter = "1";
        return Problems.WriteAsync(context, 503, "store_unavailable", "The database does not answer; try again.");
    }

    private static Task AnswerStatusAsync(HttpContext context)
    {
        if (context.Response.StatusCode == StatusCodes.Status413PayloadTooLarge)
            return BodyCap.RefuseAsync(context, BodyBytesMax);
        var (code, title) = context.Response.StatusCode switch
        {
            400 => ("malformed_request", "The request cannot be read: check its JSON and its parameters."),
            404 => ("not_found", "There is nothing here."),
            405 => ("method_not_allowed", "The resource does not know this method."),
            415 => ("unsupported_media_type", "Send application/json."),
            var other => ($"status_{other}", "The request failed."),
        };
        return Problems.WriteAsync(context, context.Response.StatusCode, code, title);
    }
}
