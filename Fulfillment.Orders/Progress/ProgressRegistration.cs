namespace Fulfillment.Orders.Progress;

/// <summary>Registration of this folder.</summary>
internal static class ProgressRegistration
{
    /// <summary>
    /// Adds the feed's reader and its health check. Needs <c>AddDispatch</c>; uses a <see cref="StockFreed"/> if there
    /// is one.
    /// </summary>
    internal static void AddProgress(this IHostApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        // A wrong setting ends the start, not the first request.
        using (var probe = new HttpClient()) FeedClient.Configure(probe, configuration);
        builder.Services.AddHttpClient(
            FeedClient.HttpClientName, client => FeedClient.Configure(client, configuration));
        builder.Services.AddSingleton(ProgressOptions.From(configuration));
        builder.Services.AddSingleton<FeedClient>();
        builder.Services.AddSingleton<FeedState>();
        builder.Services.AddHostedService<FeedReader>();
        builder.Services.AddHealthChecks().AddCheck<FeedState>("picking feed");
    }
}
