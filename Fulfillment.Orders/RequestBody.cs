using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Fulfillment.ServiceDefaults;
using Microsoft.AspNetCore.Http.Features;

namespace Fulfillment.Orders;

/// <summary>Reads a JSON body under a cap; what cannot be read is answered here with a problem.</summary>
internal static class RequestBody
{
    /// <summary>Null when the problem has been written.</summary>
    internal static async ValueTask<T?> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type, int bytesMax)
        where T : class
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = bytesMax;
        try
        {
            var body = await JsonSerializer.DeserializeAsync(context.Request.BodyReader, type, context.RequestAborted);
            if (body is not null) return body;
            await Problems.WriteAsync(context, 400, "malformed_json", "The body is null.");
        }
        catch (JsonException malformed)
        {
            var unknown = malformed.Message.Contains("could not be mapped", StringComparison.Ordinal);
            await Problems.WriteAsync(
                context, 400, unknown ? "unknown_field" : "malformed_json", "The body cannot be read.",
                $"At {malformed.Path ?? "$"}, line {malformed.LineNumber + 1}.");
        }
        catch (BadHttpRequestException refused) when (refused.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            await Problems.WriteAsync(context, 413, "body_too_large", $"The body may have {bytesMax} bytes.");
        }

        return null;
    }
}
