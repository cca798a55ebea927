using System.Diagnostics;
using System.Globalization;
using System.Net;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Fulfillment.Surge.Load;
using Fulfillment.Surge.Wire;
using Microsoft.Extensions.DependencyInjection;
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
        await using var app = await TestedDesk.StartAsync(["--Autoscaling:Compress=15"], either.Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("orders", either.Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("picking-1", either.Token);
        Assert.False(IsRunning(app, "picking-2"));

        // Work for two replicas, then none.
        await using var redis = await ConnectionMultiplexer.ConnectAsync(
            (await app.GetConnectionStringAsync("redis", either.Token))!);
        await HoldWorkAsync(redis.GetDatabase(), entries: 240, () => IsRunning(app, "picking-2"), either.Token);
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
        await using var app = await TestedDesk.StartAsync([], either.Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("orders", either.Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("picking-1", either.Token);
        var key = await app.OperatorKeyAsync(either.Token);

        using var orders = app.CreateHttpClient("orders", "http");
        using var stranger = await orders.GetAsync(new Uri("/orders/" + Guid.Empty, UriKind.Relative), either.Token);
        orders.DefaultRequestHeaders.Add("X-Api-Key", key);
        using var known = await orders.GetAsync(new Uri("/orders/" + Guid.Empty, UriKind.Relative), either.Token);

        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        Assert.NotEqual(HttpStatusCode.Unauthorized, known.StatusCode);
    }

    [Fact]
    public async Task An_order_goes_through_to_a_tour()
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            deadline.Token, TestContext.Current.CancellationToken);
        await using var app = await TestedDesk.StartAsync([], either.Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("orders", either.Token);
        await app.ResourceNotifications.WaitForResourceHealthyAsync("picking-1", either.Token);
        using var orders = new ServiceApi([app.GetEndpoint("orders", "http").ToString()]);
        using var picking = new ServiceApi([app.GetEndpoint("picking-1", "http").ToString()]);

        // A brand as any other: made with the operator's key, its one order sent with its own.
        var workload = HolidayProfile.Build(1, 1, seed: 1);
        var site = new StockedSite(await app.OperatorKeyAsync(either.Token), "main");
        var keys = await Stocking.StockAsync(site, orders, picking, workload, 0, seed: 1, either.Token);
        var acknowledged = new Acknowledgements();
        await new OpenLoop(orders, keys, acknowledged, TimeProvider.System).RunAsync(workload, seed: 1, either.Token);

        var order = Assert.Single(acknowledged.Orders);
        await Eventually.HoldsAsync(async () => (await orders.GetAsync<TrackedOrder>(
            $"/orders/{order.OrderId}", keys[order.ClientId], either.Token)).Status == "Planned");
    }

    [Fact]
    public async Task The_stop_leaves_no_process_behind()
    {
        using var deadline = new CancellationTokenSource(Patience);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            deadline.Token, TestContext.Current.CancellationToken);
        int[] started;
        await using (var app = await TestedDesk.StartAsync([], either.Token))
        {
            await app.ResourceNotifications.WaitForResourceHealthyAsync("orders", either.Token);
            await app.ResourceNotifications.WaitForResourceHealthyAsync("picking-1", either.Token);
            started = [.. ProcessesOf(app)];
            // A store may be a container; Orders and the first replica never are.
            Assert.True(started.Length >= 2, $"{started.Length} processes");
            Assert.All(started, process => Assert.True(Lives(process)));
            await app.StopAsync(either.Token);
        }

        Assert.DoesNotContain(started, Lives);
    }

    // Picking takes entries away as it plans them, so the work is topped up until the rule has acted on it.
    private static Task HoldWorkAsync(
        IDatabase redis, int entries, Func<bool> until, CancellationToken cancellation) =>
        Eventually.HoldsAsync(async () =>
    {
        cancellation.ThrowIfCancellationRequested();
        for (var missing = entries - await redis.StreamLengthAsync("picking:main:orders"); missing > 0; missing--)
            await redis.StreamAddAsync("picking:main:orders", "of-this-test", "no release");
        return until();
    });

    private static IEnumerable<int> ProcessesOf(DistributedApplication app) =>
        from resource in app.Services.GetRequiredService<DistributedApplicationModel>().Resources
        where IsRunning(app, resource.Name)
        let now = app.ResourceNotifications.TryGetCurrentState(resource.Name, out var found) ? found : null
        from property in now.Snapshot.Properties
        where property is { Name: "executable.pid", Value: not null }
        select Convert.ToInt32(property.Value, CultureInfo.InvariantCulture);

    private static bool Lives(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            return !found.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static bool IsRunning(DistributedApplication app, string resource) =>
        app.ResourceNotifications.TryGetCurrentState(resource, out var now)
        && now.Snapshot.State?.Text == KnownResourceStates.Running;
}
