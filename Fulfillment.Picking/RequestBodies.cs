using Fulfillment.ServiceDefaults;

namespace Fulfillment.Picking;

/// <summary>One cap for the body of every request.</summary>
internal static class RequestBodies
{
    /// <summary>Above the largest call there is: 10,000 slots.</summary>
    internal const int BodyBytesMax = 4 * 1024 * 1024;

    internal static void UseBodyCap(this WebApplication app) => app.Use(async (context, next) =>
    {
        if (await BodyCap.AllowAsync(context, BodyBytesMax)) await next(context);
    });
}
