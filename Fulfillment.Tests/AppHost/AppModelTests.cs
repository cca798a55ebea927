using System.Net;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;
using Xunit;

namespace Fulfillment.Tests.AppHost;

/// <summary>The app model as it is: real processes under Aspire's orchestrator, half a minute a start.</summary>
public sealed class AppModelTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task The_model_starts_and_a_second_replica_comes_and_goes_by_the_rule()
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            deadline.Token, TestContext.Current.CancellationToken);
        // Fifteen times faster than deployed, so that the scale-in comes within the test's patience.
        await using var app = await StartAsync(["--Autoscaling:Compress=15"], either.Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("orders", either.Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("picking-1", either.Token);
        Assert.False(IsRunning(app, "picking-2"));

        // Work for two replicas, then none.
        await using var redis = await ConnectionMultiplexer.ConnectAsync(
            (await app.GetConnectionStringAsync("redis", either.Token))!);
        await HoldWorkAsync(redis.GetDatabase(), entries: 240, either.Token, () => IsRunning(app, "picking-2"));
        await redis.GetDatabase().KeyDeleteAsync("picking:main:orders");

        await app.ResourceNotifications.WaitForResourceAsync(
            "picking-2", KnownResourceStates.TerminalStates, either.Token);
        Assert.True(IsRunning(app, "picking-1"));
    }

    [Fact]
    public async Task Orders_and_the_first_replica_answer_with_the_keys_of_the_model()
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            deadline.Token, TestContext.Current.CancellationToken);
        await using var app = await StartAsync([], either.Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("orders", either.Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("picking-1", either.Token);
        var model = app.Services.GetRequiredService<DistributedApplicationModel>();
        var secret = await model.Resources.OfType<ParameterResource>()
            .Single(parameter => parameter.Name == "operator-secret").GetValueAsync(either.Token);

        using var orders = app.CreateHttpClient("orders", "http");
        using var stranger = await orders.GetAsync(new Uri("/orders/" + Guid.Empty, UriKind.Relative), either.Token);
        orders.DefaultRequestHeaders.Add("X-Api-Key", $"operator.{secret}");
        using var known = await orders.GetAsync(new Uri("/orders/" + Guid.Empty, UriKind.Relative), either.Token);

        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        Assert.NotEqual(HttpStatusCode.Unauthorized, known.StatusCode);
    }

    [Fact]
    public async Task After_the_stop_no_store_answers_any_more()
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            deadline.Token, TestContext.Current.CancellationToken);
        string connection;
        await using (var app = await StartAsync([], either.Token))
        {
            await app.ResourceNotifications.WaitForResourceHealthyAsync("redis", either.Token);
            connection = (await app.GetConnectionStringAsync("redis", either.Token))!;
            await using var before = await ConnectionMultiplexer.ConnectAsync(connection);
            Assert.True(before.IsConnected);
            await app.StopAsync(either.Token);
        }

        await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync(connection));
    }

    // The dashboard is off in tests, and a service that exports to nobody takes ten seconds to exit.
    private static async Task<DistributedApplication> StartAsync(string[] args, CancellationToken cancellation)
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Fulfillment_AppHost>(
            args, cancellation);
        foreach (var project in builder.Resources.OfType<ProjectResource>())
            builder.CreateResourceBuilder(project).WithEnvironment("OTEL_EXPORTER_OTLP_ENDPOINT", "");
        var app = await builder.BuildAsync(cancellation);
        await app.StartAsync(cancellation);
        return app;
    }

    // Picking takes entries away as it plans them, so the work is topped up until the rule has acted on it.
    private static Task HoldWorkAsync(
        IDatabase redis, int entries, CancellationToken cancellation, Func<bool> until) =>
        Eventually.HoldsAsync(async () =>
    {
        cancellation.ThrowIfCancellationRequested();
        for (var missing = entries - await redis.StreamLengthAsync("picking:main:orders"); missing > 0; missing--)
            await redis.StreamAddAsync("picking:main:orders", "of-this-test", "no release");
        return until();
    });

    private static bool IsRunning(DistributedApplication app, string resource) =>
        app.ResourceNotifications.TryGetCurrentState(resource, out var now)
        && now.Snapshot.State?.Text == KnownResourceStates.Running;
}
