using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Fulfillment.ServiceDefaults;

namespace Fulfillment.Orders;

/// <summary>Reads a JSON body under a cap; what cannot be read is answered here with a problem.</summary>
internal static class RequestBody
{
    // Some clients begin with it; it is no JSON.
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Null when the problem has been written.</summary>
    internal static async ValueTask<T?> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type, int bytesMax)
        where T : class
    {
        if (!await BodyCap.AllowAsync(context, bytesMax)) return null;
        try
        {
            var body = await ReadAsync(context.Request.BodyReader, type, context.RequestAborted);
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
            await BodyCap.RefuseAsync(context, bytesMax);
        }

        return null;
    }

    /// <summary>A body that has arrived whole is read in one go, which costs half of reading it as it comes.</summary>
    private static async ValueTask<T?> ReadAsync<T>(
        PipeReader reader, JsonTypeInfo<T> type, CancellationToken cancellation)
        where T : class
    {
        var read = await reader.ReadAsync(cancellation);
        if (!read.IsCompleted || !read.Buffer.IsSingleSegment)
        {
            reader.AdvanceTo(read.Buffer.Start);
            return await JsonSerializer.DeserializeAsync(reader, type, cancellation);
        }

        try
        {
            var body = read.Buffer.FirstSpan;
            if (body.StartsWith(ByteOrderMark)) body = body[ByteOrderMark.Length..];
            return JsonSerializer.Deserialize(body, type);
        }
        finally
        {
            reader.AdvanceTo(read.Buffer.End);
        }
    }
}
