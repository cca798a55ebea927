namespace Fulfillment.Orders.Progress;

/// <summary>Registration of this folder.</summary>
internal static class ProgressRegistration
{
    /// <summary>
    /// Adds the feeds' readers and their health check. Needs <c>AddDispatch</c>; uses a <see cref="StockFreed"/> if
    /// there is one.
    /// </summary>
    internal static void AddProgress(this IHostApplicationBuilder builder)
    {
        builder.Services.AddHttpClient(FeedClient.HttpClientName);
        builder.Services.AddSingleton(ProgressOptions.From(builder.Configuration));
        builder.Services.AddSingleton<FeedClient>();
        builder.Services.AddSingleton<FeedState>();
        builder.Services.AddSingleton<FreedStock>();
        builder.Services.AddHostedService<FeedHost>();
        builder.Services.AddHealthChecks().AddCheck<FeedState>("picking feed");
    }
}
