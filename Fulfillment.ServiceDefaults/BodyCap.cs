using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fulfillment.ServiceDefaults;

/// <summary>A cap on a request's body.</summary>
public static class BodyCap
{
    /// <summary>
    /// False when the body is announced as larger: then 413 has been answered, and the server reads past the body, as
    /// far as its own limit and 5 s allow. Closing on a sender that is still writing would reset the connection, and
    /// the answer would be lost with it (RFC 9112, section 9.6). A body that announces no length is cut off at the cap.
    /// </summary>
    public static async ValueTask<bool> AllowAsync(HttpContext context, int bytesMax)
    {
        if (context.Request.ContentLength > bytesMax)
        {
            await RefuseAsync(context, bytesMax);
            return false;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = bytesMax;
        return true;
    }

    public static Task RefuseAsync(HttpContext context, int bytesMax) => Problems.WriteAsync(
        context, StatusCodes.Status413PayloadTooLarge, "body_too_large", $"The body may have {bytesMax} bytes.");
}
